import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from support.desk import TERMS, Desk

from backend.accounts import crm_payloads
from backend.accounts.models import Interaction
from backend.contacts.models import Contact
from backend.conversations.models import Conversation
from backend.problems import Conflict, Invalid, NotFound
from backend.sla.terms import due_date
from backend.tickets import service as tickets
from backend.tickets.lifecycle import replay
from backend.tickets.models import TicketConversation
from integrations import crm


@pytest.fixture
def desk(database):
    return Desk(database)


async def test_a_ticket_gets_number_term_event_link_and_crm_row(desk):
    conversation_id = await desk.conversation()
    number = await desk.open(conversation_id, kind="peticion")
    ticket = await desk.read(number)
    assert number == "PT-2026-000001"
    assert (ticket.status, ticket.version, ticket.cycle, ticket.priority) == (
        "nuevo", 1, 1, "media",
    )  # fmt: skip
    assert ticket.due_at == due_date(desk.now, 15)
    assert ticket.slots == {"servicio": "SAP"}
    [event] = await desk.events(number)
    assert (event.kind, event.actor) == ("opened", "bot")
    async with desk.database.transaction() as session:
        assert await session.get(TicketConversation, (ticket.id, conversation_id))
    [row] = await desk.outbox("crm")
    assert (row.key, row.payload) == (
        f"crm:ticket:{number}:1",
        {"what": "ticket", "number": number},
    )
    assert await desk.texts() == []  # the dialogue answers by itself


async def test_numbers_count_by_local_year_without_gaps(desk):
    desk.now = datetime(2027, 1, 1, 4, 59, tzinfo=UTC)  # still 2026 in Bogotá
    assert await desk.open() == "PT-2026-000001"
    desk.now = datetime(2027, 1, 1, 5, 0, tzinfo=UTC)
    assert await desk.open() == "PT-2027-000001"
    async with AsyncSession(desk.database.engine) as session:  # never committed
        contact = (await session.scalars(select(Contact).limit(1))).one()
        await tickets.open_ticket(
            session, type="queja", title="x", description="x", slots={}, urgency="baja",
            contact=contact, conversation=None, channel="api", terms=TERMS, now=desk.now,
        )  # fmt: skip
    assert await desk.open() == "PT-2027-000002"


async def test_twenty_at_once_get_twenty_numbers(desk):
    numbers = await asyncio.gather(*(desk.open() for _ in range(20)))
    assert sorted(numbers) == [f"PT-2026-{n:06d}" for n in range(1, 21)]


async def test_a_ticket_filed_by_an_agent_is_confirmed_in_writing(desk):
    conversation_id = await desk.conversation()
    async with desk.database.transaction() as session:
        conversation = await session.get_one(Conversation, conversation_id)
        contact = await session.get_one(Contact, conversation.contact_id)
        for kind in ("peticion", "denuncia"):  # the second has no term here
            await tickets.open_ticket(
                session, type=kind, title="Paz y salvo", description="Lo pide por teléfono",
                slots={}, urgency="media", contact=contact, conversation=conversation,
                channel="webchat", terms=TERMS, actor="agent", gateway=desk.gateway, now=desk.now,
            )  # fmt: skip
    with_term, without = await desk.texts(conversation_id)
    assert "PT-2026-000001" in with_term
    assert "miércoles 16 de diciembre" in with_term
    assert "PT-2026-000002" in without


# --- assignment, progress, waiting ----------------------------------------------------------


async def assign(desk, number, assignee_id):
    async with desk.ticket(number) as (session, ticket):
        await tickets.assign(
            session, ticket, assignee_id=assignee_id, agent_id=None, gateway=desk.gateway,
            now=desk.now,
        )  # fmt: skip


async def set_status(desk, number, status, note="", **more):
    async with desk.ticket(number) as (session, ticket):
        await tickets.set_status(
            session, ticket, status, note=note, agent_id=None, gateway=desk.gateway, now=desk.now,
            **more,
        )  # fmt: skip


