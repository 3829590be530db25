"""``/healthz`` (alive), ``/readyz`` (fit to serve, with reasons) and ``/metrics``."""

import asyncio
import shutil
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from psycopg import OperationalError
from redis.exceptions import RedisError
from sqlalchemy import Row, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from backend import health, metrics, migrate
from backend.runtime_protocol import WebRuntime, runtime_of

router = APIRouter(include_in_schema=False)
_PATIENCE_S = 2.0
_AWAY = (DBAPIError, PoolTimeoutError, OperationalError, TimeoutError, OSError)

_FIGURES = text(
    """
    SELECT
        (SELECT version_num FROM alembic_version) AS revision,
        (SELECT now() - max(last_heartbeat) FROM procrastinate_workers) AS worker_silent_for,
        (SELECT count(*) FROM inbox_events WHERE state = 'new') AS unread,
        (SELECT min(received_at) FROM inbox_events WHERE state = 'new') AS oldest_unread,
        (SELECT count(*) FROM inbox_events WHERE state IN ('dead', 'quarantined')) AS dead
    """
)
_LANES = text(
    """
    SELECT lane, count(*) FILTER (WHERE state IN ('queued', 'sending')) AS waiting,
           count(*) FILTER (WHERE state IN ('failed', 'uncertain')) AS trouble
    FROM outbox_items WHERE state IN ('queued', 'sending', 'failed', 'uncertain') GROUP BY lane
    """
)


@router.get("/healthz")
async def alive() -> JSONResponse:
    """Whether this process answers; asks nobody else."""
    status, body = health.liveness()
    return JSONResponse(body, status)


@router.get("/readyz")
async def ready(request: Request) -> JSONResponse:
    """Whether messages can be stored, and what hinders answering them."""
    runtime = runtime_of(request)
    figures, error = await _figures(runtime)
    schema_is_current = figures is None or figures.revision == migrate.head()
    checks = {
        "database": health.database(error, schema_is_current=schema_is_current),
        "redis": health.redis(await _redis_error(runtime)),
        "disk": health.disk(shutil.disk_usage(runtime.settings.data_dir).free),
        "model": health.model(_model_problem(runtime)),
    }
    if figures is not None:
        checks["worker"] = health.worker(figures.worker_silent_for)
        checks["queue"] = health.queue(_age(runtime, figures))
    status, body = health.readiness(checks)
    return JSONResponse(body, status)


@router.get("/metrics")
async def prometheus(request: Request) -> Response:
    """Counters of this process, and gauges read from the database."""
    runtime = runtime_of(request)
    figures, _error = await _figures(runtime)
    if figures is not None:
        age = _age(runtime, figures) or timedelta(0)
        metrics.INBOX_UNREAD.set(figures.unread)
        metrics.INBOX_OLDEST_SECONDS.set(age.total_seconds())
        metrics.INBOX_DEAD.set(figures.dead)
        async with runtime.database.transaction() as session:
            for row in (await session.execute(_LANES)).all():
                metrics.OUTBOX_WAITING.labels(lane=row.lane).set(row.waiting)
                metrics.OUTBOX_TROUBLE.labels(lane=row.lane).set(row.trouble)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _figures(runtime: WebRuntime) -> tuple[Row[Any] | None, str | None]:
    try:
        async with asyncio.timeout(_PATIENCE_S), runtime.database.transaction() as session:
            return (await session.execute(_FIGURES)).one(), None
    except _AWAY as error:
        return None, type(error).__name__


def _age(runtime: WebRuntime, figures: Row[Any]) -> timedelta | None:
    oldest = figures.oldest_unread
    return None if oldest is None else runtime.clock() - oldest


async def _redis_error(runtime: WebRuntime) -> str | None:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await runtime.redis.ping()
    except (RedisError, OSError, TimeoutError) as error:
        return type(error).__name__
    return None


def _model_problem(runtime: WebRuntime) -> str | None:
    if (runtime.settings.model_dir / "manifest.json").exists():
        return None
    return "no model is trained; run `helpcare nlu train`"
