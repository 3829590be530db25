"""Tickets as ``/api/v1`` takes and gives them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from backend.api_fields import Body, Id, Line, Record, Search, Text
from backend.paging import PageQuery
from bot.dialogue.model import TicketStatus, TicketType

Priority = Literal["baja", "media", "alta", "critica"]
Slots = Annotated[
    dict[Line, Line | Annotated[list[Line], Field(max_length=20)]], Field(max_length=30)
]


class TicketQuery(PageQuery):
    """Repeat ``status``, ``type`` or ``priority`` to ask for several. ``q`` searches the words."""

    status: list[TicketStatus] = Field(default_factory=list)
    type: list[TicketType] = Field(default_factory=list)
    priority: list[Priority] = Field(default_factory=list)
    number: Line | None = None
    account_id: Id | None = None
    contact_id: Id | None = None
    conversation_id: Id | None = None
    assignee_id: Id | None = None
    unassigned: bool = False
    overdue: bool = False
    q: Search = ""


class NewTicket(Body):
    """``agent_id``: on whose behalf. The client is told the number unless ``tell_client``."""

    type: TicketType
    title: Line
    description: Text
    contact_id: Id
    conversation_id: Id | None = None
    priority: Priority = "media"
    slots: Slots = Field(default_factory=dict)
    agent_id: Id | None = None
    tell_client: bool = True


class Change(Body):
    """What every command may carry: on whose behalf, and the ``version`` that the caller saw."""

    agent_id: Id | None = None
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


class Patch(Change):
    """Corrections, and the two states that are set by hand; ``note`` goes with the state."""

    title: Line | None = None
    description: Text | None = None
    type: TicketType | None = None
    priority: Priority | None = None
    slots: Slots | None = None
    status: Literal["en_curso", "en_espera_del_cliente"] | None = None
    note: Text | None = None


class WithReason(Change):
    reason: Text


class Assignment(Change):
    assignee_id: Id | None


class Merge(Change):
    into: Line


class Note(Change):
    text: Text
    public: bool = False


class PersonRef(Record):
    id: int
    name: str | None


class TicketSummary(Record):
    number: str
    type: str
    status: str
    title: str
    priority: str
    channel: str
    account: PersonRef | None
    contact: PersonRef
    assignee: PersonRef | None
    conversation_id: int | None
    cycle: int
    version: int
    due_at: datetime | None
    created_at: datetime
    updated_at: datetime
    resolved_at: datetime | None
    closed_at: datetime | None


class EventRecord(Record):
    id: int
    kind: str
    actor: str
    agent_id: int | None
    public: bool
    text: str
    data: dict[str, Any]
    at: datetime


class TicketDetail(TicketSummary):
    """The whole ticket; ``events`` oldest first, ``allowed`` the commands it takes now."""

    description: str
    slots: dict[str, Any]
    resolution: str | None
    resolved_by_id: int | None
    merged_into: str | None
    conversations: list[int]
    allowed: list[str]
    events: list[EventRecord]