async def test_the_client_is_told_who_is_in_charge_the_first_time_only(desk):
    number = await desk.open()
    ana, luis = await desk.agent("Ana Ruiz"), await desk.agent("Luis Mora")
    await assign(desk, number, ana)
    await assign(desk, number, ana)
    await assign(desk, number, luis)
    await assign(desk, number, None)
    assert [text for text in await desk.texts() if "a cargo" in text] == [
        f"Ana Ruiz está a cargo de su caso {number}. Le avisamos por aquí cuando haya novedades."
    ]
    assert [event.kind for event in await desk.events(number)] == [
        "opened", "assigned", "assigned", "unassigned",
    ]  # fmt: skip
    assert (await desk.read(number)).assignee_id is None


async def test_only_an_active_agent_can_be_in_charge(desk):
    number = await desk.open()
    for stranger in (999_999, await desk.agent("Ya no está", active=False)):
        with pytest.raises(Invalid):
            await assign(desk, number, stranger)
    assert (await desk.read(number)).version == 1


async def test_that_work_begins_is_told_once(desk):
    told, known = await desk.open(), await desk.open()
    await set_status(desk, told, "en_curso")
    await assign(desk, known, await desk.agent())
    await set_status(desk, known, "en_curso")
    texts = await desk.texts()
    assert [told in text and "en manos" in text for text in texts] == [True, False]
    assert len(texts) == 2  # the second knows already that Ana is in charge


async def test_a_question_waits_for_the_client_and_the_answer_goes_on(desk):
    number = await desk.open()
    with pytest.raises(Invalid):
        await set_status(desk, number, "en_espera_del_cliente", note="  ")
    await set_status(desk, number, "en_espera_del_cliente", note="¿Qué versión usa?")
    assert (await desk.texts())[-1].endswith("¿Qué versión usa?")
    async with desk.ticket(number) as (session, ticket):
        await tickets.add_information(session, ticket, "La 10", actor="client", now=desk.now)
    ticket = await desk.read(number)
    last = (await desk.events(number))[-1]
    assert ticket.status == "en_curso"
    assert (last.kind, last.text, last.public) == ("client_added", "La 10", False)


async def test_status_is_set_only_to_what_agents_do(desk):
    number = await desk.open()
    for status in ("nuevo", "resuelto", "cerrado", "otro"):
        with pytest.raises(Invalid):
            await set_status(desk, number, status)
    await set_status(desk, number, "en_curso")
    with pytest.raises(Conflict) as refused:
        await set_status(desk, number, "en_curso")
    assert refused.value.extra["state"] == "en_curso"


# --- resolution, reopening, closing ---------------------------------------------------------


async def test_resolving_tells_the_client_how_and_plans_survey_and_closing(desk):
    agent_id = await desk.agent()
    number = await desk.open()
    await desk.resolve(number, agent_id=agent_id, reason="Se reinició el servidor")
    ticket = await desk.read(number)
    assert (ticket.status, ticket.resolution) == ("resuelto", "Se reinició el servidor")
    assert (ticket.resolved_at, ticket.resolved_by_id) == (desk.now, agent_id)
    [message] = await desk.messages()
    assert "Se reinició el servidor" in message.text
    assert "reabrimos" in message.text
    assert message.author == "system"
    [survey] = await desk.surveys(number)
    assert (survey.state, survey.cycle, survey.agent_id) == ("planned", 1, agent_id)
    assert survey.due_at == desk.now + timedelta(seconds=60)


async def test_a_second_resolution_is_a_conflict_that_says_the_state(desk):
    number = await desk.open()
    results = await asyncio.gather(
        *(desk.resolve(number) for _ in range(5)), return_exceptions=True
    )
    refused = [result for result in results if isinstance(result, Conflict)]
    assert len(refused) == 4
    assert {problem.extra["state"] for problem in refused} == {"resuelto"}
    assert len(await desk.surveys(number)) == 1
    assert len(await desk.texts()) == 1


