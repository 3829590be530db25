from collections import Counter
from dataclasses import dataclass

import pytest
from sqlalchemy import select
from support.desk import LEY_2300, TERMS, TUESDAY

from backend.clock import Clock
from backend.contacts.models import Contact
from backend.database import Database
from backend.demo import load
from backend.models import Account, Agent, Conversation, Message, OutboxItem, Survey, Timer
from backend.problems import Conflict
from backend.sla.hours import BusinessHours
from backend.sla.terms import Terms
from backend.tickets.lifecycle import replay
from backend.tickets.models import Ticket, TicketEvent


@dataclass
class Parts:
    database: Database
    clock: Clock = lambda: TUESDAY
    hours: BusinessHours = LEY_2300
    terms: Terms = TERMS


@pytest.mark.slow
async def test_the_demo_is_a_believable_month_that_sends_nothing(database):
    told = await load(Parts(database))
    async with database.transaction() as session:

        async def every(model):
            return (await session.scalars(select(model))).all()

        tickets, surveys, events = (
            await every(Ticket),
            await every(Survey),
            await every(TicketEvent),
        )
        messages, contacts = await every(Message), await every(Contact)
        conversations, outbox = await every(Conversation), await every(OutboxItem)
        accounts, agents, timers = await every(Account), await every(Agent), await every(Timer)

    assert len(accounts) >= 6
    assert len(contacts) >= 24
    assert 55 <= len(tickets) <= 70
    assert f"{len(tickets)} tickets" in told
    assert "one-time password" in told
    assert Counter(agent.role for agent in agents) == {"agent": 4, "admin": 1}
    by_status = Counter(ticket.status for ticket in tickets)
    assert set(by_status) == {"nuevo", "en_curso", "en_espera_del_cliente", "resuelto", "cerrado"}
    assert by_status["cerrado"] > 10
    assert {conversation.channel for conversation in conversations} == {
        "whatsapp", "webchat", "telegram", "email",
    }  # fmt: skip
    scores = [survey.score for survey in surveys if survey.score]
    assert len(scores) > 10
    assert len(set(scores)) > 2
    assert any(ticket.cycle > 1 for ticket in tickets)

    # nothing leaves: neither now nor by a timer that goes off later
    assert {item.state for item in outbox} == {"sent"}
    assert not [message for message in messages if message.delivery == "queued"]
    assert not [timer for timer in timers if timer.kind == "survey" and timer.fired_at is None]
    assert not [survey for survey in surveys if survey.state == "planned"]
    assert all(
        address.endswith(".example") or "demo" in address
        for address in (conversation.address for conversation in conversations)
    )
    # and it is of the past, in order
    assert max(event.at for event in events) <= TUESDAY
    numbers = [ticket.number for ticket in sorted(tickets, key=lambda t: t.created_at)]
    assert numbers == sorted(numbers)
    for ticket in tickets:
        mine = sorted((e for e in events if e.ticket_id == ticket.id), key=lambda e: e.id)
        derived = replay((event.kind, event.data) for event in mine)
        assert (derived.status, derived.version) == (ticket.status, ticket.version)


async def test_an_installation_with_data_is_left_alone(database):
    async with database.transaction() as session:
        session.add(Contact(name="Alguien", created_at=TUESDAY))
    with pytest.raises(Conflict):
        await load(Parts(database))
    async with database.transaction() as session:
        assert (await session.scalars(select(Account))).all() == []
