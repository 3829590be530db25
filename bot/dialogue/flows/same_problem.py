"""A report may tell the problem of an earlier ticket again: never open a second one unasked."""

from bot.dialogue import words
from bot.dialogue.context import Context
from bot.dialogue.draft import QUESTIONS, shorten
from bot.dialogue.flows import existing_ticket, report, tickets
from bot.dialogue.model import AddToTicket, TicketFact, TicketType, Turn


def begin(ctx: Context) -> Turn:
    """Start a report, unless it belongs to a ticket that the client has."""
    kind = _kind(ctx)
    same = _same(ctx) if kind in {"incidente", "peticion", "queja", "reclamo"} else None
    if same is None:
        return report.begin(ctx, kind, ctx.text)
    memory = {"ticket": same.number, "text": shorten(ctx.text, 4000), "type": kind}
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
    kinds = QUESTIONS.keys()
    kind: TicketType = next((k for k in kinds if k == memory.get("type")), "incidente")
    another = ctx.choice in {"same:new", "reopen:no"} or words.is_another(ctx.text)
    if another or (ctx.state.step == "added" and words.is_no(ctx.text)):
        return report.begin(ctx, kind, text)
    if ctx.state.step == "reopen" and (ctx.choice == "reopen:yes" or ctx.means("reabrir_ticket")):
        return existing_ticket.do_reopen(ctx, number, text)
    return None


def _same(ctx: Context) -> TicketFact | None:
    alike = [
        t for t in ctx.tickets if t.similarity >= tickets.SAME_PROBLEM and t.status != "cerrado"
    ]
    return max(alike, key=lambda t: (t.status in tickets.OPEN, t.similarity), default=None)


def _kind(ctx: Context) -> TicketType:
    return next((k for k in QUESTIONS if k == ctx.understanding.intent), "incidente")
