"""Turns an outbox row into a call: one sender per lane, all ending in the same four outcomes."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts import crm_payloads
from backend.attachments import service as attachments
from backend.attachments.models import StoredAttachment
from backend.attachments.store import AttachmentStore
from backend.conversations.models import Conversation, Message
from backend.database import Database
from backend.gateway import Gateway
from backend.inbox.models import InboxEvent
from backend.outbox.models import OutboxItem
from backend.outbox.statements import Claimed
from backend.problems import NotFound, Problem
from backend.surveys.models import Survey
from backend.tickets.models import Ticket
from bot.channels.channel import Channel, FetchFailed
from bot.mail.autoresponse import may_auto_reply
from bot.messages import (
    Attachment,
    Delivery,
    OutboundMessage,
    Outcome,
    Permanent,
    Receipt,
    Retryable,
    Uncertain,
)
from integrations import crm as integrations_crm
from integrations.errors import OutcomeUnknown, Refused, TryLater


class Sender(Protocol):
    """``repeatable``: sending again after an unknown outcome leaves one effect."""

    repeatable: bool

    async def send(self, item: Claimed, *, now: datetime) -> Outcome: ...

    async def reconcile(self, item: Claimed, *, now: datetime) -> Outcome: ...


@dataclass(slots=True)
class ChannelSender:
    """Messages to clients."""

    database: Database
    channel: Channel
    repeatable: bool = False

    async def send(self, item: Claimed, *, now: datetime) -> Outcome:
        delivery = _delivery(item)
        if await self._loops(item, delivery, now=now):
            return Retryable(
                reason="Límite de respuestas automáticas por correo: sale más tarde",
                after=timedelta(minutes=15),
            )
        return await self.channel.send(delivery, now=now)

    async def reconcile(self, item: Claimed, *, now: datetime) -> Outcome:
        # the same words may have gone out twice: what another row is known as is not this one
        async with self.database.transaction() as session:
            references = await session.scalars(
                select(OutboxItem.reference).where(
                    OutboxItem.conversation_id == item.conversation_id,
                    OutboxItem.id != item.id,
                    OutboxItem.reference.is_not(None),
                )
            )
            others = frozenset(reference for reference in references if reference)
        delivery = _delivery(item).model_copy(update={"others": others})
        return await self.channel.reconcile(delivery, now=now)

    async def _loops(self, item: Claimed, delivery: Delivery, *, now: datetime) -> bool:
        """Whether a mail that answers by itself would be one too many.

        Two help desks that answer each other are slowed down to a trickle. Notices and people's
        own words are not held back, and who confirms a ticket or answers a survey has shown to be
        a person: in that thread the count begins anew.
        """
        if self.channel.name != "email" or not item.key.startswith("turn:"):
            return False
        async with self.database.transaction() as session:
            rows = await session.execute(
                select(OutboxItem.finished_at, OutboxItem.conversation_id)
                .join(Conversation, Conversation.id == OutboxItem.conversation_id)
                .where(
                    OutboxItem.lane == "email",
                    OutboxItem.key.startswith("turn:"),
                    OutboxItem.state == "sent",
                    OutboxItem.finished_at > now - timedelta(days=1),
                    Conversation.address == delivery.to,
                )
            )
            human = await _sign_of_a_person(session, item)
            sent = [
                row
                for row in rows.all()
                if row.finished_at is not None
                and (row.conversation_id != item.conversation_id or row.finished_at > human)
            ]
        in_thread = [row.finished_at for row in sent if row.conversation_id == item.conversation_id]
        return not may_auto_reply(in_thread, [row.finished_at for row in sent], now)


def _delivery(item: Claimed) -> Delivery:
    if item.place is None:
        raise NotFound(f"There is no conversation {item.conversation_id}")
    place = dict(item.place)
    subject = place.pop("subject")
    return Delivery.model_validate(
        {
            "key": item.key,
            "message": OutboundMessage.model_validate(item.payload | {"subject": subject}),
            # a claim leaves this mark before the call, so it survives a crash in the middle
            "attempted_at": item.claimed_until - CLAIM if item.claimed_until else None,
        }
        | place
    )


async def _sign_of_a_person(session: AsyncSession, item: Claimed) -> datetime:
    """When the client last did in this conversation what a machine does not."""
    signs = (
        await session.scalar(select(func.max(column)).where(where == item.conversation_id))
        for column, where in (
            (Ticket.created_at, Ticket.conversation_id),
            (Survey.scored_at, Survey.conversation_id),
        )
    )
    return max([sign async for sign in signs if sign is not None], default=_NEVER)


_NEVER = datetime.min.replace(tzinfo=UTC)
CLAIM = timedelta(seconds=60)  # how long a try may take before another worker looks after it


@dataclass(slots=True)
class CrmSender:
    """Interactions and cases; keyed there, so repeating is harmless."""

    database: Database
    crm: integrations_crm.Crm
    repeatable: bool = True

    async def send(self, item: Claimed, *, now: datetime) -> Outcome:  # noqa: ARG002  protocol
        payload = await crm_payloads.load(self.database, item.payload)
        try:
            if isinstance(payload, integrations_crm.Interaction):
                reference = await self.crm.log_interaction(payload)
                return Receipt(provider_id=reference)
            reference = await self.crm.sync_ticket(payload) or "none"
            return Receipt(provider_id=reference)
        except TryLater as error:
            return Retryable(reason=str(error), after=error.after)
        except Refused as error:
            return Permanent(reason=str(error))
        except OutcomeUnknown as error:
            return Uncertain(reason=str(error))

    async def reconcile(self, item: Claimed, *, now: datetime) -> Outcome:
        return await self.send(item, now=now)


@dataclass(slots=True)
class MediaFetcher:
    """Not an effect outside but a call outside: a client's file is brought into our store."""

    database: Database
    gateway: Gateway
    store: AttachmentStore
    max_bytes: int
    repeatable: bool = True

    async def send(self, item: Claimed, *, now: datetime) -> Outcome:  # noqa: ARG002  protocol
        async with self.database.transaction() as session:
            row = await session.get_one(StoredAttachment, item.payload["attachment_id"])
            if row.state == "stored":
                return Receipt(provider_id=row.stored_as or "")
            message = await session.get_one(Message, row.message_id)
            event = await session.get_one(InboxEvent, message.inbox_id)
        wanted = Attachment(
            ref=row.ref, content_type=row.content_type, filename=row.filename, size=row.size
        )
        try:
            fetched = await self.gateway.channel(event.channel).fetch(wanted, event.raw)
        except FetchFailed as error:
            if error.retry:
                return Retryable(reason=error.reason)
            return await self._refuse(row.id, error.reason)
        try:
            kept = await attachments.keep(
                self.store,
                fetched.content,
                filename=fetched.filename or row.filename,
                max_bytes=self.max_bytes,
            )
        except Problem as problem:
            return await self._refuse(row.id, problem.detail)
        async with self.database.transaction() as session:
            await session.execute(
                update(StoredAttachment)
                .where(StoredAttachment.id == row.id)
                .values(
                    state="stored",
                    stored_as=kept.stored_as,
                    content_type=kept.content_type,
                    filename=kept.filename,
                    size=kept.size,
                )
            )
        return Receipt(provider_id=kept.stored_as)

    async def reconcile(self, item: Claimed, *, now: datetime) -> Outcome:
        return await self.send(item, now=now)

    async def _refuse(self, attachment_id: int, reason: str) -> Outcome:
        async with self.database.transaction() as session:
            await session.execute(
                update(StoredAttachment)
                .where(StoredAttachment.id == attachment_id)
                .values(state="failed", reason=reason)
            )
        return Permanent(reason=reason)
