"""A worker process: drains conversations, delivers the outbox, fires timers."""

import asyncio
import gc
import signal
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from typing import Any

import psycopg
import structlog
from procrastinate import App, PsycopgConnector
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import text

from backend.accounts.known_names import KnownNames
from backend.draining import Drainer
from backend.giving_way import GiveWay
from backend.inbox.service import ring_forgotten
from backend.intake import Intake
from backend.outbox.dispatch import Dispatcher
from backend.outbox.senders import ChannelSender, CrmSender, MediaFetcher, Sender
from backend.outbox.service import BELL
from backend.runtime import Runtime, build_crm
from backend.similarity.service import Embedder, is_possible
from backend.surveys import service as surveys
from backend.timer_handlers import timer_handlers
from backend.timers import service as timers
from backend.turns import TurnTaker
from backend.understanding import Understander
from integrations.crm import Crm

_TICK_S = 1.0
_EMBED_S, _EMBED_AGAIN_S = 5.0, 0.5
_GIVES_WAY_S = 30.0  # how far the CRM and the embeddings may fall behind while clients wait
_STALLED_S = 10  # a worker that has not been heard of for so long is dead
_GRACE_S = 15.0
_COLLECT_AFTER = 50_000  # objects made and not freed
log = structlog.get_logger()


class Worker:
    """All loops of one worker process; ``run`` returns after ``stop``."""

    def __init__(self, runtime: Runtime, crm: Crm) -> None:
        self._runtime = runtime
        self._stopping = asyncio.Event()
        settings = runtime.settings
        self._understander = Understander(settings.model_dir)
        self.drainer = Drainer(
            database=runtime.database,
            understander=self._understander,
            names=KnownNames(runtime.database),
            turns=TurnTaker(
                gateway=runtime.gateway,
                hours=runtime.hours,
                terms=runtime.terms,
                company={
                    "company": settings.company_name,
                    "privacy_url": settings.privacy_url or f"{settings.base_url}/privacidad",
                },
            ),
            live=runtime.live,
            clock=runtime.clock,
        )
        self.dispatcher = Dispatcher(
            runtime.database,
            _senders(runtime, crm),
            runtime.live,
            runtime.clock,
            on_not_sent=surveys.delivery_failed,
            patient={"crm": GiveWay(self._clients_wait, _GIVES_WAY_S)},
        )
        self._embedding_waits = GiveWay(self._clients_wait, _GIVES_WAY_S)
        self._embedder = Embedder(runtime.database, self._understander.meanings)
        self._intake = Intake(runtime, self._stopping)
        self.handlers = timer_handlers(runtime)
        self._jobs = App(
            connector=PsycopgConnector(
                conninfo=runtime.database.url,
                min_size=2,
                max_size=4,
                timeout=5,
                # a job is a bell: one that a crash of PostgreSQL brings back finds nothing to do
                kwargs={"options": "-c synchronous_commit=off"},
                pool_factory=_unchecked_pool,
            )
        )
        self._jobs.task(name="drain", queue="inbox")(self.drainer.drain)

    def _clients_wait(self) -> bool:
        return self.drainer.in_hand > 0

    def stop(self) -> None:
        """Ask every loop to end after what it has in hand."""
        self._stopping.set()

    async def run(self) -> None:
        """Work until stopped; whatever breaks is logged and tried again."""
        # what this process commits it sends itself, if it has the places
        self._runtime.database.hear(BELL, self.dispatcher.wake)
        await asyncio.to_thread(self._understander.load)
        _spare_the_collector()
        log.info("worker.started")
        async with asyncio.TaskGroup() as group:
            group.create_task(self._forever("jobs", self._run_jobs))
            group.create_task(self._forever("outbox", self._listen))
            group.create_task(self._forever("ticker", self._tick))
            group.create_task(self._forever("embeddings", self._embed))
            for name, source in self._intake.sources():
                group.create_task(self._forever(name, source))
        await self.dispatcher.finish(_GRACE_S)
        self._understander.close()
        log.info("worker.stopped")

    async def _forever(self, name: str, loop: Callable[[], Awaitable[None]]) -> None:
        while not self._stopping.is_set():
            try:
                await loop()
            # the worker loop: a database restart or a bug in one loop must not end the others
            except Exception:
                log.exception("worker.loop_failed", loop=name)
                await self._pause(1)

    async def _run_jobs(self) -> None:
        async with self._jobs.open_async():
            running = asyncio.create_task(
                self._jobs.run_worker_async(
                    queues=["inbox"],
                    concurrency=self._runtime.settings.worker_concurrency,
                    fetch_job_polling_interval=_TICK_S,
                    update_heartbeat_interval=2,
                    stalled_worker_timeout=_STALLED_S,
                    shutdown_graceful_timeout=_GRACE_S,
                    delete_jobs="always",
                    install_signal_handlers=False,
                )
            )
            try:
                while not running.done() and not self._stopping.is_set():
                    await self._take_over_dead_workers_jobs()
                    await self._pause(_STALLED_S / 2)
            finally:
                running.cancel()  # Procrastinate's word for "finish what you have"
                with suppress(asyncio.CancelledError):
                    await running

    async def _listen(self) -> None:
        """Wake the lanes whose rows were just committed."""
        async with await psycopg.AsyncConnection.connect(
            self._runtime.database.url, autocommit=True
        ) as connection:
            await connection.execute(f"LISTEN {BELL}")
            while not self._stopping.is_set():
                async for notice in connection.notifies(timeout=_TICK_S, stop_after=100):
                    self.dispatcher.wake(notice.payload)

    async def _tick(self) -> None:
        """Each second: what became due, and what a bell was lost for."""
        runtime = self._runtime
        ticks = 0
        while not self._stopping.is_set():
            now = runtime.clock()
            for lane in self.dispatcher.senders:
                self.dispatcher.wake(lane)
            await timers.fire_due(runtime.database, self.handlers, now=now, limit=200)
            await ring_forgotten(runtime.database, now=now)
            if ticks % 5 == 0:
                await self.dispatcher.look_after()
                await asyncio.to_thread(self._understander.load)
            ticks += 1
            await self._pause(_TICK_S)

    async def _embed(self) -> None:
        """Make what was written findable by its meaning; behind everything else."""
        while not self._stopping.is_set():
            model = self._understander.meaning_model
            done = 0
            waits = self._embedding_waits()
            if model and not waits and await is_possible(self._runtime.database):
                done = await self._embedder.catch_up(model=model, now=self._runtime.clock())
            await self._pause(_EMBED_AGAIN_S if done else _EMBED_S)

    async def _take_over_dead_workers_jobs(self) -> None:
        manager = self._jobs.job_manager
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=_STALLED_S):
            await manager.retry_job(job)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)


