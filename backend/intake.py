"""What is fetched instead of posted to us: mailbox, Telegram without a webhook, Twilio's gaps.

Each source runs in one process at a time and stores through the same inbox as the webhooks.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import structlog
from psycopg import AsyncConnection, OperationalError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from backend.inbox import service as inbox
from backend.leadership import leader
from backend.runtime import Runtime
from bot.channels.channel import FetchFailed, WebhookRequest
from bot.channels.email import EmailChannel
from bot.channels.telegram import TelegramChannel
from bot.channels.whatsapp import WhatsAppChannel
from bot.mail.mailbox import NotStored, RawMail
from bot.mail.mime import Quarantined
from bot.messages import InboundMessage, StatusUpdate

_LOOK_AGAIN_S = 5.0
_GAPS_EVERY_S = 300.0
_GAPS_BACK = timedelta(hours=2)
Source = Callable[[asyncio.Event], Awaitable[None]]
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Intake:
    """The sources of the channels that are configured."""

    runtime: Runtime
    stopping: asyncio.Event

    def sources(self) -> Iterator[tuple[str, Callable[[], Awaitable[None]]]]:
        """Name and loop of each; a loop ends when stopping, or raises and is started again."""
        for channel in self.runtime.gateway:
            match channel:
                case EmailChannel():
                    yield "mailbox", self._alone("mailbox", self._mailbox(channel))
                case TelegramChannel():
                    if self.runtime.settings.telegram_webhook_secret is None:
                        yield "telegram", self._alone("telegram", self._telegram(channel))
                    else:
                        yield "telegram", self._alone("telegram", self._webhook(channel))
                case WhatsAppChannel():
                    yield "twilio-gaps", self._alone("twilio-gaps", self._twilio_gaps(channel))

    def _alone(self, role: str, source: Source) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            while not self.stopping.is_set():
                async with leader(self.runtime.database.url, role) as connection:
                    if connection is not None:
                        lost = asyncio.Event()
                        watching = asyncio.create_task(_watch(connection, lost, self.stopping))
                        try:
                            await source(lost)
                        finally:
                            watching.cancel()
                            with suppress(asyncio.CancelledError):
                                await watching
                await _pause(self.stopping, _LOOK_AGAIN_S)

        return run

    def _mailbox(self, channel: EmailChannel) -> Source:
        async def watch(stop: asyncio.Event) -> None:
            await channel.watch(partial(self.store_mail, channel), stop)

        return watch

    async def store_mail(self, channel: EmailChannel, mail: RawMail) -> None:
        """Store what a mail says, or its bytes where that cannot be told.

        Raises :class:`NotStored` when the database is away: the mailbox keeps the mail.
        """
        now = self.runtime.clock()
        try:
            try:
                parsed = await channel.parse_raw(mail.raw, now=now)
            except Quarantined as quarantined:
                log.warning("mailbox.quarantined", uid=mail.uid, reason=quarantined.reason)
                await inbox.quarantine(
                    self.runtime.database,
                    channel=channel.name,
                    account=mail.account,
                    provider_id=f"imap:{mail.uidvalidity}:{mail.uid}",
                    raw=mail.raw,
                    reason=quarantined.reason,
                    now=now,
                )
            else:
                await self._store(parsed, mail.raw)
        except (DBAPIError, PoolTimeoutError, OperationalError) as error:
            raise NotStored from error

    def _telegram(self, channel: TelegramChannel) -> Source:
        async def poll(stop: asyncio.Event) -> None:
            await channel.delete_webhook()
            offset: int | None = None
            while not stop.is_set():
                updates, offset = await channel.poll(offset)
                for update in updates:
                    await self._store_update(channel, update)

        return poll

    async def _store_update(self, channel: TelegramChannel, update: WebhookRequest) -> None:
        for item in channel.parse(update, now=self.runtime.clock()):
            await self._store(item, update.body)
        with suppress(FetchFailed):  # a button that goes on spinning is no reason to stop
            await channel.answer(update)

    def _webhook(self, channel: TelegramChannel) -> Source:
        async def announce(stop: asyncio.Event) -> None:
            await channel.set_webhook(self.runtime.settings.base_url)
            await stop.wait()

        return announce

    def _twilio_gaps(self, channel: WhatsAppChannel) -> Source:
        """Twilio tries a webhook once: what it could not post is listed and stored afterwards."""

        async def fill(stop: asyncio.Event) -> None:
            while not stop.is_set():
                now = self.runtime.clock()
                try:
                    missed = await channel.missed(now - _GAPS_BACK, now=now)
                except FetchFailed as failed:
                    log.warning("intake.gaps_unknown", reason=failed.reason)
                    missed = []
                for message in missed:
                    await self._store(message, b"")
                await _pause(stop, _GAPS_EVERY_S)

        return fill

    async def _store(self, item: InboundMessage | StatusUpdate, raw: bytes) -> None:
        if isinstance(item, StatusUpdate):
            await inbox.report_status(self.runtime.database, item)
        else:
            await inbox.receive(self.runtime.database, item, raw, now=self.runtime.clock())


async def _watch(connection: AsyncConnection, lost: asyncio.Event, stopping: asyncio.Event) -> None:
    """Set ``lost`` when the lock's connection breaks or the process stops."""
    while not stopping.is_set():
        await _pause(stopping, _LOOK_AGAIN_S)
        try:
            await connection.execute("SELECT 1")
        except OperationalError:
            break
    lost.set()


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
