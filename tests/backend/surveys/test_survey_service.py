import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from support.desk import LEY_2300, Desk

from backend.contacts.models import Contact
from backend.conversations import service as conversations
from backend.conversations.models import Conversation
from backend.outbox.models import OutboxItem
from backend.problems import Conflict, Invalid, NotFound
from backend.settings import Settings
from backend.surveys import service as surveys
from backend.surveys.models import Survey

MINUTE = timedelta(minutes=1)


@pytest.fixture
def desk(database):
    return Desk(database)


async def asked(desk, **contact):
    """A conversation, its resolved ticket and the survey that was sent."""
    conversation_id = await desk.conversation(**contact)
    number = await desk.open(conversation_id)
    await desk.resolve(number)
    await desk.fire(after=MINUTE)
    [survey] = await desk.surveys(number)
    return conversation_id, number, survey


async def open_survey(desk, conversation_id):
    async with desk.database.transaction() as session:
        conversation = await session.get_one(Conversation, conversation_id)
        return await surveys.open_survey(session, conversation, now=desk.now)


async def contact_of(desk, conversation_id):
    async with desk.database.transaction() as session:
        conversation = await session.get_one(Conversation, conversation_id)
        return await session.get_one(Contact, conversation.contact_id)


async def change(desk, model, model_id, **values):
    async with desk.database.transaction() as session:
        await session.execute(update(model).where(model.id == model_id).values(**values))


async def test_the_survey_comes_after_its_delay_with_five_choices(desk):
    number = await desk.open()
    await desk.resolve(number)
    await desk.fire(after=timedelta(seconds=59))
    assert (await desk.surveys(number))[0].state == "planned"
    await desk.fire(after=timedelta(seconds=1))
    [survey] = await desk.surveys(number)
    assert (survey.state, survey.sent_at) == ("sent", desk.now)
    message = (await desk.messages())[-1]
    assert survey.message_id == message.id
    assert message.author == "bot"
    assert number in message.text
    assert [choice["id"] for choice in message.choices] == [f"csat:{n}" for n in range(1, 6)]
    item = (await desk.outbox("webchat"))[-1]
    assert (item.payload["template"], item.payload["variables"]) == ("survey", {"1": number})


async def test_the_timer_going_off_twice_asks_once(desk):
    _conversation_id, _number, survey = await asked(desk)
    said = await desk.texts()
    rules = surveys.SurveyRules.from_settings(Settings(_env_file=None, contact_hours="always"))
    async with desk.database.transaction() as session:
        await surveys.send_due(session, desk.gateway, survey.id, desk.now, rules=rules)
        await surveys.send_due(session, desk.gateway, 999_999, desk.now, rules=rules)
    assert await desk.texts() == said


async def test_at_night_it_waits_for_the_morning(desk):
    desk.hours = LEY_2300
    desk.now = datetime(2026, 11, 28, 21, 0, tzinfo=UTC)  # Saturday, four in the afternoon
    number = await desk.open(await desk.conversation(channel="email"))
    await desk.resolve(number)
    await desk.fire(after=MINUTE)
    [survey] = await desk.surveys(number)
    assert survey.state == "planned"
    assert "Ley 2300" in survey.reason
    desk.now = datetime(2026, 11, 30, 11, 59, 59, tzinfo=UTC)  # Monday, a second before seven
    await desk.fire()
    assert (await desk.surveys(number))[0].state == "planned"
    await desk.fire(after=timedelta(seconds=1))
    assert (await desk.surveys(number))[0].state == "sent"


async def test_a_closed_ticket_is_still_asked_about(desk):
    desk.hours = LEY_2300
    desk.now = datetime(2026, 11, 28, 21, 0, tzinfo=UTC)
    number = await desk.open(await desk.conversation(channel="email"))
    await desk.resolve(number)
    async with desk.ticket(number) as (_session, ticket):
        ticket.status = "cerrado"
    desk.now = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
    await desk.fire()
    assert (await desk.surveys(number))[0].state == "sent"


async def test_our_own_page_asks_at_any_hour(desk):
    desk.hours = LEY_2300
    desk.now = datetime(2026, 11, 29, 3, 0, tzinfo=UTC)  # Saturday, ten at night
    number = await desk.open()
    await desk.resolve(number)
    await desk.fire(after=MINUTE)
    assert (await desk.surveys(number))[0].state == "sent"


