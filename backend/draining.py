"""Handles the unread messages of one thread, in order."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import update

from backend.accounts.known_names import KnownNames
from backend.clock import Clock
from backend.database import Database
from backend.inbox.models import InboxEvent
from backend.inbox.service import Unread, unread
from backend.live import Live
from backend.metrics import MESSAGES_DEAD, MESSAGES_HANDLED
from backend.turns import TurnTaker
from backend.understanding import Understander
from bot.messages import InboundMessage

MAX_ATTEMPTS = 5
_BATCH = 20
log = structlog.get_logger()


@dataclass(slots=True)
class Drainer:
    """What draining needs; one per worker process."""

    database: Database
    understander: Understander
    names: KnownNames
    turns: TurnTaker
    live: Live
    clock: Clock
    in_hand: int = 0  # threads

    async def drain(self, thread_id: int) -> int:
        """Handle what is unread; returns how many. A message that fails waits for its retry."""
        self.in_hand += 1
        try:
            return await self._drain(thread_id)
        finally:
            self.in_hand -= 1

    async def _drain(self, thread_id: int) -> int:
        handled = 0
        more = True
        while more:
            events = await unread(self.database, thread_id, most=_BATCH)
            for event in events:
                if event.retry_at is not None and event.retry_at > self.clock():
                    return handled
                if not await self._handle(event):
                    return handled
                handled += 1
            more = len(events) == _BATCH  # what came meanwhile has rung again
        return handled

    async def _handle(self, event: Unread) -> bool:
        try:
            message = InboundMessage.model_validate(event.message)
            now = self.clock()
            known = await self.names.of_account(event.account_id, now=now)
            understanding = await self.understander.understand(
                message.text, now=now, gazetteer=known
            )
            async with self.database.transaction() as session:
                conversation = await self.turns.take(
                    session, event, message, understanding, now=self.clock()
                )
        # the worker loop: whatever a message does, it must not stop the others
        except Exception as error:
            log.exception("inbox.message_failed", event_id=event.id, attempt=event.attempts + 1)
            return await self._failed(event, error)
        if conversation is not None:
            MESSAGES_HANDLED.labels(channel=event.channel).inc()
            self.live.publish("console", {"conversation": conversation.id})
            if conversation.channel == "webchat":
                self.live.publish(f"chat:{conversation.thread}", {"handled": event.id})
        return True

    async def _failed(self, event: Unread, error: Exception) -> bool:
        """Plan the next try, or give the message up to the dead-letter list; True then."""
        attempts = event.attempts + 1
        dead = attempts >= MAX_ATTEMPTS
        async with self.database.transaction() as session:
            await session.execute(
                update(InboxEvent)
                .where(InboxEvent.id == event.id, InboxEvent.state == "new")
                .values(
                    attempts=attempts,
                    state="dead" if dead else "new",
                    retry_at=None if dead else retry_at(attempts, now=self.clock()),
                    error=f"{type(error).__name__}: {error}"[:500],
                )
            )
        if dead:
            MESSAGES_DEAD.labels(channel=event.channel).inc()
            log.error("inbox.message_dead", event_id=event.id, channel=event.channel)
        return dead


def retry_at(attempts: int, *, now: datetime) -> datetime:
    """1, 2, 4, 8 seconds after a failure: a restart of the database passes, poison is soon seen."""
    return now + timedelta(seconds=2 ** (attempts - 1))
