"""What a row's conversation adds to its sending: limits of mail, and which message is which."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import select
from support.desk import Desk
from support.twilio_api import ACCOUNT_SID, AUTH_TOKEN, NUMBER, FakeTwilio

from backend.conversations.models import Conversation
from backend.outbox import service as outbox
from backend.outbox.models import OutboxItem
from backend.outbox.senders import CLAIM, ChannelSender
from backend.outbox.statements import Claimed
from bot.channels.whatsapp import WhatsAppChannel
from bot.mail.autoresponse import PER_THREAD
from bot.messages import Receipt, Retryable, Uncertain

NOW = datetime.now(UTC)  # Twilio dates what it takes by its own clock


@pytest.fixture
def desk(database):
    return Desk(database, now=NOW)


async def queued(desk, conversation_id, key, *, lane, **values):
    """A reply with the same words as every other."""
    async with desk.database.transaction() as session:
        outbox.enqueue(
            session, key=key, lane=lane, order_key="one", payload={"text": "¿Algo más?"},
            now=desk.now, conversation_id=conversation_id,
        )  # fmt: skip
    async with desk.database.transaction() as session:
        item = (await session.execute(select(OutboxItem).where(OutboxItem.key == key))).scalar_one()
        for name, value in values.items():
            setattr(item, name, value)
        conversation = await session.get_one(Conversation, conversation_id)
    own = {name: getattr(item, name) for name in Claimed.__dataclass_fields__ if name != "place"}
    place = {
        "to": conversation.address, "thread": conversation.thread, "subject": conversation.subject,
        "last_inbound_at": conversation.last_inbound_at,
        "last_inbound_id": conversation.last_inbound_id,
    }  # fmt: skip
    return Claimed(**own, place=place)


async def test_a_message_known_as_another_reply_is_not_the_one_that_got_lost(desk):
    fake = FakeTwilio()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(fake.app)) as http:
        sender = ChannelSender(
            desk.database,
            WhatsAppChannel(
                account_sid=ACCOUNT_SID,
                auth_tokens=(SecretStr(AUTH_TOKEN),),
                from_number=NUMBER,
                public_url="https://ayuda.example",
                http=http,
                api_url="https://twilio.test",
            ),
        )
        conversation_id = await desk.conversation("whatsapp")
        async with desk.database.transaction() as session:
            conversation = await session.get_one(Conversation, conversation_id)
            conversation.address = "+573001112233"
        first = await queued(desk, conversation_id, "turn:1:1:1", lane="whatsapp")
        receipt = await sender.send(first, now=NOW)
        assert isinstance(receipt, Receipt)
        lost = await queued(
            desk, conversation_id, "turn:2:1:1", lane="whatsapp", claimed_until=NOW + CLAIM
        )
        # as long as nobody knows whose it is, it may be this one's
        assert await sender.reconcile(lost, now=NOW) == receipt
        async with desk.database.transaction() as session:
            (await session.get_one(OutboxItem, first.id)).reference = receipt.provider_id

        assert isinstance(await sender.reconcile(lost, now=NOW), Uncertain)
        late = NOW + timedelta(minutes=5)
        assert isinstance(await sender.reconcile(lost, now=late), Retryable)


class Mail:
    name = "email"

    async def send(self, delivery, *, now):
        return Receipt(provider_id="<1@x>")


async def test_mails_that_answer_by_themselves_are_held_until_a_person_shows(desk):
    sender = ChannelSender(desk.database, Mail())
    conversation_id = await desk.conversation("email")
    for number in range(PER_THREAD):
        await queued(
            desk, conversation_id, f"turn:{number}:1:1", lane="email", state="sent",
            finished_at=desk.now,
        )  # fmt: skip
    item = await queued(desk, conversation_id, "turn:9:1:1", lane="email")
    assert isinstance(await sender.send(item, now=desk.now), Retryable)
    notice = await queued(desk, conversation_id, "ticket:PT-1:1:1", lane="email")
    assert isinstance(await sender.send(notice, now=desk.now), Receipt)

    desk.now += timedelta(minutes=1)
    await desk.open(conversation_id)  # what the client confirmed
    assert isinstance(await sender.send(item, now=desk.now), Receipt)
