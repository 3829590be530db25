"""A report may tell the problem of an earlier ticket again: never open a second one unasked."""

from dataclasses import replace
from datetime import timedelta

from bot.dialogue import words
from bot.dialogue.context import Context
from bot.dialogue.draft import QUESTIONS, shorten
from bot.dialogue.flows import existing_ticket, report, tickets
from bot.dialogue.model import AddToTicket, TicketFact, TicketType, Turn
from nlp.similarity import MAYBE_SAME, SAME_PROBLEM
from nlp.understanding import Understanding

_TOLD_AGAIN = frozenset({"incidente", "peticion", "queja", "reclamo"})
_TELLS_MORE = _TOLD_AGAIN | {"agregar_informacion", "reabrir_ticket"}
_YES_OR_NEW = ("same:yes", "same:new")
_LATELY = timedelta(days=7)


def begin(ctx: Context) -> Turn:
    """Start a report, unless it belongs to a ticket that the client has."""
    kind = _kind(ctx)
    same = _nearest(ctx) if kind in _TOLD_AGAIN else None
    if same is None:
        return report.begin(ctx, kind, ctx.text)
    memory = {
        "ticket": same.number,
        "text": shorten(ctx.text, 4000),
        "understood": ctx.understanding.model_dump(mode="json"),
    }
    if same.similarity < SAME_PROBLEM:
        title = shorten(same.title, 120)
        asked = ctx.say("ticket.same_maybe", *_YES_OR_NEW, number=same.number, title=title)
        return ctx.turn(asked, flow="same_problem", step="maybe", memory=memory)
    if same.status in tickets.OPEN:
        added = AddToTicket(number=same.number, text=ctx.text)
        said = ctx.say("ticket.same_added", "same:new", number=same.number)
        return ctx.turn(said, actions=(added,), flow="same_problem", step="added", memory=memory)
    asked = ctx.say("ticket.same_resolved", "reopen:yes", "reopen:no", number=same.number)
    return ctx.turn(asked, flow="same_problem", step="reopen", memory=memory)


def answer(ctx: Context) -> Turn | None:
    """Whether it is another problem after all, or the old one come back."""
    memory = ctx.state.memory
    number, text = str(memory.get("ticket", "")), str(memory.get("text", ""))
    another = ctx.choice in {"same:new", "reopen:no"} or words.is_another(ctx.text)
    if another or (ctx.state.step in {"added", "maybe"} and words.is_no(ctx.text)):
        told = _told(ctx, text)
        return report.begin(told, _kind(told), text)
    if ctx.state.step == "maybe":
        return _maybe_answered(ctx, number, text)
    if ctx.state.step == "reopen" and (ctx.choice == "reopen:yes" or ctx.means("reabrir_ticket")):
        return existing_ticket.do_reopen(ctx, number, text)
    return None


def _told(ctx: Context, text: str) -> Context:
    """As when it was told: what it named need not be asked for again."""
    if (understood := ctx.state.memory.get("understood")) is None:
        return ctx  # asked by an earlier version
    message = ctx.message.model_copy(update={"text": text})
    understanding = Understanding.model_validate(understood)
    return replace(ctx, message=message, understanding=understanding, choice=None)


def _maybe_answered(ctx: Context, number: str, text: str) -> Turn | None:
    ticket = tickets.by_number(ctx, number)
    if ticket is not None and (ctx.choice == "same:yes" or words.is_same(ctx.text)):
        if ticket.status in tickets.OPEN:
            return existing_ticket.do_add(ctx, number, text)
        return existing_ticket.do_reopen(ctx, number, text)
    if ctx.understanding.intent in _TELLS_MORE:
        return report.begin(ctx, _kind(_told(ctx, text)), f"{text}\n{ctx.text}")
    return None  # something else altogether: what was told stays in the conversation


def _nearest(ctx: Context) -> TicketFact | None:
    """The ticket that the message may be about: open ones first where it surely is, else the one
    most alike, and of the solved ones only what was solved lately.
    """
    alike = [t for t in ctx.tickets if t.status != "cerrado"]
    sure = [t for t in alike if t.similarity >= SAME_PROBLEM]
    if sure:
        return max(sure, key=lambda t: (t.status in tickets.OPEN, t.similarity))
    maybe = [
        t
        for t in alike
        if t.similarity >= MAYBE_SAME
        and (t.status in tickets.OPEN or ctx.facts.now - t.updated_at <= _LATELY)
    ]
    return max(maybe, key=lambda t: t.similarity, default=None)


def _kind(ctx: Context) -> TicketType:
    return next((k for k in QUESTIONS if k == ctx.understanding.intent), "incidente")
