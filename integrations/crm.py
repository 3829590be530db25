"""The CRM as Help Care sees it: where every interaction with a client account is logged."""

from datetime import datetime
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Person(_Value):
    """Whom an interaction was with. Looked up by ``email``, then ``phone``; made where unknown.

    An interaction with somebody who has no name, e-mail or phone is left without a contact.
    """

    external_id: str  # Help Care's contact id
    name: str | None = None
    email: str | None = None
    phone: str | None = None  # E.164
    account_name: str | None = None
    account_nit: str | None = None


class Interaction(_Value):
    """One exchange with a client. ``key`` is unique: logging it twice must leave one activity."""

    key: str
    person: Person
    channel: str
    direction: Literal["inbound", "outbound"]
    subject: str
    description: str
    occurred_at: datetime  # aware UTC
    conversation_id: str
    ticket_number: str | None = None


class TicketSnapshot(_Value):
    """A ticket as it stands now; an older ``version`` never overwrites a newer one."""

    number: str
    version: int
    person: Person
    type: str  # peticion, queja, reclamo, …
    title: str
    description: str
    status: str  # nuevo, en_curso, en_espera_del_cliente, resuelto, cerrado
    priority: str
    channel: str
    created_at: datetime
    resolved_at: datetime | None = None
    resolution: str | None = None


class Crm(Protocol):
    """May raise the classes of :mod:`integrations.errors`.

    Both writing methods look before they write, so repeating one after any error is safe,
    ``OutcomeUnknown`` included. A ticket's snapshots are to be sent one at a time.
    """

    async def log_interaction(self, interaction: Interaction) -> str:
        """Record it once; returns the CRM's reference of the activity."""
        ...

    async def sync_ticket(self, ticket: TicketSnapshot) -> str | None:
        """Create or update the case; ``None`` where the CRM has no cases."""
        ...

    async def check(self) -> str:
        """One cheap authenticated call, for ``helpcare doctor``; returns what was found."""
        ...

    async def aclose(self) -> None: ...
