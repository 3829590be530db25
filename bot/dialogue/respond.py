"""The one decision: what to answer to a message and what to do about it."""

from dataclasses import replace
from datetime import datetime

from bot.dialogue import words
from bot.dialogue.context import CONFIDENT, STALE, SURE, Context, Step, offered
from bot.dialogue.flows import (
    FLOWS,
    MENU,
    ROUTES,
    attachments,
    consent,
    existing_ticket,
    handoff,
    opt_out,
    report,
    smalltalk,
    survey,
    tickets,
)
from bot.dialogue.model import (
    DialogueState,
    Facts,
    OptOut,
    RecordConsent,
    Say,
    SetLanguage,
    Turn,
)
from bot.messages import InboundMessage, MessageKind
from nlp.understanding import Language, Understanding


def respond(
    state: DialogueState, message: InboundMessage, understanding: Understanding, facts: Facts
) -> Turn:
    """Decide, reading nothing else and changing nothing. Never raises for what a client sends."""
    if _silent(state, message):
        return Turn(state=state)
    ctx = Context(state, message, understanding, facts)
    ctx = _speak_their_language(ctx)
    ctx = _forget_what_is_stale(ctx)
    ctx = _resolve_choice(ctx)
    turn = next(turn for step in STEPS if (turn := step(ctx)) is not None)
    return _introduce(ctx, _with_records(ctx, turn, before=state))


_STALE_STEP = "stale"  # no flow waits, and an old draft is at hand


# --- before the decision ---------------------------------------------------------------------


def _silent(state: DialogueState, message: InboundMessage) -> bool:
    """What is never answered: machines, reactions, and edits that correct nothing pending."""
    edited = message.kind is MessageKind.EDIT and state.flow is None
    return message.automatic or message.kind is MessageKind.REACTION or edited


def _speak_their_language(ctx: Context) -> Context:
    """Follow the client's language, but not on the strength of an "ok" or a product's name."""
    heard = ctx.understanding.language
    if not ctx.facts.understood or heard == ctx.language:
        return ctx
    own_words = ctx.message.text
    for entity in ctx.understanding.entities:
        own_words = own_words.replace(entity.text, " ")
    letters = sum(c.isalpha() for c in own_words)
    enough = 12 if ctx.state.flow is None else 20
    unmistakable = words.plain(ctx.text) in _HELLO.get(heard, frozenset())
    if unmistakable or (letters >= enough and len(own_words.split()) >= 2):
        return ctx.with_state(language=heard)
    return ctx


_HELLO: dict[Language, frozenset[str]] = {
    "en": frozenset({"hello", "hi", "hey", "good morning", "good afternoon", "good evening",
                     "hi there", "hello there", "english", "english please"}),
    "pt": frozenset({"ola", "oi", "bom dia", "boa tarde", "boa noite", "portugues"}),
    "es": frozenset({"hola", "buenos dias", "buenas tardes", "buenas noches", "buenas", "espanol",
                     "en espanol", "espanol por favor", "en espanol por favor"}),
}  # fmt: skip


def _forget_what_is_stale(ctx: Context) -> Context:
    """After a long pause no old question stands; a draft with content may be taken up again."""
    state = ctx.state
    if state.flow is None or not _stale(state.updated_at, ctx.facts.now):
        return ctx
    fresh = DialogueState(greeted=state.greeted, language=state.language)
    if state.draft is not None and not words.says_little(state.draft.description):
        fresh = fresh.model_copy(update={"draft": state.draft, "step": _STALE_STEP})
    return replace(ctx, state=fresh)


def _stale(since: datetime | None, now: datetime) -> bool:
    return since is not None and now - since > STALE


def _resolve_choice(ctx: Context) -> Context:
    """Find the offered answer that was tapped or typed."""
    payload = ctx.message.payload
    known = {c.id for c in ctx.state.offered}
    lasting = {*MENU, "human", "consent:yes", "consent:no", *survey.CHOICES}
    if payload is not None:
        return replace(ctx, choice=payload if payload in known | lasting else None)
    if survey.is_latest(ctx) and ctx.state.flow != "survey":
        return ctx  # "2" answers the survey, which came after what was offered
    return replace(ctx, choice=words.chosen(ctx.text, ctx.state.offered))


# --- the steps -------------------------------------------------------------------------------


def _expired_choice(ctx: Context) -> Turn | None:
    """A button of long ago: say so, and go on where we are."""
    if ctx.message.kind is not MessageKind.CHOICE or ctx.choice is not None:
        return None
    if ctx.state.flow == "report" and ctx.state.draft is not None:
        return ctx.waiting_as_before(
            ctx.turn(ctx.say("choice_expired.again")), report.ask_again(ctx)
        )
    return ctx.turn(ctx.say("choice_expired.menu", *smalltalk.MENU))


