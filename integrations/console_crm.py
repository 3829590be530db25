"""The CRM of an installation that has none: kept in memory, told in the log.

The interactions themselves are in Help Care's own database and console; this acknowledges them, so
that the way of a message is the same with and without Dynamics 365.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

import structlog

from integrations.crm import Interaction, TicketSnapshot

_log = structlog.get_logger(__name__)
_T = TypeVar("_T")


class ConsoleCrm:
    """:class:`integrations.crm.Crm` in memory, holding the latest ``limit`` of each kind.

    ``report`` gets an event name and fields with nothing personal in them; by default, the log.
    """

    def __init__(self, report: Callable[..., Any] | None = None, *, limit: int = 1000) -> None:
        # Asked for here and not in the signature: structlog is configured after this is imported.
        self._report = report or _log.info
        self._limit = limit
        self._interactions: OrderedDict[str, Interaction] = OrderedDict()
        self._tickets: OrderedDict[str, TicketSnapshot] = OrderedDict()

    @property
    def interactions(self) -> tuple[Interaction, ...]:
        """The logged interactions, oldest first."""
        return tuple(self._interactions.values())

    @property
    def tickets(self) -> tuple[TicketSnapshot, ...]:
        """The newest snapshot of each ticket."""
        return tuple(self._tickets.values())

    async def log_interaction(self, interaction: Interaction) -> str:
        reference = f"console:{interaction.key}"
        if interaction.key not in self._interactions:
            self._keep(self._interactions, interaction.key, interaction)
            self._report(
                "crm_interaction",
                key=interaction.key,
                channel=interaction.channel,
                direction=interaction.direction,
                ticket=interaction.ticket_number,
            )
        return reference

    async def sync_ticket(self, ticket: TicketSnapshot) -> str | None:
        known = self._tickets.get(ticket.number)
        if known is None or known.version < ticket.version:
            self._keep(self._tickets, ticket.number, ticket)
            self._report(
                "crm_ticket", ticket=ticket.number, status=ticket.status, version=ticket.version
            )
        return f"console:{ticket.number}"

    async def check(self) -> str:
        return "no CRM configured: interactions are kept here and told in the log"

    async def aclose(self) -> None:
        """Nothing is held open."""

    def _keep(self, store: OrderedDict[str, _T], key: str, value: _T) -> None:
        store[key] = value
        if len(store) > self._limit:
            store.popitem(last=False)