async def test_resolving_needs_a_reason(desk):
    number = await desk.open()
    with pytest.raises(Invalid):
        await desk.resolve(number, reason=" ")


async def test_a_stale_version_is_a_conflict(desk):
    number = await desk.open()
    await set_status(desk, number, "en_curso", version=1)
    with pytest.raises(Conflict) as refused:
        await desk.resolve(number, version=1)
    assert refused.value.extra == {"state": "en_curso", "version": 2}
    await desk.resolve(number, version=2)


async def test_reopening_by_the_client_starts_a_cycle_and_says_nothing_itself(desk):
    number = await desk.open()
    await assign(desk, number, await desk.agent())
    await desk.resolve(number)
    said = len(await desk.texts())
    await desk.reopen(number)
    ticket = await desk.read(number)
    assert (ticket.status, ticket.cycle) == ("en_curso", 2)
    assert (ticket.resolved_at, ticket.resolution) == (None, None)
    assert len(await desk.texts()) == said
    with pytest.raises(Conflict):
        await desk.reopen(number)


async def test_reopening_by_an_agent_is_told(desk):
    number = await desk.open()
    await desk.resolve(number)
    await desk.reopen(number, actor="agent", gateway=desk.gateway)
    assert (await desk.texts())[-1].startswith(f"Reabrimos su caso {number}")


async def test_a_resolved_ticket_closes_by_itself_without_a_word(desk):
    number = await desk.open()
    await desk.resolve(number)
    await desk.fire(after=timedelta(days=4, hours=23))
    assert (await desk.read(number)).status == "resuelto"
    said = await desk.texts()
    await desk.fire(after=timedelta(hours=1))
    ticket = await desk.read(number)
    assert (ticket.status, ticket.closed_at) == ("cerrado", desk.now)
    assert (await desk.events(number))[-1].actor == "system"
    assert await desk.texts() == said


async def test_the_closing_of_an_old_cycle_does_nothing(desk):
    number = await desk.open()
    await desk.resolve(number)
    await desk.reopen(number)
    desk.now += timedelta(days=1)
    await desk.resolve(number)
    await desk.fire(after=timedelta(days=4, hours=12))
    assert (await desk.read(number)).status == "resuelto"
    async with desk.database.transaction() as session:
        await tickets.close_due(session, number, 1, desk.now)
    assert (await desk.read(number)).status == "resuelto"


async def test_closing_what_was_never_solved_is_told_by_agents_only(desk):
    by_agent, by_client = await desk.open(), await desk.open()
    for number, actor, gateway in (
        (by_agent, "agent", desk.gateway),
        (by_client, "client", None),
    ):
        async with desk.ticket(number) as (session, ticket):
            await tickets.close(
                session, ticket, reason="Ya no", actor=actor, gateway=gateway, now=desk.now
            )
    [told] = await desk.texts()
    assert by_agent in told
    assert await desk.surveys(by_client) == []


async def test_escalating_raises_the_priority_of_open_tickets(desk):
    number = await desk.open()
    async with desk.ticket(number) as (session, ticket):
        await tickets.escalate(session, ticket, reason="Urge", actor="client", now=desk.now)
    assert (await desk.read(number)).priority == "alta"
    await desk.resolve(number)
    with pytest.raises(Conflict):
        async with desk.ticket(number) as (session, ticket):
            await tickets.escalate(session, ticket, reason="Urge", actor="client", now=desk.now)


# --- notes, corrections, merges -------------------------------------------------------------


async def test_a_public_note_is_told_and_an_internal_one_is_not(desk):
    number = await desk.open()
    for public in (False, True):
        async with desk.ticket(number) as (session, ticket):
            await tickets.add_note(
                session, ticket, f"Nota {public}", public=public, agent_id=None,
                gateway=desk.gateway, now=desk.now,
            )  # fmt: skip
    assert await desk.texts() == [f"Novedad de su caso {number}: Nota True"]


