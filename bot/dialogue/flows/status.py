"""How is my case? Only ever about the client's own tickets."""

from bot.dialogue.context import Context
from bot.dialogue.draft import shorten
from bot.dialogue.flows import tickets
from bot.dialogue.model import Say, TicketFact, Turn
from bot.dialogue.phrases import local_date


def tell(ctx: Context) -> Turn:
    """By number, else the only open one, else the latest, else a list to choose from."""
    if not ctx.facts.verified:  # the same words whether the ticket exists or not
        return ctx.turn(ctx.say("ticket.unverified", "human"))
    number = tickets.named(ctx)
    if number is not None:
        own = tickets.by_number(ctx, number)
        if own is None:
            return ctx.turn(ctx.say("ticket.not_found", "human", number=shorten(number, 30)))
        return ctx.turn(_one(ctx, own))
    among = tickets.having(ctx, tickets.OPEN) or ctx.tickets[:1]
    if not among:
        return ctx.turn(ctx.say("ticket.none", "menu:report", "human"))
    if len(among) == 1:
        return ctx.turn(_one(ctx, among[0]))
    lines = "".join(f"\n• {_line(ctx, t)}" for t in among[:5])
    asking = ctx.say("ticket.many", *tickets.choices(among), lines=lines)
    return ctx.turn(asking, flow="status", step="which")


def answer(ctx: Context) -> Turn | None:
    """Which of the tickets listed, by a tap, a position or a number."""
    return tell(ctx) if tickets.named(ctx) else None


def _line(ctx: Context, ticket: TicketFact) -> str:
    state = ctx.phrase(f"state.{ticket.status}")
    return f"{ticket.number} ({state}): {shorten(ticket.title, 60)}"


def _one(ctx: Context, ticket: TicketFact) -> Say:
    done = ticket.status in tickets.DONE
    details = (
        [ctx.phrase("ticket.line_news", news=shorten(ticket.last_news, 250))]
        if (ticket.last_news)
        else []
    )
    if ticket.due_at and not done:
        due = local_date(ticket.due_at, ctx.language)
        late = ticket.due_at < ctx.facts.now
        details.append(ctx.phrase("ticket.line_late" if late else "ticket.line_due", due=due))
    if ticket.status == "resuelto":
        details.append(ctx.phrase("ticket.line_reopen"))
    return ctx.say(
        "ticket.one",
        number=ticket.number,
        title=shorten(ticket.title, 120),
        state=ctx.phrase(f"state.{ticket.status}"),
        details="".join(f"\n{line}" for line in details),
    )
