"""Delivers the outbox: claim, send, record; at most one try of a row at a time.

A claim is committed before the call and fenced by the number of the try. When a worker dies in
between, the claim runs out; the row is sent again where that is harmless, and becomes *uncertain*
where it is not.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.clock import Clock
from backend.database import Database, jsonb, together
from backend.inbox.service import apply_report
from backend.live import Live
from backend.metrics import OUTBOX_OUTCOMES
from backend.outbox.models import DeliveryReport, OutboxItem
from backend.outbox.recorder import Recorder, Told
from backend.outbox.senders import CLAIM, Sender
from backend.outbox.statements import CLAIM_DUE, CLAIM_FORGOTTEN, RECORD, Claimed
from bot.messages import Outcome, Permanent, Receipt, Retryable, Uncertain

_BATCH = 20
# how long a lane waits before it looks for more: many tries that end are followed by one claim
_GATHER_S, _GATHER_BUSY_S = 0.005, 0.025
_GIVE_UP_AFTER = timedelta(days=3)
# when to look what became of an uncertain row; after the last, only a person can tell
_RECONCILE = (
    *(timedelta(seconds=s) for s in (20, 60, 60, 300, 900, 3600)),
    timedelta(days=3650),
)
log = structlog.get_logger()


def _never() -> bool:
    return False


def backoff(attempts: int) -> timedelta:
    """2, 4, 8 … seconds, at most 10 minutes, with a fifth of jitter."""
    seconds = min(2.0**attempts, 600.0)
    return timedelta(seconds=seconds * random.uniform(0.9, 1.1))  # noqa: S311  not a secret


class NotSent(Protocol):
    """Told in the same transaction when a message will not reach its client."""

    async def __call__(
        self, session: AsyncSession, message_id: int, *, reason: str, now: datetime
    ) -> None: ...


@dataclass(slots=True)
class Dispatcher:
    """Delivers all lanes that have a sender; one per worker process.

    Each lane has so many places; a try that ends makes place for the next, so that one slow
    recipient holds up nobody else.
    """

    database: Database
    senders: Mapping[str, Sender]
    live: Live
    clock: Clock
    on_not_sent: NotSent | None = None
    patient: Mapping[str, Callable[[], bool]] = field(default_factory=dict)  # lane → has it to wait
    places: int = 16
    _tries: dict[str, set[asyncio.Task[None]]] = field(default_factory=lambda: defaultdict(set))
    _pumps: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _again: set[str] = field(default_factory=set)
    _stopping: bool = False
    _recorder: Recorder = field(init=False)

    def __post_init__(self) -> None:
        self._recorder = Recorder(self.database)

    def wake(self, lane: str) -> None:
        """Something may be due in a lane. Cheap, never waits, never missed."""
        if lane not in self.senders or self._stopping:
            return
        if lane in self._pumps and not self._pumps[lane].done():
            self._again.add(lane)
        else:
            self._pumps[lane] = asyncio.create_task(self._pump(lane))

    async def finish(self, grace_s: float) -> None:
        """Stop claiming and let tries under way end; the rest is left to the end of its claim."""
        self._stopping = True
        with suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                while running := self._running():  # a pump may have claimed one more
                    await asyncio.wait(running)

    def _running(self) -> list[asyncio.Task[None]]:
        tasks = [*self._pumps.values(), *(task for lane in self._tries.values() for task in lane)]
        return [task for task in tasks if not task.done()]

    async def deliver_due(self) -> int:
        """Send all that is due now and wait for it; returns how many tries (tests, commands)."""
        done = 0
        for lane in await self._due_lanes():
            while items := await self._claim(lane, self.places):
                await asyncio.gather(*(self._send(item) for item in items))
                done += len(items)
        return done

    async def _due_lanes(self) -> list[str]:
        """Lanes with a sender where something may be due, in a fixed order."""
        async with self.database.transaction() as session:
            due = await session.execute(
                select(OutboxItem.lane)
                .where(OutboxItem.state == "queued", OutboxItem.due_at <= self.clock())
                .distinct()
            )
            lanes = set(due.scalars())
        return [lane for lane in self.senders if lane in lanes]

    async def _pump(self, lane: str) -> None:
        has_to_wait = self.patient.get(lane, _never)
        try:
            self._again.add(lane)
            while lane in self._again and not self._stopping and not has_to_wait():
                await asyncio.sleep(_GATHER_BUSY_S if self._tries[lane] else _GATHER_S)
                self._again.discard(lane)
                free = self.places - len(self._tries[lane])
                for item in await self._claim(lane, free) if free else ():
                    task = asyncio.create_task(self._send(item))
                    self._tries[lane].add(task)
                    task.add_done_callback(partial(self._ended, lane))
        # the worker loop: the rows stay due, and the next poll finds them
        except Exception:
            log.exception("outbox.lane_failed", lane=lane)

    def _ended(self, lane: str, task: asyncio.Task[None]) -> None:
        self._tries[lane].discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("outbox.record_failed", lane=lane, error=type(error).__name__)
        self.wake(lane)

    async def _claim(self, lane: str, most: int) -> list[Claimed]:
        now = self.clock()
        due = {"lane": lane, "now": now, "until": now + CLAIM, "most": most}
        rows = await self.database.rows(CLAIM_DUE, due)
        return sorted((Claimed(*row) for row in rows), key=lambda item: item.id)

    async def _send(self, item: Claimed) -> None:
        try:
            async with asyncio.timeout(CLAIM.total_seconds() - 5):
                outcome = await self.senders[item.lane].send(item, now=self.clock())
        except TimeoutError:
            outcome = Uncertain(reason="El proveedor no respondió a tiempo")
        # a fault of ours: nobody knows how far it came
        except Exception as error:
            log.exception("outbox.send_failed", item_id=item.id, lane=item.lane)
            outcome = Uncertain(reason=f"Falla interna al enviar ({type(error).__name__})")
        await self.record(item, outcome)

    async def record(self, item: Claimed, outcome: Outcome) -> None:
        """Write down how a try ended; nothing when another claim has overtaken this one."""
        now = self.clock()
        values = after(item, outcome, repeatable=self.senders[item.lane].repeatable, now=now)
        told = await self._write_down(item, outcome, values, now=now)
        if told is None:
            return
        thread, reported = told
        if reported and isinstance(outcome, Receipt):
            await self._apply_report(item.lane, outcome.provider_id)
        OUTBOX_OUTCOMES.labels(lane=item.lane, outcome=_name(outcome)).inc()
        if item.conversation_id is not None:
            self.live.publish("console", {"conversation": item.conversation_id})
        if item.lane == "webchat" and isinstance(outcome, Receipt):
            self.live.publish(f"chat:{thread}", {"message": item.message_id})

    async def _write_down(
        self, item: Claimed, outcome: Outcome, values: dict[str, object], *, now: datetime
    ) -> Told | None:
        """``None`` when the claim was overtaken."""
        columns: dict[str, object] = {
            **values,
            "id": item.id,
            "attempts": item.attempts,
            "outcome": _name(outcome),
            "detail": getattr(outcome, "reason", None),
            "delivery": _DELIVERY[str(values["state"])],
            "now": now,
        }
        if values["state"] != "failed" or not item.message_id or self.on_not_sent is None:
            return await self._recorder.record(columns)
        async with self.database.transaction() as session:
            [rows] = await together(session, (RECORD, {"tries": jsonb([columns])}))
            if not rows:
                return None
            reason = getattr(outcome, "reason", "")
            await self.on_not_sent(session, item.message_id, reason=reason, now=now)
        return rows[0][1], rows[0][2]

    async def _apply_report(self, lane: str, provider_id: str) -> None:
        """What the provider told of the message before we knew its name."""
        async with self.database.transaction() as session:
            report = await session.get(DeliveryReport, (lane, provider_id))
            if report is not None:
                await apply_report(session, report)

    async def look_after(self) -> None:
        """Take over claims that ran out, and reconcile what is uncertain and due."""
        now = self.clock()
        rows = await self.database.rows(
            CLAIM_FORGOTTEN,
            {"lanes": list(self.senders), "now": now, "until": now + CLAIM, "most": _BATCH},
        )
        for item in sorted((Claimed(*row) for row in rows), key=lambda item: item.id):
            try:
                outcome = await self.senders[item.lane].reconcile(item, now=now)
            # the worker loop: it stays uncertain and is looked at again later
            except Exception as error:
                log.exception("outbox.reconcile_failed", item_id=item.id, lane=item.lane)
                reason = f"Falla interna al consultar el envío ({type(error).__name__})"
                outcome = Uncertain(reason=reason)
            await self.record(item, outcome)


def after(item: Claimed, outcome: Outcome, *, repeatable: bool, now: datetime) -> dict[str, object]:
    """The columns of a row after a try. Pure."""
    match outcome:
        case Receipt():
            return {
                "state": "sent",
                "reference": outcome.provider_id,
                "error": None,
                "code": None,
                "finished_at": now,
            }
        case Permanent():
            return {
                "state": "failed",
                "error": outcome.reason,
                "code": outcome.code,
                "finished_at": now,
            }
        case Uncertain() if not repeatable:
            step = min(item.attempts, len(_RECONCILE)) - 1
            return {
                "state": "uncertain",
                "error": outcome.reason,
                "code": "uncertain",
                "due_at": now + _RECONCILE[max(step, 0)],
            }
        case Retryable() | Uncertain():
            if now - item.created_at > _GIVE_UP_AFTER:
                return {
                    "state": "failed",
                    "error": outcome.reason,
                    "code": "gave_up",
                    "finished_at": now,
                }
            wait = max(getattr(outcome, "after", None) or timedelta(0), backoff(item.attempts))
            return {"state": "queued", "error": outcome.reason, "due_at": now + wait}


_DELIVERY = {"sent": "sent", "queued": "queued", "uncertain": "uncertain", "failed": "not_sent"}


def _name(outcome: Outcome) -> str:
    return type(outcome).__name__.lower()
