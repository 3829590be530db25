"""The outbox as ``/api/v1`` shows it: what became of each effect, not what it says."""

from datetime import datetime
from typing import Literal

from backend.api_fields import Id, Line, Record
from backend.paging import PageQuery

State = Literal["queued", "sending", "sent", "failed", "uncertain", "cancelled"]


class OutboxQuery(PageQuery):
    state: State | None = None
    lane: Line | None = None
    conversation_id: Id | None = None


class OutboxRecord(Record):
    id: int
    key: str
    lane: str
    state: str
    attempts: int
    conversation_id: int | None
    message_id: int | None
    reference: str | None
    error: str | None
    code: str | None
    due_at: datetime
    created_at: datetime
    finished_at: datetime | None


class AttemptRecord(Record):
    number: int
    outcome: str
    detail: str | None
    at: datetime


class OutboxDetail(OutboxRecord):
    tries: list[AttemptRecord]
