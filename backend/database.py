"""The database: declarative base, engine, and the one place where transactions are committed."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any, LiteralString

import orjson
from psycopg import OperationalError
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from sqlalchemy import DateTime, MetaData
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase

_PATIENCE_S = 2
_GATHER_S = 0.005  # how long announcements are gathered into one


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  SQLAlchemy reads it from the class
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
    }


def sqlalchemy_url(url: str) -> str:
    """The same database, for SQLAlchemy on psycopg 3."""
    return make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


class Database:
    """Connections of one process and its units of work."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = url
        self.engine: AsyncEngine = create_async_engine(
            sqlalchemy_url(url),
            hide_parameters=True,  # messages of clients have no place in an error's text
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=_PATIENCE_S,  # a webhook must answer 503 long before its provider gives up
            pool_pre_ping=False,  # a dead connection shows at once and is replaced by the retry
            json_serializer=lambda value: orjson.dumps(value).decode(),
            json_deserializer=orjson.loads,
            connect_args={
                "connect_timeout": _PATIENCE_S,
                # a stopped worker must not hold its locks for ever
                "options": "-c idle_in_transaction_session_timeout=15s -c timezone=UTC",
            },
        )
        self._announcements: dict[str, str] = {}
        self._announcing: asyncio.Task[None] | None = None
        self._statements = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=pool_size,
            open=False,
            timeout=_PATIENCE_S,
            reconnect_timeout=0,
            kwargs={
                "autocommit": True,
                "prepare_threshold": 1,
                "connect_timeout": _PATIENCE_S,
                "options": "-c statement_timeout=10s -c timezone=UTC",
            },
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A unit of work: committed when the block ends, rolled back when it raises."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session:
            yield session
            await session.commit()

    async def statement(
        self, query: LiteralString, values: Sequence[Any]
    ) -> tuple[Any, ...] | None:
        """Run one statement as a transaction of its own, in one round trip; its first row.

        For the acknowledging path: straight on psycopg, because SQLAlchemy costs more than the
        statement. It must be harmless to repeat: when the connection breaks, the outcome is
        unknown, and it is run once more. Raises ``psycopg.OperationalError`` when that fails too.
        """
        if self._statements.closed:
            await self._statements.open()
        try:
            return await self._run(query, values)
        except PoolTimeout:
            raise
        except OperationalError:
            await self._statements.check()  # the others are probably broken as well
            return await self._run(query, values)

    async def _run(self, query: LiteralString, values: Sequence[Any]) -> tuple[Any, ...] | None:
        async with self._statements.connection() as connection:
            cursor = await connection.execute(query, values)
            return await cursor.fetchone() if cursor.description else None

    def announce(self, channel: str, payload: str) -> None:
        """NOTIFY soon, in a transaction of its own; many at once become one.

        For hints that may be lost: whoever listens also polls.
        """
        self._announcements[channel] = payload
        if self._announcing is None or self._announcing.done():
            self._announcing = asyncio.create_task(self._announce())

    async def _announce(self) -> None:
        while self._announcements:
            await asyncio.sleep(_GATHER_S)
            announcement = self._announcements.popitem()
            with suppress(OperationalError):
                await self._run("SELECT pg_notify(%s, %s)", announcement)

    async def dispose(self) -> None:
        if self._announcing is not None:
            await self._announcing
        await self._statements.close()
        await self.engine.dispose()
