"""A whole Help Care in the test's own process: real servers and decisions, fake providers."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import inspect, select
from support.model import trained_model_folder
from support.servers import valkey_url

from backend.inbox.models import InboxEvent
from backend.runtime import Runtime, open_runtime
from backend.settings import Settings
from backend.timers import service as timers
from backend.web import create_app
from backend.worker import Worker
from integrations.console_crm import ConsoleCrm

WORKDAY = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)  # Monday, 10:00 in Bogotá


@dataclass
class Stack:
    """``now`` is the only clock; nothing happens by itself: call :meth:`settle`."""

    now: datetime
    runtime: Runtime
    worker: Worker
    client: httpx.AsyncClient
    transport: httpx.ASGITransport  # for further clients, each with cookies of its own

    async def settle(self) -> None:
        """Drain, deliver and fire until nothing more is due at ``now``."""
        while await self._drain() + await self._fire() + await self.worker.dispatcher.deliver_due():
            pass

    async def after(self, pause: timedelta) -> None:
        """Let time pass, and what became due happen."""
        self.now += pause
        await self.settle()

    async def rows(self, model: type[Any], *where: Any) -> list[Any]:
        """All rows of a table, in order."""
        async with self.runtime.database.transaction() as session:
            found = await session.execute(
                select(model).where(*where).order_by(*inspect(model).primary_key)
            )
            return list(found.scalars())

    async def _drain(self) -> int:
        async with self.runtime.database.transaction() as session:
            threads = await session.execute(
                select(InboxEvent.thread_id)
                .where(InboxEvent.state == "new")
                .where((InboxEvent.retry_at.is_(None)) | (InboxEvent.retry_at <= self.now))
                .distinct()
            )
            ids = list(threads.scalars())
        return sum([await self.worker.drainer.drain(thread_id) for thread_id in ids])

    async def _fire(self) -> int:
        handlers = self.worker.handlers
        return await timers.fire_due(self.runtime.database, handlers, now=self.now, limit=100)


@asynccontextmanager
async def running_stack(
    database_url: str,
    data_dir: Path,
    *,
    now: datetime = WORKDAY,
    transport: httpx.AsyncBaseTransport | None = None,
    **settings: Any,
) -> AsyncIterator[Stack]:
    """Compose the parts as ``helpcare run`` does, in this process."""
    if "model_dir" not in settings:
        settings["model_dir"] = os.environ.get("HELPCARE_TEST_MODEL") or trained_model_folder()
    chosen = Settings(
        _env_file=None,
        data_dir=data_dir,
        secret_key="test-key-0123456789abcdef0123456789abcdef",
        **settings,
    )
    stack: Stack | None = None

    def clock() -> datetime:
        return stack.now if stack else now

    async with open_runtime(
        chosen,
        database_url=database_url,
        redis_url=valkey_url(),
        clock=clock,
        transport=transport or httpx.MockTransport(_nobody),
    ) as runtime:
        app = create_app(chosen, lambda: nullcontext(runtime))  # type: ignore[arg-type]
        app.state.runtime = runtime
        asgi = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=asgi, base_url=chosen.base_url) as client:
            stack = Stack(now, runtime, Worker(runtime, ConsoleCrm()), client, asgi)
            yield stack


def _nobody(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError(f"no fake provider answers at {request.url.host}", request=request)