def _unchecked_pool(**options: Any) -> AsyncConnectionPool:  # noqa: ANN401  Procrastinate's
    """A pool that does not ask before each query whether the connection is alive.

    When it is not, the query fails, the loop begins anew with another pool, and jobs left behind
    are taken over; asking cost as many round trips as the queries themselves.
    """
    return AsyncConnectionPool(**options | {"check": None})


def _senders(runtime: Runtime, crm: Crm) -> dict[str, Sender]:
    senders: dict[str, Sender] = {
        channel.name: ChannelSender(runtime.database, channel, repeatable=channel.name == "webchat")
        for channel in runtime.gateway
    }
    senders["crm"] = CrmSender(runtime.database, crm)
    senders["media"] = MediaFetcher(
        runtime.database,
        runtime.gateway,
        runtime.attachments,
        runtime.settings.max_attachment_bytes,
    )
    return senders


def _spare_the_collector() -> None:
    """Let the garbage collector skip what lives as long as the process, and look less often.

    Model, mappings and modules are a million objects; walking them again and again took a tenth
    of a worker's time. What is made afterwards is as a rule freed by reference counts.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 20, 50)


async def run_worker(runtime: Runtime) -> None:
    """Run until SIGTERM or SIGINT, then drain."""
    async with runtime.database.transaction() as session:
        installation = (
            await session.execute(text("SELECT id::text FROM installation"))
        ).scalar_one()
    async with aclosing(build_crm(runtime.settings, installation=installation)) as crm:
        worker = Worker(runtime, crm)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, worker.stop)
        await worker.run()
