"""Surveys as ``/api/v1`` shows them."""

from datetime import datetime
from typing import Literal

from backend.api_fields import Id, Line, Record
from backend.paging import PageQuery

State = Literal["planned", "sent", "answered", "cancelled", "suppressed", "expired", "failed"]


class SurveyQuery(PageQuery):
    state: State | None = None
    ticket: Line | None = None
    agent_id: Id | None = None
    account_id: Id | None = None
    contact_id: Id | None = None


class SurveyRecord(Record):
    """``reason`` says why it was not sent, or what it waits for. ``score`` is CSAT 1–5."""

    id: int
    ticket: str
    cycle: int
    state: str
    reason: str | None
    channel: str
    contact_id: int
    agent_id: int | None
    due_at: datetime
    sent_at: datetime | None
    score: int | None
    scored_at: datetime | None
    comment: str | None
    raw: str | None
    finished_at: datetime | None
