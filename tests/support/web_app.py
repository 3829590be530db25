"""The web pages on real servers, with a small bot of its own instead of the whole worker."""

import asyncio
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from redis.asyncio import Redis
from sqlalchemy import select, update

from backend.agents import service as agents
from backend.agents.models import Agent
from backend.attachments.models import StoredAttachment
from backend.attachments.store import DirectoryStore
from backend.chat.router import router as chat
from backend.console.router import router as console
from backend.console.security import BrowserSecurity
from backend.contacts import service as contacts
from backend.contacts.models import Contact
from backend.conversations import service as conversations
from backend.conversations.models import Conversation, Message
from backend.conversations.writing import write
from backend.database import Database
from backend.gateway import Gateway
from backend.inbox.models import InboxEvent
from backend.limits import Limits
from backend.live import Live
from backend.outbox.models import OutboxItem
from backend.problem_responses import add_problem_handlers
from backend.settings import Settings
from backend.sla.terms import Terms
from backend.statics import mount_static
from backend.tickets import service as tickets
from bot.channels.webchat import WebChatChannel
from bot.messages import InboundMessage, OutboundMessage


@dataclass
class Parts:
    """What handlers find in ``app.state.runtime``; ``now`` may be set to stop the clock."""

    database: Database
    redis: Redis
    settings: Settings
    attachments: DirectoryStore
    gateway: Gateway = field(default_factory=lambda: Gateway([WebChatChannel()]))
    secret_key: str = "test-key"
    now: datetime | None = None

    def __post_init__(self):
        self.live = Live(self.redis)
        self.limits = Limits(self.redis)
        self.terms = Terms({"incidente": 2}, "America/Bogota", "CO")

    def clock(self):
        return self.now or datetime.now(UTC)

    async def close(self):
        await self.live.close()
        await self.redis.aclose()
        await self.database.dispose()


def make_parts(database_url: str, redis_url: str, directory: Path, **settings) -> Parts:
    values = {"data_dir": directory, "public_url": None} | settings
    return Parts(
        database=Database(database_url, pool_size=5),
        redis=Redis.from_url(redis_url, socket_timeout=20),
        settings=Settings(_env_file=None, **values),
        attachments=DirectoryStore(directory / "attachments"),
    )


def make_app(parts: Parts) -> FastAPI:
    app = FastAPI()
    app.state.runtime = parts
    app.include_router(chat)
    app.include_router(console)
    mount_static(app)
    add_problem_handlers(app)
    app.add_middleware(BrowserSecurity, secure=False)
    return app


async def drain(parts: Parts, answer) -> int:
    """Handle every unread message in order; ``answer(message)`` may be None."""
    handled = 0
    async with parts.database.transaction() as session:
        found = await session.execute(
            select(InboxEvent).where(InboxEvent.state == "new").order_by(InboxEvent.id)
        )
        for event in found.scalars():
            await _turn(parts, session, event, answer)
            handled += 1
    return handled


async def _turn(parts, session, event, answer):
    now = parts.clock()
    message = InboundMessage.model_validate(event.message)
    contact = await contacts.contact_of(
        session, message.channel, message.account, message.sender, now=now
    )
    conversation = await conversations.conversation_of(session, message, contact.id, now=now)
    stored = Message(
        conversation_id=conversation.id,
        author="client",
        kind=message.kind,
        text=message.text,
        payload=message.payload,
        provider_id=message.provider_id,
        inbox_id=event.id,
        at=message.sent_at,
        stored_at=now,
    )
    session.add(stored)
    await session.flush()
    for attachment in message.attachments:
        session.add(
            StoredAttachment(
                message_id=stored.id,
                ref=attachment.ref,
                filename=attachment.filename,
                content_type=attachment.content_type,
                size=attachment.size,
                state="stored",
                stored_as=attachment.stored_as,
                created_at=now,
            )
        )
    conversation.last_message_at = conversation.last_inbound_at = now
    conversation.last_message_text = message.text[:200]
    event.state = "done"
    reply = answer(message)
    if reply is not None and conversation.owner_id is None:
        await write(
            session,
            parts.gateway,
            conversation,
            reply,
            key=f"turn:{stored.id}",
            author="bot",
            now=now,
        )