def _menu(ctx: Context) -> Turn | None:
    handler = MENU.get(ctx.choice or "")
    return handler(ctx) if handler else None


def _stale_draft(ctx: Context) -> Turn | None:
    """The client comes back: what is clear is handled afresh, else offer to go on."""
    if ctx.state.step != _STALE_STEP or ctx.state.draft is None:
        return None
    return report.offer_to_resume(ctx, ctx.state.draft)


def _current_flow(ctx: Context) -> Turn | None:
    flow = FLOWS.get(ctx.state.flow or "")
    return flow(ctx) if flow else None


def _route(ctx: Context) -> Turn:
    """No flow wanted it: by what it means."""
    ctx = ctx.with_state(flow=None, step=None, draft=None)
    meant = _believed(ctx)
    ctx = replace(ctx, understanding=meant)
    if meant.intent in {"agregar_informacion", "consulta_general"} and _says_nothing(ctx):
        return smalltalk.go_on(ctx)
    clear = meant.confidence >= CONFIDENT and meant.intent in ROUTES
    waiting = tickets.having(ctx, {"en_espera_del_cliente"})
    if len(waiting) == 1 and ctx.text and (not clear or meant.intent in {"afirmar", "negar"}):
        return existing_ticket.do_add(ctx, waiting[0].number, ctx.text)  # what we asked them for
    return ROUTES[meant.intent](ctx) if clear else smalltalk.unclear(ctx)


def _says_nothing(ctx: Context) -> bool:
    """The beginning of a story that comes in the next message: "es que", "una pregunta"."""
    return bool(ctx.text) and not words.telling(ctx.text) and not ctx.message.attachments


_PLAUSIBLE = 0.25  # a report is shown before it is registered, so that much is enough
_REPORTS = frozenset({"incidente", "peticion", "queja", "reclamo"})


def _believed(ctx: Context) -> Understanding:
    """The understanding with the intent to act on, where the first one is in doubt.

    "Dos días sin poder facturar y nadie responde" is an incident and a complaint, and nothing else:
    who tells that much is never asked to say it in other words.
    """
    meant = ctx.understanding
    if meant.confidence >= CONFIDENT:
        return meant
    also = next((i for i in meant.intents[1:] if i.confidence >= SURE and i.intent in ROUTES), None)
    telling = len(words.telling(ctx.text)) >= 3
    if telling and meant.intent in _REPORTS and meant.confidence >= _PLAUSIBLE:
        return meant.model_copy(update={"confidence": CONFIDENT})
    if also is None:
        return meant
    return meant.model_copy(update={"intent": also.intent, "confidence": also.confidence})


STEPS: tuple[Step, ...] = (
    consent.answer,
    handoff.requested,
    opt_out.requested,
    survey.answer,
    handoff.not_understood,
    _expired_choice,
    _menu,
    attachments.received,
    _stale_draft,
    _current_flow,
    _route,
)
"""In order; the first that returns a Turn has decided, and the last always does."""


# --- after the decision ----------------------------------------------------------------------


def _with_records(ctx: Context, turn: Turn, *, before: DialogueState) -> Turn:
    """Note the time, the language, and the consent that lies in writing on after the notice."""
    actions = turn.actions
    decided = any(isinstance(a, RecordConsent | OptOut) for a in actions)
    if ctx.facts.consent == "noticed" and not decided:
        actions = (consent.record("granted", "continued"), *actions)
    if ctx.language != before.language:
        actions = (*actions, SetLanguage(language=ctx.language))
    state = turn.state.model_copy(update={"updated_at": ctx.facts.now, "greeted": True})
    return turn.model_copy(update={"state": state, "actions": actions})


def _introduce(ctx: Context, turn: Turn) -> Turn:
    """Say first who is speaking, and at first contact what becomes of the client's data."""
    if any(isinstance(a, OptOut | RecordConsent) for a in turn.actions) and ctx.first_contact:
        return turn
    if ctx.first_contact:
        # A pending question must not share its "2" or its "no" with the notice's buttons.
        own_buttons = turn.state.flow is not None or any(r.choices for r in turn.replies)
        notice = ctx.say("notice.first", *(() if own_buttons else ("consent:yes", "consent:no")))
        shown = consent.record("noticed", "notice_shown")
        replies = (notice, *turn.replies)
        state = turn.state.model_copy(update={"offered": offered(replies)})
        return Turn(state=state, replies=replies, actions=(shown, *turn.actions))
    if ctx.state.greeted:
        return turn
    return turn.model_copy(update={"replies": (_hello(ctx), *turn.replies)})


def _hello(ctx: Context) -> Say:
    first = (ctx.facts.contact_name or "").strip().split(" ")[0]
    return ctx.say("notice.again", name=f", {first}" if first.isalpha() else "")
