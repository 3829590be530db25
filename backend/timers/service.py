"""Things that must happen at a time: rows, fired by whichever worker looks first.

A timer fires in a transaction of its own that also marks it, so it happens once; what fails is
tried again later and holds up no other. A handler reads the state anew and decides: a timer only
says that it is time to look.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from backend.database import Database
from backend.timers.models import Timer

Handler = Callable[[AsyncSession, dict[str, Any], datetime], Awaitable[None]]
"""``handler(session, payload, now)``. Setting its own timer again postpones it."""

_LONGEST_WAIT = timedelta(hours=1)
log = structlog.get_logger()


async def set_timer(
    session: AsyncSession, kind: str, key: str, due_at: datetime, payload: dict[str, Any]
) -> None:
    """Wake the handler of ``kind`` at ``due_at``; setting the same key again moves it."""
    values: dict[str, Any] = {
        "due_at": due_at,
        "payload": payload,
        "fired_at": None,
        "attempts": 0,
        "error": None,
    }
    await session.execute(
        insert(Timer)
        .values(kind=kind, key=key, **values)
        .on_conflict_do_update(index_elements=["kind", "key"], set_=values)
    )


async def cancel_timer(session: AsyncSession, kind: str, key: str) -> bool:
    """Remove a timer that has not fired; ``False`` when there is none to remove.

    One that is firing at this very moment is left alone: waiting for it could deadlock, since its
    handler may wait for a row of ours, and after our commit it finds that nothing is to be done.
    """
    mine = (
        select(Timer.id)
        .where(Timer.kind == kind, Timer.key == key, Timer.fired_at.is_(None))
        .with_for_update(skip_locked=True)
    )
    removed = await session.execute(delete(Timer).where(Timer.id.in_(mine)).returning(Timer.id))
    return removed.scalar_one_or_none() is not None


async def fire_due(
    database: Database, handlers: Mapping[str, Handler], *, now: datetime, limit: int
) -> int:
    """Fire at most ``limit`` timers that are due and have a handler; returns how many were tried.

    Safe in any number of workers at once.
    """
    tried = 0
    while tried < limit:
        timer = await _fire_one(database, handlers, now=now)
        if timer is None:
            break
        tried += 1
    return tried


def back_off(attempts: int) -> timedelta:
    """5, 10, 20 … seconds, at most an hour: a timer is never given up."""
    return min(timedelta(seconds=5 * 2 ** min(attempts - 1, 20)), _LONGEST_WAIT)


async def _fire_one(
    database: Database, handlers: Mapping[str, Handler], *, now: datetime
) -> Timer | None:
    due = (
        select(Timer)
        .where(Timer.fired_at.is_(None), Timer.due_at <= now, Timer.kind.in_(handlers))
        .order_by(Timer.due_at, Timer.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    timer: Timer | None = None
    try:
        async with database.transaction() as session:
            timer = (await session.execute(due)).scalar_one_or_none()
            if timer is None:
                return None
            await handlers[timer.kind](session, timer.payload, now)
            await session.execute(
                update(Timer)
                .where(Timer.id == timer.id, Timer.due_at <= now)  # unless postponed
                .values(fired_at=now, error=None)
                .execution_options(synchronize_session=False)
            )
    except Exception as error:  # the worker loop: one bad timer must not stop the others
        if timer is None:
            raise
        log.exception("timer.failed", kind=timer.kind, timer_id=timer.id)
        await _postpone(database, timer, type(error).__name__, now=now)
    return timer


async def _postpone(database: Database, timer: Timer, error: str, *, now: datetime) -> None:
    attempts = timer.attempts + 1
    async with database.transaction() as session:
        await session.execute(
            update(Timer)
            .where(Timer.id == timer.id, Timer.fired_at.is_(None))
            .values(attempts=attempts, error=error, due_at=now + back_off(attempts))
        )