async def deliver(parts: Parts) -> int:
    """Send what is queued, as the outbox worker does for the web chat."""
    async with parts.database.transaction() as session:
        items = (
            (await session.execute(select(OutboxItem).where(OutboxItem.state == "queued")))
            .scalars()
            .all()
        )
        threads = set()
        for item in items:
            item.state = "sent"
            if item.message_id is None:
                continue
            conversation = await conversations.locked_conversation(session, item.conversation_id)
            threads.add((conversation.thread, conversation.id))
            await session.execute(
                update(Message)
                .where(Message.id == item.message_id)
                .values(delivery="sent", provider_id=item.key)
            )
    for thread, conversation_id in threads:
        parts.live.publish(f"chat:{thread}", {})
        parts.live.publish("console", {"conversation": conversation_id})
    return len(items)


def echo(message: InboundMessage) -> OutboundMessage | None:
    """A bot that repeats."""
    return OutboundMessage(text=f"Usted dijo: {message.text or message.kind}")


@contextmanager
def served(database_url: str, redis_url: str, directory: Path, *, answer=echo, **settings):
    """The pages on a loopback port with a bot that answers at once; yields the address."""
    listener = socket.create_server(("127.0.0.1", 0))
    ready, stop = threading.Event(), threading.Event()

    async def main():
        parts = make_parts(database_url, redis_url, directory, **settings)
        server = uvicorn.Server(
            uvicorn.Config(
                make_app(parts), log_level="warning", timeout_graceful_shutdown=1, lifespan="off"
            )
        )
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            while not stop.is_set() and not serving.done():
                if server.started:
                    ready.set()
                if await drain(parts, answer):
                    await asyncio.sleep(0.1)
                await deliver(parts)
                await asyncio.sleep(0.05)
        finally:
            server.should_exit = True
            await serving
            await parts.close()

    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    if not ready.wait(15):
        raise TimeoutError("the test server did not start")
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stop.set()
        thread.join(15)


async def make_agent(parts: Parts, name="Ana Ruiz", role="agent", password=None) -> Agent:
    """An account; with ``password`` it is set and need not be changed."""
    email = f"{name.split()[0].lower()}@help.example"
    async with parts.database.transaction() as session:
        await agents.create_agent(session, email=email, name=name, role=role, now=parts.clock())
        agent = (await session.execute(select(Agent).where(Agent.email == email))).scalar_one()
        if password is not None:
            agent.password_hash = await agents.passwords.hashed(password)
            agent.must_change_password = False
        return agent


def wait_until(holds, *, seconds=10.0):
    """Poll until it is true."""
    deadline = time.monotonic() + seconds
    while not (result := holds()):
        if time.monotonic() > deadline:
            raise TimeoutError("it did not become true")
        time.sleep(0.05)
    return result


async def make_conversation(
    parts: Parts, *, name="Jorge", channel="webchat", text="Hola", **fields
):
    """A contact with a conversation of one message; returns ``(conversation, contact)``."""
    now = parts.clock()
    async with parts.database.transaction() as session:
        contact = Contact(name=name, language="es", consent="noticed", created_at=now)
        session.add(contact)
        await session.flush()
        conversation = Conversation(
            **{
                "channel": channel,
                "channel_account": channel,
                "thread": f"t{contact.id}",
                "contact_id": contact.id,
                "address": f"t{contact.id}",
                "last_inbound_at": now,
                "last_message_at": now,
                "last_message_text": text,
                "created_at": now,
                **fields,
            }
        )
        session.add(conversation)
        await session.flush()
        session.add(
            Message(
                conversation_id=conversation.id, author="client", text=text, at=now, stored_at=now
            )
        )
    return conversation, contact


async def make_ticket(parts: Parts, conversation, contact, **fields):
    async with parts.database.transaction() as session:
        return await tickets.open_ticket(
            session,
            **{
                "type": "incidente",
                "title": "SAP no abre",
                "description": "SAP no abre desde ayer",
                "slots": {"servicio": "SAP"},
                "urgency": "alta",
                "contact": contact,
                "conversation": conversation,
                "channel": conversation.channel,
                "terms": parts.terms,
                "now": parts.clock(),
                **fields,
            },
        )
