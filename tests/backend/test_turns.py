"""A message of a client becomes a turn: rows, replies, CRM log, once."""

import asyncio
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from support.stack import WORKDAY, Stack, running_stack

from backend.accounts.models import Account, Interaction
from backend.agents.models import Agent
from backend.console.queries import CrmLog, crm_log
from backend.contacts.models import ConsentRecord, Contact
from backend.conversations.models import Conversation, Message, TicketDraft
from backend.conversations.service import answer, claim, release
from backend.inbox.models import InboxEvent
from backend.inbox.service import receive, replay
from backend.outbox.models import OutboxItem
from backend.tickets.models import Ticket
from bot.messages import InboundMessage, Sender


@pytest.fixture
async def stack(database_url: str, tmp_path: Path):
    async with running_stack(database_url, tmp_path) as stack:
        yield stack


async def says(stack: Stack, text: str, *, visitor: str = "v1", **fields) -> list[str]:
    """Write as a visitor of the web chat; what is answered."""
    before = len(await stack.rows(Message))
    message = InboundMessage(
        channel="webchat",
        account="webchat",
        provider_id=str(uuid.uuid4()),
        thread=visitor,
        sender=Sender(external_id=visitor),
        text=text,
        sent_at=stack.now,
        **fields,
    )
    await receive(stack.runtime.database, message, b"{}", now=stack.now)
    await stack.settle()
    return [m.text for m in (await stack.rows(Message))[before:] if m.author == "bot"]


PROBLEM = "Buenos días, la VPN no conecta desde esta mañana, somos 20 personas sin trabajar"


async def test_a_problem_becomes_a_ticket_with_its_log(stack: Stack) -> None:
    greeting, summary = await says(stack, PROBLEM)
    assert "inteligencia artificial" in greeting
    assert "VPN" in summary
    [draft] = await stack.rows(TicketDraft)
    assert draft.type == "incidente"
    [opened] = await says(stack, "sí")
    assert "PT-2026-000001" in opened
    assert "miércoles 25 de noviembre" in opened
    [ticket] = await stack.rows(Ticket)
    assert (ticket.type, ticket.status, ticket.channel) == ("incidente", "nuevo", "webchat")
    assert ticket.slots["servicio"] == "VPN"
    assert await stack.rows(TicketDraft) == []
    assert {m.delivery for m in await stack.rows(Message, Message.author == "bot")} == {"sent"}
    interactions = await stack.rows(Interaction)
    assert [i.ticket_id for i in interactions] == [None, ticket.id]
    assert all(i.crm_reference for i in interactions)
    assert {c.consent for c in await stack.rows(ConsentRecord)} == {"noticed", "granted"}


async def test_ten_messages_at_once_make_one_contact_conversation_and_draft(stack: Stack) -> None:
    def album(n: int) -> InboundMessage:
        return InboundMessage(
            channel="webchat",
            account="webchat",
            provider_id=f"m{n}",
            thread="v1",
            sender=Sender(external_id="v1"),
            text=f"{PROBLEM} ({n})",
            sent_at=stack.now,
        )

    await asyncio.gather(
        *(receive(stack.runtime.database, album(n), b"{}", now=stack.now) for n in range(10))
    )
    drain = stack.worker.drainer.drain
    await asyncio.gather(*(drain(1) for _ in range(4)))  # as many workers as can be wrong
    assert len(await stack.rows(Contact)) == 1
    assert len(await stack.rows(Conversation)) == 1
    assert len(await stack.rows(TicketDraft)) + len(await stack.rows(Ticket)) == 1
    inbound = await stack.rows(Message, Message.author == "client")
    events = {e.id: e.number for e in await stack.rows(InboxEvent)}
    assert [events[m.inbox_id] for m in inbound] == [*range(1, 11)]
    keys = [item.key for item in await stack.rows(OutboxItem, OutboxItem.lane == "webchat")]
    assert {key.split(":")[1] for key in keys} == {str(m.id) for m in inbound}


async def test_a_poison_message_dies_alone_and_can_be_replayed(stack: Stack) -> None:
    await receive(stack.runtime.database, _text("v1", "hola"), b"{}", now=stack.now)
    async with stack.runtime.database.transaction() as session:
        event = (await session.execute(select(InboxEvent))).scalar_one()
        event.message = {"channel": "webchat"}  # unreadable, as after a bad upgrade
    assert await says(stack, "hola, buenas", visitor="v2")
    for _ in range(6):
        await stack.after(timedelta(seconds=20))
    [dead] = await stack.rows(InboxEvent, InboxEvent.state == "dead")
    assert dead.attempts == 5
    assert "ValidationError" in dead.error
    assert await says(stack, "¿hay alguien?", visitor="v1")  # the next one is not held up
    async with stack.runtime.database.transaction() as session:
        mended = await session.get_one(InboxEvent, dead.id)
        mended.message = _text("v1", "hola").model_dump(mode="json")
        await replay(session, dead.id)
    await stack.settle()
    assert await stack.rows(InboxEvent, InboxEvent.state != "done") == []


