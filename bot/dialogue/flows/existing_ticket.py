"""Add to, reopen, close or escalate a ticket that the client already has."""

from bot.dialogue import words
from bot.dialogue.context import Context
from bot.dialogue.draft import attached, shorten
from bot.dialogue.flows import report, status, tickets
from bot.dialogue.model import (
    Action,
    AddToTicket,
    CloseTicket,
    EscalateTicket,
    HandToAgent,
    ReopenTicket,
    TicketFact,
    Turn,
)

_AMONG = {
    "add": tickets.OPEN,
    "reopen": tickets.DONE,
    "close": tickets.OPEN | {"resuelto"},
    "escalate": tickets.OPEN,
}
"""The states of the tickets that each deed may be about."""


def add(ctx: Context) -> Turn:
    return _start(ctx, "add")


def reopen(ctx: Context, number: str | None = None) -> Turn:
    """The ticket of that number, or the one that the message speaks of."""
    return _start(ctx, "reopen", number)


def close(ctx: Context) -> Turn:
    return _start(ctx, "close")


def escalate(ctx: Context) -> Turn:
    return _start(ctx, "escalate")


def answer(ctx: Context) -> Turn | None:
    """Which ticket, whether to close it, or whether to register anew."""
    memory = ctx.state.memory
    deed, text = str(memory.get("do", "add")), str(memory.get("text", ""))
    if ctx.state.step == "which":
        number = tickets.named(ctx)
        own = tickets.by_number(ctx, number) if number else None
        if own is not None:
            return _do(ctx, deed, own, text)
        return ctx.turn(ctx.say("ticket.cancelled")) if words.is_cancel(ctx.text) else None
    if ctx.state.step == "close":
        return _close_confirmed(ctx, str(memory.get("ticket", "")), text)
    if ctx.state.step == "new":
        if ctx.choice == "new:yes":
            return report.begin(ctx, "incidente", text)
        if ctx.choice == "new:no" or words.is_cancel(ctx.text):
            return ctx.turn(ctx.say("ticket.cancelled"))
    return None


def do_reopen(ctx: Context, number: str, reason: str) -> Turn:
    said = ctx.say("ticket.reopened", number=number)
    return ctx.turn(said, actions=(ReopenTicket(number=number, reason=reason),))


def do_add(ctx: Context, number: str, text: str, said: str = "ticket.added") -> Turn:
    added = AddToTicket(number=number, text=text)
    return ctx.turn(ctx.say(said, number=number), actions=(added,))


def _start(ctx: Context, deed: str, number: str | None = None) -> Turn:
    text = with_files(ctx)
    if not ctx.facts.verified:
        if deed == "escalate":  # anybody reaches a person; the case itself stays untouched
            return _without_ticket(ctx, deed, text)
        return ctx.turn(ctx.say("ticket.unverified", "human"))
    number = number or tickets.named(ctx)
    if number is not None:
        own = tickets.by_number(ctx, number)
        if own is None:
            return ctx.turn(ctx.say("ticket.not_found", "human", number=shorten(number, 30)))
        return _do(ctx, deed, own, text)
    among = tickets.having(ctx, _AMONG[deed])
    if not among:
        return _without_ticket(ctx, deed, text)
    own = _latest_resolved(among) if deed == "reopen" else tickets.likely(ctx, among)
    if own is not None:
        return _do(ctx, deed, own, text)
    which = ctx.say("ticket.which", *tickets.choices(among))
    return ctx.turn(which, flow="existing_ticket", step="which", memory={"do": deed, "text": text})


def _latest_resolved(among: tuple[TicketFact, ...]) -> TicketFact:
    """What "sigue fallando" is about: the case that was called solved last."""
    return max(among, key=lambda t: (t.status == "resuelto", t.updated_at))


def _do(ctx: Context, deed: str, ticket: TicketFact, text: str) -> Turn:
    number, reason = ticket.number, shorten(text, 2000) or "—"
    match deed:
        case "reopen" if ticket.status in tickets.DONE:
            return do_reopen(ctx, number, reason)
        case "close" if ticket.status == "cerrado":
            return ctx.turn(ctx.say("ticket.already_closed", number=number))
        case "close":
            asked = ctx.say(
                "ticket.close", "close:yes", "close:no",
                number=number, title=shorten(ticket.title, 120),
            )  # fmt: skip
            memory = {"ticket": number, "text": reason}
            return ctx.turn(asked, flow="existing_ticket", step="close", memory=memory)
        case "escalate":
            actions: tuple[Action, ...] = (
                EscalateTicket(number=number, reason=reason),
                HandToAgent(reason=f"escalado: {number}", urgent=True),
            )
            said = "ticket.escalated" if ctx.facts.open_now else "ticket.escalated_closed"
            return ctx.turn(ctx.say(said, number=number), actions=actions)
        case "reopen":
            return do_add(ctx, number, reason, said="ticket.still_open")
        case "add" if ticket.status == "cerrado":  # a closed case is not read any more
            return do_reopen(ctx, number, reason)
    return do_add(ctx, number, reason)


def _close_confirmed(ctx: Context, number: str, reason: str) -> Turn | None:
    if ctx.choice == "close:yes" or ctx.means("afirmar"):
        closing = CloseTicket(number=number, reason=reason)
        return ctx.turn(ctx.say("ticket.closed", number=number), actions=(closing,))
    if ctx.choice == "close:no" or words.is_cancel(ctx.text) or ctx.means("negar"):
        return ctx.turn(ctx.say("ticket.kept_open", number=number))
    return None


def _without_ticket(ctx: Context, deed: str, text: str) -> Turn:
    """There is nothing to do it to: do what the client would want instead."""
    open_ones = tickets.having(ctx, tickets.OPEN)
    if deed == "reopen" and open_ones:
        return _do(ctx, deed, open_ones[0], text)
    if deed == "add" and (resolved := tickets.having(ctx, {"resuelto"})):
        return do_add(ctx, resolved[0].number, text)
    if deed == "escalate":
        urgent = HandToAgent(reason="pide escalar sin caso abierto", urgent=True)
        return ctx.turn(ctx.say("ticket.escalated_none", "menu:report"), actions=(urgent,))
    if deed == "close":
        return status.tell(ctx)
    if words.says_little(text):
        return ctx.turn(ctx.say("ticket.none", "menu:report", "human"))
    return ctx.turn(
        ctx.say("ticket.none_to_add", "new:yes", "new:no"),
        flow="existing_ticket",
        step="new",
        memory={"text": shorten(text, 2000)},
    )


def with_files(ctx: Context) -> str:
    """The text with the names of the files that came along, for the ticket's thread."""
    files = "".join(f" [{name}]" for name in attached(ctx))
    return f"{ctx.text}{files}".strip()
