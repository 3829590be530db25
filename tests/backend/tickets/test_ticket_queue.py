"""A client queued for a person because of a ticket leaves the queue with it."""

from datetime import timedelta

import pytest
from support.desk import Desk

from backend.conversations import service as conversations
from backend.conversations.models import Conversation
from backend.tickets import service as tickets


@pytest.fixture
def desk(database):
    return Desk(database)


async def queue(desk, conversation_id):
    async with desk.database.transaction() as session:
        conversation = await session.get_one(Conversation, conversation_id)
        conversations.wait_for_agent(conversation, reason="No abre SAP", urgent=True, now=desk.now)


async def read(desk, conversation_id):
    async with desk.database.transaction() as session:
        return await session.get_one(Conversation, conversation_id)


async def test_the_survey_of_an_urgent_ticket_is_not_put_off_by_its_own_urgency(desk):
    conversation_id = await desk.conversation()
    number = await desk.open(conversation_id)
    await queue(desk, conversation_id)  # in the same turn
    desk.now += timedelta(minutes=5)
    await desk.resolve(number)

    conversation = await read(desk, conversation_id)
    assert (conversation.waiting_since, conversation.waiting_reason) == (None, None)
    assert not conversation.urgent
    await desk.fire(after=timedelta(minutes=2))
    [survey] = await desk.surveys(number)
    assert survey.state == "sent"


async def test_closing_it_unsolved_ends_the_wait_too(desk):
    conversation_id = await desk.conversation()
    number = await desk.open(conversation_id)
    await queue(desk, conversation_id)
    async with desk.ticket(number) as (session, ticket):
        await tickets.close(
            session, ticket, reason="Repetido", actor="agent", gateway=desk.gateway, now=desk.now
        )

    assert (await read(desk, conversation_id)).waiting_since is None


async def test_who_asked_for_a_person_about_something_else_goes_on_waiting(desk):
    conversation_id = await desk.conversation()
    number = await desk.open(conversation_id)
    desk.now += timedelta(minutes=5)
    await queue(desk, conversation_id)
    await desk.resolve(number)

    conversation = await read(desk, conversation_id)
    assert conversation.waiting_since == desk.now
    assert conversation.urgent