async def test_a_correction_keeps_what_was_before_and_moves_the_term(desk):
    number = await desk.open(kind="incidente")
    changes = {"type": "peticion", "title": "No abre SAP"}
    async with desk.ticket(number) as (session, ticket):
        await tickets.patch(session, ticket, changes, agent_id=None, terms=TERMS, now=desk.now)
        await tickets.patch(session, ticket, changes, agent_id=None, terms=TERMS, now=desk.now)
    ticket = await desk.read(number)
    _opened, edited = await desk.events(number)
    assert edited.data == {"changes": {"type": ["incidente", "peticion"]}}
    assert ticket.due_at == due_date(ticket.created_at, 15)
    assert ticket.version == 2


async def merge(desk, number, into):
    async with desk.database.transaction() as session:
        await tickets.merge(
            session, await tickets.by_number(session, number),
            await tickets.by_number(session, into), agent_id=None, gateway=desk.gateway,
            now=desk.now,
        )  # fmt: skip


async def test_merging_keeps_everything_and_tells_once(desk):
    first_conversation = await desk.conversation()
    async with desk.database.transaction() as session:
        contact_id = (await session.get_one(Conversation, first_conversation)).contact_id
    second_conversation = await desk.conversation(contact_id=contact_id)
    target = await desk.open(first_conversation)
    source = await desk.open(second_conversation, title="SAP sigue caído")
    await desk.resolve(source)
    said = len(await desk.texts())
    await merge(desk, source, target)
    gone, kept = await desk.read(source), await desk.read(target)
    assert (gone.status, gone.merged_into_id) == ("cerrado", kept.id)
    assert (await desk.events(source))[-1].data["into"] == target
    absorbed = (await desk.events(target))[-1]
    assert absorbed.data["number"] == source
    assert "SAP sigue caído" in absorbed.text
    [survey] = await desk.surveys(source)
    assert survey.state == "cancelled"
    async with desk.database.transaction() as session:
        linked = await session.scalars(
            select(TicketConversation.conversation_id).where(
                TicketConversation.ticket_id == kept.id
            )
        )
        assert set(linked) == {first_conversation, second_conversation}
    [told] = (await desk.texts())[said:]
    assert source in told
    assert target in told
    for refused in (lambda: desk.reopen(source), lambda: merge(desk, source, target)):
        with pytest.raises(Conflict):
            await refused()
    async with desk.ticket(source) as (session, ticket):
        took = await tickets.add_information(session, ticket, "Y más", actor="client", now=desk.now)
    assert took.number == target
    assert (await desk.events(target))[-1].text == "Y más"


async def test_tickets_of_two_clients_or_closed_ones_are_not_merged(desk):
    one, other = await desk.open(), await desk.open()
    for refused in (one, other):
        with pytest.raises(Invalid):
            await merge(desk, one, refused)
    conversation_id = await desk.conversation()
    mine, closed = await desk.open(conversation_id), await desk.open(conversation_id)
    await desk.resolve(closed)
    with pytest.raises(Conflict):
        await merge(desk, mine, closed)


async def test_two_tickets_merged_into_each_other_at_once_end_in_one(desk):
    conversation_id = await desk.conversation()
    one, other = await desk.open(conversation_id), await desk.open(conversation_id)
    results = await asyncio.gather(
        merge(desk, one, other), merge(desk, other, one), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "NoneType"]


# --- telling --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "start"),
    [("es", "Su caso"), ("en", "Your case"), ("pt", "O seu caso")],
)
async def test_notices_speak_the_clients_language_and_fit_a_template(desk, language, start):
    number = await desk.open(await desk.conversation(language=language))
    await desk.resolve(number, reason="Listo")
    [item] = await desk.outbox("webchat")
    assert item.payload["text"].startswith(start)
    assert item.payload["template"] == "status"
    assert item.payload["variables"] == {"1": number, "2": item.payload["text"]}