async def test_without_a_model_a_person_is_called_and_nothing_is_lost(
    database_url: str, tmp_path: Path
) -> None:
    async with running_stack(database_url, tmp_path, model_dir=tmp_path / "none") as stack:
        replies = await says(stack, PROBLEM)
        [conversation] = await stack.rows(Conversation)
        assert conversation.waiting_since is not None
        assert replies
        assert not any("Traceback" in reply for reply in replies)


async def test_the_bot_is_silent_while_an_agent_owns_the_conversation(stack: Stack) -> None:
    await says(stack, "hola")
    [conversation] = await stack.rows(Conversation)
    async with stack.runtime.database.transaction() as session:
        agent = Agent(
            email="ana@periferia.example", name="Ana", role="agent", password_hash="x",
            created_at=stack.now,
        )  # fmt: skip
        session.add(agent)
        await session.flush()
        await answer(
            session, stack.runtime.gateway, conversation.id, agent.id, "Hola, soy Ana",
            key="k1", now=stack.now,
        )  # fmt: skip
        await answer(
            session, stack.runtime.gateway, conversation.id, agent.id, "Hola, soy Ana",
            key="k1", now=stack.now,
        )  # fmt: skip
    assert await says(stack, "la VPN no funciona") == []
    assert len(await stack.rows(Message, Message.author == "agent")) == 1
    async with stack.runtime.database.transaction() as session:
        await release(session, conversation.id, agent.id)
    assert await says(stack, "sigo con el problema de la VPN, no conecta")


async def test_a_reply_not_sent_yet_is_withdrawn_when_a_person_takes_over(stack: Stack) -> None:
    await receive(stack.runtime.database, _text("v1", "hola"), b"{}", now=stack.now)
    await stack.worker.drainer.drain(1)
    [conversation] = await stack.rows(Conversation)
    async with stack.runtime.database.transaction() as session:
        agent = Agent(
            email="ana@periferia.example", name="Ana", role="agent", password_hash="x",
            created_at=stack.now,
        )  # fmt: skip
        session.add(agent)
        await session.flush()
        await claim(session, conversation.id, agent.id, now=stack.now)
    await stack.settle()
    assert {m.delivery for m in await stack.rows(Message, Message.author == "bot")} == {"not_sent"}


def _text(visitor: str, text: str) -> InboundMessage:
    return InboundMessage(
        channel="webchat",
        account="webchat",
        provider_id=str(uuid.uuid4()),
        thread=visitor,
        sender=Sender(external_id=visitor),
        text=text,
        sent_at=WORKDAY,
    )


async def test_the_console_says_how_much_reached_the_crm(stack: Stack) -> None:
    await says(stack, PROBLEM)
    await says(stack, "sí")
    async with stack.runtime.database.transaction() as session:
        [conversation] = await stack.rows(Conversation)
        assert await crm_log(session, conversation.id) == CrmLog(logged=2, waiting=0, failed=0)
        item = (
            await session.execute(
                select(OutboxItem).where(OutboxItem.key.startswith("crm:interaction:")).limit(1)
            )
        ).scalar_one()
        interaction = await session.get_one(Interaction, item.payload["id"])
        interaction.crm_reference, item.state = None, "failed"
        await session.flush()
        assert await crm_log(session, conversation.id) == CrmLog(logged=1, waiting=0, failed=1)


async def test_the_names_of_the_sender_s_account_are_known(stack: Stack) -> None:
    await says(stack, "hola")
    [contact] = await stack.rows(Contact)
    async with stack.runtime.database.transaction() as session:
        account = Account(
            name="Lácteos La Ceja", services=["Zafiro"], projects=["Andes Norte"],
            contracts=["MSA-77"], created_at=stack.now,
        )  # fmt: skip
        session.add(account)
        await session.flush()
        (await session.get_one(Contact, contact.id)).account_id = account.id
    await says(stack, "el zafíro no abre, es del proyecto andes norte, contrato msa-77")
    *_, message = await stack.rows(Message, Message.author == "client")
    assert message.understanding is not None
    found = {(e["type"], e["value"]) for e in message.understanding["entities"]}
    assert {("servicio", "Zafiro"), ("servicio", "Andes Norte"), ("contrato", "MSA-77")} <= found
