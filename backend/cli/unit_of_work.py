"""A command's one transaction, on the configured database or on the embedded one."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from backend import migrate
from backend.cli.environment import explained, load_settings
from backend.clock import clock_from
from backend.database import Database
from backend.servers import reached

T = TypeVar("T")


def in_transaction(work: Callable[[AsyncSession, datetime], Awaitable[T]]) -> T:
    """What ``work(session, now)`` gives, committed; the schema is brought up to date first."""
    settings = load_settings()

    async def main(url: str) -> T:
        database = Database(url, pool_size=2)
        try:
            async with database.transaction() as session:
                return await work(session, clock_from(settings.fake_now)())
        finally:
            await database.dispose()

    with explained(), reached(settings) as urls:
        migrate.upgrade(urls.database)
        return asyncio.run(main(urls.database))
