"""``/api/v1/surveys``."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlalchemy import Select, select

from backend.api_fields import Id
from backend.paging import Page, fetch_page
from backend.problems import NotFound
from backend.runtime_protocol import runtime_of
from backend.surveys.models import Survey
from backend.surveys.schemas import SurveyQuery, SurveyRecord
from backend.tickets.models import Ticket

router = APIRouter(prefix="/surveys", tags=["surveys"])


@router.get("")
async def list_surveys(
    request: Request, wanted: Annotated[SurveyQuery, Query()]
) -> Page[SurveyRecord]:
    statement = _with_ticket()
    for column, value in (
        (Survey.state, wanted.state),
        (Ticket.number, wanted.ticket),
        (Survey.agent_id, wanted.agent_id),
        (Ticket.account_id, wanted.account_id),
        (Survey.contact_id, wanted.contact_id),
    ):
        if value is not None:
            statement = statement.where(column == value)
    async with runtime_of(request).database.transaction() as session:
        rows, cursor = await fetch_page(session, statement, wanted, id_column=Survey.id)
    return Page(items=[_record(*row) for row in rows], next_cursor=cursor)


@router.get("/{survey_id}")
async def read_survey(request: Request, survey_id: Id) -> SurveyRecord:
    async with runtime_of(request).database.transaction() as session:
        found = await session.execute(_with_ticket().where(Survey.id == survey_id))
        row = found.one_or_none()
    if row is None:
        raise NotFound(f"There is no survey {survey_id}")
    return _record(*row)


def _with_ticket() -> Select[Survey, str]:
    return select(Survey, Ticket.number).join(Ticket, Ticket.id == Survey.ticket_id)


def _record(survey: Survey, number: str) -> SurveyRecord:
    return SurveyRecord(
        id=survey.id,
        ticket=number,
        cycle=survey.cycle,
        state=survey.state,
        reason=survey.reason,
        channel=survey.channel,
        contact_id=survey.contact_id,
        agent_id=survey.agent_id,
        due_at=survey.due_at,
        sent_at=survey.sent_at,
        score=survey.score,
        scored_at=survey.scored_at,
        comment=survey.comment,
        raw=survey.raw,
        finished_at=survey.finished_at,
    )
