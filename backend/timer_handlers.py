"""What each kind of timer does when it is due."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from backend.runtime import Runtime
from backend.surveys import service as surveys
from backend.tickets import service as tickets
from backend.timers.service import Handler


def timer_handlers(runtime: Runtime) -> Mapping[str, Handler]:
    """By kind; a kind without a handler waits for a version that has one."""
    rules = surveys.SurveyRules.from_settings(runtime.settings)

    async def send_survey(session: AsyncSession, payload: dict[str, Any], now: datetime) -> None:
        await surveys.send_due(session, runtime.gateway, payload["survey_id"], now, rules=rules)

    async def expire_survey(session: AsyncSession, payload: dict[str, Any], now: datetime) -> None:
        await surveys.expire(session, payload["survey_id"], now)

    async def close_ticket(session: AsyncSession, payload: dict[str, Any], now: datetime) -> None:
        await tickets.close_due(session, payload["number"], payload["cycle"], now)

    return {
        surveys.SURVEY: send_survey,
        surveys.EXPIRE: expire_survey,
        tickets.CLOSE: close_ticket,
    }
