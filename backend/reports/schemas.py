"""Reports as ``/api/v1`` gives them."""

from pydantic import AwareDatetime, BaseModel, Field

from backend.api_fields import Body, Id


class ReportQuery(Body):
    """``from`` (included) to ``to`` (excluded), ISO 8601 with offset; the last 30 days if unset."""

    start: AwareDatetime | None = Field(None, alias="from")
    end: AwareDatetime | None = Field(None, alias="to")
    account_id: Id | None = None
    assignee_id: Id | None = None


class Csat(BaseModel):
    """``percent`` is the share of 4 and 5 among the ``n`` scores; ``sent`` were asked."""

    n: int
    sent: int
    percent: float | None
    mean: float | None
    by_score: dict[int, int]


class Duration(BaseModel):
    """Median of ``n`` spans, in seconds by the clock; null without any."""

    n: int
    median_s: float | None


class Summary(BaseModel):
    """What stands open now, and what happened in the period."""

    start: AwareDatetime
    end: AwareDatetime
    open: int
    overdue: int
    open_by_status: dict[str, int]
    open_by_type: dict[str, int]
    opened: int
    resolved: int
    csat: Csat
    first_answer: Duration
    resolution: Duration
