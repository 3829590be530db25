"""The database: declarative base, engine, and the one place where transactions are committed."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any, LiteralString, TypeVar, cast

import orjson
from psycopg import AsyncConnection, OperationalError
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from sqlalchemy import DateTime, MetaData, Table, inspect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.util import identity_key

_PATIENCE_S = 2
_GATHER_S = 0.005  # how long announcements are gathered into one
_BELLS = "bells"
_POSTPONED = "postponed"
Values = Sequence[Any] | Mapping[str, Any]
Statement = tuple[LiteralString, Mapping[str, Any]]
Row = tuple[Any, ...]
Model = TypeVar("Model", bound="Base")


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


def table(model: type[Base]) -> Table:
    """The bare table, for statements on the paths of every message: built once as a constant,
    because building a statement costs as much as running it, and without the ORM's bookkeeping.
    """
    return cast("Table", model.__table__)


def ring(session: AsyncSession, channel: str, payload: str) -> None:
    """Say on ``channel`` after the session's commit that something is there; a hint, often lost.

    Not NOTIFY within the transaction: that holds a lock of the whole database while the commit is
    flushed, so that every turn would wait for every other.
    """
    session.info.setdefault(_BELLS, set()).add((channel, payload))


def at_commit(session: AsyncSession, query: LiteralString, values: Mapping[str, Any]) -> None:
    """Run a statement just before the session's commit, in one round trip with the others.

    For what is only written down: nothing in this unit of work sees what it wrote, and what it
    refers to is there already or was postponed before it.
    """
    session.info.setdefault(_POSTPONED, []).append((query, values))


def changes_at_commit(session: AsyncSession, *objects: Base) -> None:
    """Write what changed in objects with what :func:`at_commit` gathers, not by a flush."""
    for changed in objects:
        state, rows = inspect(changed), table(type(changed))
        columns = rows.columns
        names = sorted(set(columns.keys()).difference(state.unmodified))
        if not names:
            continue
        values = {name: getattr(changed, name) for name in names}
        for name, value in values.items():
            set_committed_value(changed, name, value)
            if isinstance(columns[name].type, JSONB):
                values[name] = jsonb(value)
        assigned = ", ".join(f"{name} = %({name})s" for name in names)
        statement = f"UPDATE {rows.name} SET {assigned} WHERE id = %(id)s"  # noqa: S608  names of our own columns
        at_commit(session, statement, values | {"id": cast("tuple[int]", state.identity)[0]})


def jsonb(value: object) -> Jsonb:
    """A JSONB value for statements in plain SQL."""
    return Jsonb(value, dumps=orjson.dumps)


async def together(
    session: AsyncSession, *statements: Statement, commit: bool = False
) -> list[list[Row]]:
    """Run statements in plain SQL one after the other in one round trip; the rows of each.

    What the session has in its objects and has not flushed they do not see.
    """
    held = await (await session.connection()).get_raw_connection()
    connection = cast("AsyncConnection", held.driver_connection)
    async with connection.pipeline():  # takes the BEGIN along
        cursors = [
            await connection.execute(query, values, prepare=True) for query, values in statements
        ]
        if commit:
            await connection.commit()
    return [await cursor.fetchall() if cursor.description else [] for cursor in cursors]


async def run_postponed(session: AsyncSession, *, commit: bool = False) -> None:
    """Flush, then run what :func:`at_commit` has gathered; for who must see it earlier."""
    await session.flush()
    if postponed := session.info.pop(_POSTPONED, ()):
        await together(session, *postponed, commit=commit)


def _read(model: type[Base]) -> list[str]:
    return [column.name for column in table(model).columns if column.computed is None]


def column_names(model: type[Base], alias: str) -> str:
    """The columns of a model, for a select list in plain SQL; see :func:`loaded`."""
    return ", ".join(f"{alias}.{name}" for name in _read(model))


def loaded(session: AsyncSession, model: type[Model], row: Row) -> Model:
    """A row of :func:`column_names` as the session's own object, as if the ORM had read it."""
    values = dict(zip(_read(model), row, strict=True))
    known = session.identity_map.get(identity_key(model, values["id"]))
    if isinstance(known, model):
        return known
    found = model(**values)
    make_transient_to_detached(found)
    session.add(found)
    return found


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
        self._announcements: set[tuple[str, str]] = set()
        self._heard: dict[str, Callable[[str], None]] = {}
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
                # few statements, each run again and again: planned once
                "options": "-c statement_timeout=10s -c timezone=UTC"
                " -c plan_cache_mode=force_generic_plan",
            },
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A unit of work: committed when the block ends, rolled back when it raises."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session:
            yield session
            await run_postponed(session, commit=True)
            await session.commit()  # where it is done already: gives the connection back
        for channel, payload in session.info.get(_BELLS, ()):
            if channel in self._heard:
                self._heard[channel](payload)
            else:
                self.announce(channel, payload)

    def hear(self, channel: str, hearer: Callable[[str], None]) -> None:
        """Let this process ring its own bells on a channel itself instead of by NOTIFY.

        Other processes then learn of what was committed here when they next look for it.
        """
        self._heard[channel] = hearer

    async def statement(self, query: LiteralString, values: Values) -> tuple[Any, ...] | None:
        """As :meth:`rows`, for a statement that gives one row or none."""
        found = await self.rows(query, values)
        return found[0] if found else None

    async def rows(self, query: LiteralString, values: Values) -> list[tuple[Any, ...]]:
        """Run one statement as a transaction of its own, in one round trip.

        For the paths of every message: straight on psycopg, because SQLAlchemy costs more than the
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

    async def _run(self, query: LiteralString, values: Values) -> list[tuple[Any, ...]]:
        async with self._statements.connection() as connection:
            cursor = await connection.execute(query, values)
            return await cursor.fetchall() if cursor.description else []

    def announce(self, channel: str, payload: str) -> None:
        """NOTIFY soon, in a transaction of its own; many at once become one.

        For hints that may be lost: whoever listens also polls.
        """
        self._announcements.add((channel, payload))
        if self._announcing is None or self._announcing.done():
            self._announcing = asyncio.create_task(self._announce())

    async def _announce(self) -> None:
        while self._announcements:
            await asyncio.sleep(_GATHER_S)
            announcements, self._announcements = self._announcements, set()
            channels, payloads = zip(*announcements, strict=True)
            with suppress(OperationalError):
                await self._run(
                    "SELECT pg_notify(c, p) FROM unnest(%s::text[], %s::text[]) AS a(c, p)",
                    (list(channels), list(payloads)),
                )

    async def dispose(self) -> None:
        if self._announcing is not None:
            await self._announcing
        await self._statements.close()
        await self.engine.dispose()
