"""``/api/v1/reports``."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request

from backend.problems import Invalid
from backend.reports import queries
from backend.reports.schemas import ReportQuery, Summary
from backend.runtime_protocol import runtime_of

router = APIRouter(prefix="/reports", tags=["reports"])

_PERIOD = timedelta(days=30)


@router.get("/summary")
async def read_summary(request: Request, wanted: Annotated[ReportQuery, Query()]) -> Summary:
    """What stands open now; answers, solutions and satisfaction of a period."""
    runtime = runtime_of(request)
    now = runtime.clock()
    end = wanted.end or now
    try:
        start = wanted.start or end - _PERIOD
    except OverflowError:
        raise Invalid("`to` is out of range") from None
    if start >= end:
        raise Invalid("`from` must lie before `to`")
    async with runtime.database.transaction() as session:
        return await queries.summary(
            session,
            start=start,
            end=end,
            account_id=wanted.account_id,
            assignee_id=wanted.assignee_id,
            now=now,
        )
