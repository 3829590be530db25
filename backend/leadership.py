"""At most one process at a time: a mailbox has one reader, a bot one poller."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg


@asynccontextmanager
async def leader(database_url: str, role: str) -> AsyncIterator[psycopg.AsyncConnection | None]:
    """The connection that holds the role, or ``None`` while another process has it.

    An advisory lock of the session: it goes with the connection, also after a kill -9. The holder
    should ask the connection now and then whether it is still there.
    """
    async with await psycopg.AsyncConnection.connect(
        database_url, autocommit=True, keepalives_idle=5, keepalives_interval=2, keepalives_count=3
    ) as connection:
        row = await (
            await connection.execute(
                "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (f"helpcare:{role}",)
            )
        ).fetchone()
        yield connection if row and row[0] else None