async def test_reopening_before_it_is_due_cancels_it(desk):
    number = await desk.open()
    await desk.resolve(number)
    await desk.reopen(number)
    await desk.fire(after=MINUTE)
    [survey] = await desk.surveys(number)
    assert (survey.state, survey.reason) == ("cancelled", "el caso se reabrió")
    assert not any("califica" in text for text in await desk.texts())


async def test_reopening_withdraws_a_question_that_has_not_left(desk):
    conversation_id, number, survey = await asked(desk)
    await desk.reopen(number)
    item = next(i for i in await desk.outbox() if i.key == f"survey:{survey.id}:1")
    message = next(m for m in await desk.messages() if m.id == survey.message_id)
    assert item.state == "cancelled"
    assert (message.delivery, message.delivery_note) == ("not_sent", "el caso se reabrió")
    assert await open_survey(desk, conversation_id) is None
    await desk.resolve(number)
    await desk.fire(after=MINUTE)
    assert [s.state for s in await desk.surveys(number)] == ["cancelled", "sent"]


async def test_what_has_left_stays_as_it_is(desk):
    _conversation_id, number, survey = await asked(desk)
    async with desk.database.transaction() as session:
        await session.execute(update(OutboxItem).values(state="sent"))
    await desk.reopen(number)
    assert {item.state for item in await desk.outbox()} >= {"sent"}
    assert next(m for m in await desk.messages() if m.id == survey.message_id).delivery == "queued"
    assert (await desk.surveys(number))[0].state == "cancelled"


async def test_twenty_resolutions_at_once_ask_one_person_once(desk):
    conversation_id = await desk.conversation()
    contact_id = (await contact_of(desk, conversation_id)).id
    numbers = [  # each in a conversation of its own, so that no conversation lock helps
        await desk.open(await desk.conversation(contact_id=contact_id)) for _ in range(10)
    ]
    for number in numbers:
        await desk.resolve(number)
    desk.now += MINUTE
    await asyncio.gather(*(desk.fire() for _ in range(4)))
    found = [(await desk.surveys(number))[0] for number in numbers]
    assert sorted(survey.state for survey in found) == ["sent"] + ["suppressed"] * 9
    assert all(survey.reason for survey in found if survey.state == "suppressed")


async def test_a_cooldown_spares_who_was_asked_lately(desk):
    desk.cooldown = timedelta(days=7)
    conversation_id, _number, survey = await asked(desk)
    await desk.answer(survey.id, score=5, finished=True)
    second = await desk.open(conversation_id)
    await desk.resolve(second)
    await desk.fire(after=timedelta(days=1))
    assert (await desk.surveys(second))[0].state == "suppressed"
    third = await desk.open(conversation_id)
    desk.now += timedelta(days=7)
    await desk.resolve(third)
    await desk.fire(after=MINUTE)
    assert (await desk.surveys(third))[0].state == "sent"


@pytest.mark.parametrize(
    ("contact", "word"),
    [
        ({"consent": "refused"}, "autorizó"),
        ({"opted_out_at": datetime(2026, 1, 1, tzinfo=UTC)}, "no recibir"),
    ],
)
async def test_who_does_not_want_it_is_not_asked(desk, contact, word):
    _, _number, survey = await asked(desk, **contact)
    assert survey.state == "suppressed"
    assert word in survey.reason
    assert not any("califica" in text for text in await desk.texts())


async def test_the_resolving_agent_hands_back_to_the_bot_another_one_does_not(desk):
    ana, luis = await desk.agent("Ana"), await desk.agent("Luis")
    mine, others = await desk.conversation(), await desk.conversation()
    numbers = {}
    for conversation_id, owner in ((mine, ana), (others, luis)):
        async with desk.database.transaction() as session:
            await conversations.claim(session, conversation_id, owner, now=desk.now)
        numbers[conversation_id] = await desk.open(conversation_id)
        await desk.resolve(numbers[conversation_id], agent_id=ana)
    await desk.fire(after=MINUTE)
    assert (await desk.surveys(numbers[mine]))[0].state == "sent"
    assert (await desk.surveys(numbers[others]))[0].state == "planned"
    async with desk.database.transaction() as session:
        assert (await session.get_one(Conversation, mine)).owner_id is None
        assert (await session.get_one(Conversation, others)).owner_id == luis
        await conversations.release(session, others, luis)
    await desk.fire(after=timedelta(minutes=15))
    assert (await desk.surveys(numbers[others]))[0].state == "sent"