async def test_a_notice_is_logged_to_the_crm_as_an_interaction(desk):
    number = await desk.open()
    await desk.resolve(number)
    async with desk.database.transaction() as session:
        row = (await session.scalars(select(Interaction))).one()
    item = next(i for i in await desk.outbox("crm") if i.payload["what"] == "interaction")
    value = await crm_payloads.load(desk.database, item.payload)
    assert isinstance(value, crm.Interaction)
    assert (value.key, value.direction, value.ticket_number) == (row.key, "outbound", number)


async def test_opting_out_does_not_silence_the_status_of_ones_own_ticket(desk):
    number = await desk.open(await desk.conversation(opted_out_at=desk.now))
    await desk.resolve(number)
    assert len(await desk.texts()) == 1


async def test_who_refused_the_use_of_data_is_answered_but_not_in_the_crm(desk):
    number = await desk.open(await desk.conversation(consent="refused"))
    await desk.resolve(number)
    assert len(await desk.texts()) == 1
    assert await desk.outbox("crm") == []


async def test_where_nobody_can_be_told_the_thread_says_so(desk):
    number = await desk.open(await desk.conversation(channel="whatsapp"))  # not configured here
    await desk.resolve(number)
    ticket = await desk.read(number)
    kinds = [event.kind for event in await desk.events(number)]
    assert kinds == ["opened", "resolved", "not_told"]
    assert (ticket.status, ticket.version) == ("resuelto", 3)
    assert await desk.surveys(number) == []


async def test_another_conversation_of_the_client_serves_when_the_first_cannot(desk):
    dead = await desk.conversation(channel="whatsapp")
    async with desk.database.transaction() as session:
        contact_id = (await session.get_one(Conversation, dead)).contact_id
    alive = await desk.conversation(contact_id=contact_id)
    number = await desk.open(dead)
    async with desk.ticket(number) as (session, ticket):
        await tickets.link(session, ticket, await session.get_one(Conversation, alive))
    await desk.resolve(number)
    assert len(await desk.texts(alive)) == 1


async def test_the_crm_gets_the_ticket_as_it_stands(desk):
    number = await desk.open()
    await desk.resolve(number, reason="Listo")
    items = [i for i in await desk.outbox("crm") if i.payload["what"] == "ticket"]
    values = [await crm_payloads.load(desk.database, item.payload) for item in items]
    assert {(value.version, value.status, value.resolution) for value in values} == {
        (2, "resuelto", "Listo")
    }
    assert values[0].person.name == "Luz Marina"
    with pytest.raises(ValueError, match="else"):
        await crm_payloads.load(desk.database, {"what": "else"})


async def test_an_unknown_number_is_not_found(desk):
    async with desk.database.transaction() as session:
        with pytest.raises(NotFound):
            await tickets.by_number(session, "PT-2026-999999")


async def test_a_resolution_and_a_turn_of_the_client_do_not_deadlock(desk):
    """An agent locks conversation, ticket, survey; a turn does the same; a timer comes on top."""
    conversation_id = await desk.conversation()

    async def turn(number):
        async with desk.database.transaction() as session:
            await session.get(Conversation, conversation_id, with_for_update={"key_share": True})
            await asyncio.sleep(0.01)
            ticket = await tickets.by_number(session, number)
            await tickets.add_information(session, ticket, "Y…", actor="client", now=desk.now)

    for _ in range(5):
        number = await desk.open(conversation_id)
        async with asyncio.timeout(5):
            await asyncio.gather(turn(number), desk.resolve(number), desk.fire())
            await asyncio.gather(desk.fire(after=timedelta(minutes=2)), desk.reopen(number))
    events = await desk.events(number)
    derived = replay((event.kind, event.data) for event in events)
    ticket = await desk.read(number)
    assert (derived.status, derived.cycle, derived.version) == (
        ticket.status, ticket.cycle, ticket.version,
    )  # fmt: skip
