"""Which of the client's own tickets a message speaks of."""

import re
from collections.abc import Iterable
from datetime import timedelta

from bot.dialogue.context import Context
from bot.dialogue.draft import shorten
from bot.dialogue.model import TicketFact
from bot.messages import Choice

OPEN = frozenset({"nuevo", "en_curso", "en_espera_del_cliente"})
DONE = frozenset({"resuelto", "cerrado"})

_ABOUT = 0.5  # similarity that decides between several tickets
_JUST_NOW = timedelta(hours=1)
_NUMBER = re.compile(r"\bPT[\s-]*(?:\d{4}[\s-]+)?\d{1,6}\b", re.IGNORECASE)


def named(ctx: Context) -> str | None:
    """The ticket number that the message states, as written, or that a choice stands for."""
    if ctx.choice and ctx.choice.startswith("ticket:"):
        return ctx.choice.removeprefix("ticket:")
    entity = ctx.understanding.first("ticket")
    if entity is not None:
        return str(entity.value)
    found = _NUMBER.search(ctx.text)
    return found[0] if found else None


def by_number(ctx: Context, number: str) -> TicketFact | None:
    """The client's own ticket of that number, whole or by its last part ("el 123")."""
    digits = re.findall(r"\d+", number)
    if not digits:
        return None
    year = digits[-2] if len(digits) > 1 else None
    for ticket in ctx.tickets:
        _, own_year, own_count = ticket.number.split("-")
        if int(digits[-1]) == int(own_count) and year in {None, own_year}:
            return ticket
    return None


def having(ctx: Context, statuses: Iterable[str]) -> tuple[TicketFact, ...]:
    """Own tickets in one of these states, newest first."""
    return tuple(t for t in ctx.tickets if t.status in set(statuses))


def likely(ctx: Context, among: tuple[TicketFact, ...]) -> TicketFact | None:
    """The one meant without a number: the only one, the nearest in meaning, the fresh one."""
    if len(among) <= 1:
        return among[0] if among else None
    nearest = max(among, key=lambda t: t.similarity)
    if nearest.similarity >= _ABOUT:
        return nearest
    return among[0] if ctx.facts.now - among[0].created_at <= _JUST_NOW else None


def choices(among: tuple[TicketFact, ...]) -> tuple[Choice, ...]:
    """Tickets to choose from, as many as a list can show."""
    return tuple(
        Choice(id=f"ticket:{t.number}", label=t.number, description=shorten(t.title, 60))
        for t in among[:10]
    )
