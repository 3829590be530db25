"""A person takes over: asked for, needed, or the only honest answer."""

from bot.dialogue import draft as drafts
from bot.dialogue import words
from bot.dialogue.context import Context
from bot.dialogue.model import HandToAgent, Say, Turn
from bot.dialogue.phrases import local_moment


def requested(ctx: Context) -> Turn | None:
    """The client asks for a person: done in this very turn, from every state."""
    asked = (
        ctx.choice == "human"
        or words.wants_human(ctx.text)
        or (ctx.facts.understood and ctx.understanding.has("hablar_humano"))
        or ctx.means("hablar_humano")
    )
    return to_person(ctx, "el cliente pidió hablar con una persona") if asked else None


def not_understood(ctx: Context) -> Turn | None:
    """The model is missing: say so, and let a person read it. Choices need no model."""
    if ctx.facts.understood or ctx.choice:
        return None
    return to_person(
        ctx, "el mensaje no se pudo interpretar", before=(ctx.say("handoff.technical"),)
    )


def to_person(
    ctx: Context, reason: str, *, urgent: bool = False, before: tuple[Say, ...] = ()
) -> Turn:
    """Queue the conversation and say when somebody answers.

    A draft is not lost: it is offered for registration while the client waits.
    """
    draft = ctx.state.draft
    replies = (*before, when(ctx))
    queued = ctx.facts.waiting_for_agent and not urgent
    actions = () if queued else (HandToAgent(reason=reason, urgent=urgent),)
    if draft is None or not draft.description:
        return ctx.turn(*replies, actions=actions)
    offer = ctx.say(
        "report.summary_waiting", "report:yes", "report:cancel", **drafts.shown(ctx, draft)
    )
    return ctx.turn(
        *replies,
        offer,
        actions=actions,
        flow="report",
        step="confirm",
        draft=draft,
        asked=ctx.state.asked,
    )


def when(ctx: Context) -> Say:
    """Who answers next, and from when on outside business hours."""
    facts = ctx.facts
    if facts.open_now:
        return ctx.say("handoff.waiting" if facts.waiting_for_agent else "handoff.open")
    if facts.next_opening is None:
        return ctx.say("handoff.closed_soon")
    opening = local_moment(facts.next_opening, facts.now, ctx.language)
    return ctx.say("handoff.closed", opening=opening)