async def test_who_waits_for_a_person_is_not_asked_meanwhile(desk):
    conversation_id = await desk.conversation()
    number = await desk.open(conversation_id)
    await desk.resolve(number)
    await change(desk, Conversation, conversation_id, waiting_since=desk.now)
    await desk.fire(after=MINUTE)
    assert (await desk.surveys(number))[0].state == "planned"
    for _ in range(4):
        await desk.fire(after=timedelta(days=1))
    [survey] = await desk.surveys(number)
    assert (survey.state, survey.reason) == (
        "suppressed",
        "pasó demasiado tiempo desde la solución",
    )


# --- answers --------------------------------------------------------------------------------


async def test_score_and_comment_are_stored_and_close_the_survey(desk):
    conversation_id, number, survey = await asked(desk)
    assert (await open_survey(desk, conversation_id)).id == survey.id
    await desk.answer(survey.id, score=4)
    waiting = await open_survey(desk, conversation_id)
    assert (waiting.state, waiting.score, waiting.finished_at) == ("answered", 4, None)
    await desk.answer(survey.id, score=4, comment="Se demoraron", finished=True)
    [stored] = await desk.surveys(number)
    assert (stored.score, stored.comment, stored.finished_at) == (4, "Se demoraron", desk.now)
    assert stored.raw == "4\n4"
    assert await open_survey(desk, conversation_id) is None


async def test_a_score_may_be_corrected_until_the_end(desk):
    _, number, survey = await asked(desk)
    await desk.answer(survey.id, score=5)
    await desk.answer(survey.id, score=2, finished=True)
    assert (await desk.surveys(number))[0].score == 2
    with pytest.raises(Conflict):
        await desk.answer(survey.id, score=5)
    assert (await desk.surveys(number))[0].score == 2


async def test_an_answer_nobody_understood_is_no_answer(desk):
    _, number, survey = await asked(desk)
    await desk.answer(survey.id, finished=True)
    assert (await desk.surveys(number))[0].state == "expired"


@pytest.mark.parametrize("score", [0, 6, -1])
async def test_a_score_is_from_1_to_5(desk, score):
    _, _, survey = await asked(desk)
    with pytest.raises(Invalid):
        await desk.answer(survey.id, score=score)


async def test_only_the_person_asked_may_answer(desk):
    _, number, survey = await asked(desk)
    stranger = (await contact_of(desk, await desk.conversation())).id
    for survey_id, contact_id in ((survey.id, stranger), (999_999, survey.contact_id)):
        async with desk.database.transaction() as session:
            with pytest.raises(NotFound):
                await surveys.record_answer(
                    session, survey_id, contact_id=contact_id, score=5, comment=None, raw="5",
                    finished=True, now=desk.now,
                )  # fmt: skip
    assert (await desk.surveys(number))[0].score is None


async def test_no_answer_expires_and_takes_none_after(desk):
    conversation_id, number, survey = await asked(desk)
    await desk.fire(after=timedelta(days=2, hours=23))
    assert await open_survey(desk, conversation_id) is not None
    await desk.fire(after=timedelta(hours=1))
    [stored] = await desk.surveys(number)
    assert (stored.state, stored.finished_at) == ("expired", desk.now)
    assert await open_survey(desk, conversation_id) is None
    with pytest.raises(Conflict):
        await desk.answer(survey.id, score=5)


async def test_a_score_without_its_comment_counts_and_ends_quietly(desk):
    conversation_id, number, survey = await asked(desk)
    await desk.answer(survey.id, score=3)
    desk.now += surveys.COMMENT_AWAITED
    assert await open_survey(desk, conversation_id) is None
    await desk.fire(after=timedelta(days=3))
    [stored] = await desk.surveys(number)
    assert (stored.state, stored.score) == ("answered", 3)
    assert stored.finished_at is not None


async def test_a_question_that_never_arrived_waits_for_nothing(desk):
    conversation_id, number, survey = await asked(desk)
    async with desk.database.transaction() as session:
        await surveys.delivery_failed(
            session, survey.message_id, reason="ventana cerrada", now=desk.now
        )
    [stored] = await desk.surveys(number)
    assert (stored.state, stored.reason) == ("failed", "ventana cerrada")
    assert await open_survey(desk, conversation_id) is None


async def test_the_last_question_asked_in_a_conversation_is_the_open_one(desk):
    conversation_id, _, first = await asked(desk)
    await desk.answer(first.id, score=5)
    number = await desk.open(conversation_id)
    await desk.resolve(number)
    await desk.fire(after=MINUTE)
    async with desk.database.transaction() as session:
        newest = (await session.scalars(select(Survey).order_by(Survey.id.desc()).limit(1))).one()
    assert newest.state == "sent"
    assert (await open_survey(desk, conversation_id)).id == newest.id
