"""The doctor's look at PostgreSQL and Redis, configured or embedded."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import psycopg
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from backend import migrate
from backend.doctor.finding import Finding, Level
from backend.embedded import (
    EmbeddedServerError,
    available_extensions,
    running_postgres,
    running_valkey,
    start_postgres,
    start_valkey,
)
from backend.redaction import redact
from backend.settings import Settings

_OLDEST_POSTGRES = 14
_USEFUL_EXTENSIONS = ("pg_trgm", "unaccent", "vector")
_SKEW_WARN_S, _SKEW_FAIL_S = 5.0, 60.0


async def examine_servers(settings: Settings) -> list[Finding]:
    """Findings on both servers; an embedded one that does not run is started meanwhile."""
    async with AsyncExitStack() as stack:
        findings = await _database(settings, stack)
        return [*findings, await _redis(settings, stack)]


async def _database(settings: Settings, stack: AsyncExitStack) -> list[Finding]:
    name, setting = "database", "HELPCARE_DATABASE_URL"
    given = settings.database_url
    url = given.get_secret_value() if given else running_postgres(settings.data_dir)
    try:
        if url is None:
            server = await asyncio.to_thread(start_postgres, settings.data_dir)
            stack.push_async_callback(asyncio.to_thread, server.stop)
            url = server.url
        async with await psycopg.AsyncConnection.connect(
            url, connect_timeout=5, autocommit=True
        ) as connection:
            findings = await _look_into(connection, name, "configured" if given else "embedded")
        missing = set(_USEFUL_EXTENSIONS) - await asyncio.to_thread(available_extensions, url)
        findings.append(await asyncio.to_thread(_schema, url))
    except EmbeddedServerError as error:
        return [
            Finding(name, "fail", str(error), f"Mend that, or set {setting} to your own server")
        ]
    except (psycopg.Error, SQLAlchemyError) as error:
        remedy = f"Check {setting} and that the server runs and lets this machine in"
        return [Finding(name, "fail", redact(str(error).strip() or type(error).__name__), remedy)]
    if missing:
        what = (
            f"{', '.join(sorted(missing))} not available; search is less tolerant of typos, "
            "or tickets are not compared"
        )
        remedy = f"Install PostgreSQL's contrib package, or pgvector, on the server of {setting}"
        findings.append(Finding("extensions", "warn", what, remedy))
    return findings


async def _look_into(connection: psycopg.AsyncConnection, name: str, origin: str) -> list[Finding]:
    major = connection.info.server_version // 10_000
    before = datetime.now(UTC)
    cursor = await connection.execute(
        "SELECT clock_timestamp(), pg_encoding_to_char(encoding) "
        "FROM pg_database WHERE datname = current_database()"
    )
    row = await cursor.fetchone()
    after = datetime.now(UTC)
    assert row is not None  # noqa: S101  # the database that we are connected to
    theirs, encoding = row
    findings = [Finding(name, "ok", f"{origin}, PostgreSQL {major}")]
    if major < _OLDEST_POSTGRES or encoding != "UTF8":
        what = f"PostgreSQL {major} with encoding {encoding}"
        remedy = (
            f"Point HELPCARE_DATABASE_URL at PostgreSQL {_OLDEST_POSTGRES} or later "
            "and a database made with ENCODING 'UTF8'"
        )
        findings = [Finding(name, "fail", what, remedy)]
    skew = max((before - theirs).total_seconds(), (theirs - after).total_seconds(), 0.0)
    level: Level = "ok" if skew < _SKEW_WARN_S else "warn" if skew < _SKEW_FAIL_S else "fail"
    remedy = "" if level == "ok" else "Synchronise both clocks (NTP): deadlines are counted by them"
    findings.append(
        Finding("clock", level, f"{skew:.0f} s apart from the database server's", remedy)
    )
    return findings


def _schema(url: str) -> Finding:
    current, head = migrate.current(url), migrate.head()
    if current == head:
        return Finding("schema", "ok", f"revision {head}")
    if current is None:
        return Finding("schema", "warn", "the database is empty", "Run `helpcare migrate`")
    what = f"revision {current}, and this version wants {head}"
    remedy = "Run `helpcare migrate`; if that does not know the revision, update Help Care"
    return Finding("schema", "fail", what, remedy)


async def _redis(settings: Settings, stack: AsyncExitStack) -> Finding:
    name, setting = "redis", "HELPCARE_REDIS_URL"
    given = settings.redis_url
    url = given.get_secret_value() if given else running_valkey(settings.data_dir)
    try:
        if url is None:
            server = await asyncio.to_thread(start_valkey, settings.data_dir)
            stack.push_async_callback(asyncio.to_thread, server.stop)
            url = server.url
        async with Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5) as client:
            facts = await client.info("server")
    except EmbeddedServerError as error:
        return Finding(name, "fail", str(error), f"Mend that, or set {setting} to your own server")
    except (RedisError, OSError, ValueError) as error:
        remedy = f"Check {setting} and that the server runs; until then pages update more slowly"
        return Finding(name, "fail", redact(str(error)), remedy)
    origin = "configured" if given else "embedded"
    return Finding(name, "ok", f"{origin}, {facts.get('server_name', 'redis')} {_version(facts)}")


def _version(facts: dict[str, object]) -> object:
    return facts.get("valkey_version") or facts.get("redis_version", "?")
