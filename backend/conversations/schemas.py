"""Conversations as ``/api/v1`` takes and gives them."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from backend.api_fields import Body, Id, Line, Record, Text
from backend.paging import PageQuery


class ConversationQuery(PageQuery):
    """``waiting``: in the queue for a person, or not. ``unowned``: the bot has it."""

    channel: Line | None = None
    contact_id: Id | None = None
    owner_id: Id | None = None
    unowned: bool = False
    waiting: bool | None = None


class ByAgent(Body):
    """On whose behalf."""

    agent_id: Id


class NewMessage(ByAgent):
    """``key`` makes repeating harmless: the same key writes once."""

    text: Text
    key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")] | None = None


class ConversationRecord(Record):
    id: int
    channel: str
    contact_id: int
    subject: str | None
    owner_id: int | None
    owned_since: datetime | None
    waiting_since: datetime | None
    waiting_reason: str | None
    urgent: bool
    verified: bool
    last_inbound_at: datetime | None
    last_message_at: datetime
    last_message_text: str
    created_at: datetime


class MessageRecord(Record):
    """``author``: client, bot, agent or system. ``delivery`` of what we wrote."""

    id: int
    author: str
    agent_id: int | None
    kind: str
    text: str
    choices: list[dict[str, Any]]
    delivery: str | None
    delivery_note: str | None
    note: str | None
    at: datetime


class ConversationDetail(ConversationRecord):
    """``messages`` are the latest, oldest of them first; earlier ones by their own list."""

    contact_name: str | None
    tickets: list[str] = Field(description="Numbers of the tickets talked about here")
    messages: list[MessageRecord]
