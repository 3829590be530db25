"""The states of a ticket and what leads from one to another. Pure.

``nuevo`` → ``en_curso`` ⇄ ``en_espera_del_cliente`` → ``resuelto`` → ``cerrado``; each may be
resolved or closed from any open state, and reopened from ``resuelto`` and ``cerrado``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bot.dialogue.model import TicketStatus

Command = Literal["start", "wait", "resolve", "close", "reopen"]

OPEN: frozenset[TicketStatus] = frozenset({"nuevo", "en_curso", "en_espera_del_cliente"})
PRIORITIES = ("baja", "media", "alta", "critica")

_FROM: Mapping[Command, frozenset[TicketStatus]] = {
    "start": frozenset({"nuevo", "en_espera_del_cliente"}),
    "wait": frozenset({"nuevo", "en_curso"}),
    "resolve": OPEN,
    "close": OPEN | {"resuelto"},
    "reopen": frozenset({"resuelto", "cerrado"}),
}
_TO: Mapping[Command, TicketStatus] = {
    "start": "en_curso",
    "wait": "en_espera_del_cliente",
    "resolve": "resuelto",
    "close": "cerrado",
}


def after(status: TicketStatus, command: Command, *, assigned: bool) -> TicketStatus | None:
    """The state that a command leads to; ``None`` where it is not allowed.

    A reopened ticket goes back to whoever has it, or to the pile of new ones.
    """
    if status not in _FROM[command]:
        return None
    return _TO.get(command, "en_curso" if assigned else "nuevo")


def allowed(status: TicketStatus) -> tuple[Command, ...]:
    """The commands that a ticket in this state takes, for buttons and error messages."""
    return tuple(command for command, states in _FROM.items() if status in states)


def escalated(priority: str) -> str:
    """One step up and at least ``alta``."""
    step = PRIORITIES.index(priority) if priority in PRIORITIES else 0
    return PRIORITIES[max(2, min(step + 1, 3))]


@dataclass(frozen=True, slots=True)
class Derived:
    """What the events alone say about a ticket."""

    status: str
    cycle: int
    version: int
    assignee_id: int | None


def replay(events: Iterable[tuple[str, Mapping[str, Any]]]) -> Derived:
    """The state from all events in order, each as its kind and its data."""
    status, cycle, version, assignee_id = "", 1, 0, None
    for kind, data in events:
        version += 1
        status = data.get("status", status)
        cycle += kind == "reopened"
        assignee_id = data.get("assignee_id", assignee_id)
    return Derived(status, cycle, version, assignee_id)
