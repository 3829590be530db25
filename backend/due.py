"""What happens when a timer is due: the handlers of every kind, for the worker."""

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from backend.gateway import Gateway
from backend.surveys import service as surveys
from backend.tickets import service as tickets
from backend.tickets.changing import CLOSE
from backend.timers.service import Handler


def handlers(gateway: Gateway, rules: surveys.SurveyRules) -> dict[str, Handler]:
    """By kind of timer, for :func:`backend.timers.service.fire_due`."""

    async def survey(session: AsyncSession, payload: dict[str, Any], now: datetime) -> None:
        await surveys.send_due(session, gateway, payload["survey_id"], now, rules=rules)

    async def expire_survey(session: AsyncSession, payload: dict[str, Any], now: datetime) -> None:
        await surveys.expire(session, payload["survey_id"], now)

    async def close_ticket(session: AsyncSession, payload: dict[str, Any], now: datetime) -> None:
        await tickets.close_due(session, payload["number"], payload["cycle"], now)

    return {surveys.SURVEY: survey, surveys.EXPIRE: expire_survey, CLOSE: close_ticket}
