"""The figures are compared with a plain recomputation from the rows."""

import random
from datetime import timedelta
from statistics import median

import pytest
from sqlalchemy import select
from support.api_client import api_client
from support.desk import Desk

from backend.conversations import service as conversations
from backend.conversations.models import Message
from backend.surveys.models import Survey
from backend.tickets.models import Ticket, TicketConversation, TicketEvent

OPEN = ("nuevo", "en_curso", "en_espera_del_cliente")


@pytest.fixture
def desk(database):
    return Desk(database)


@pytest.fixture
async def client(desk):
    async with api_client(desk) as client:
        yield client


async def test_nothing_yet(client):
    report = (await client.get("/reports/summary")).json()
    assert report["open"] == report["opened"] == report["csat"]["n"] == 0
    assert report["csat"]["percent"] is None
    assert report["first_answer"] == report["resolution"] == {"n": 0, "median_s": None}


@pytest.mark.parametrize(
    "params",
    [
        {"from": "2026-11-24T00:00:00-05:00", "to": "2026-11-24T00:00:00-05:00"},
        {"from": "2026-11-24T00:00:00"},
        {"from": "ayer"},
        {"to": "0001-01-01T00:00:00Z"},
        {"since": "2026-11-24T00:00:00Z"},
    ],
    ids=str,
)
async def test_a_period_that_is_not_valid(client, params):
    assert (await client.get("/reports/summary", params=params)).status_code == 422


async def _busy_weeks(desk, seed):
    dice = random.Random(seed)
    agent_id = await desk.agent()
    start = desk.now
    for n in range(14):
        desk.now = start + timedelta(hours=9 * n)
        conversation_id = await desk.conversation()
        number = await desk.open(conversation_id, kind=dice.choice(["incidente", "peticion"]))
        fate = n % 5
        desk.now += timedelta(minutes=dice.randint(1, 300))
        if fate == 1:
            async with desk.database.transaction() as session:
                await conversations.answer(
                    session, desk.gateway, conversation_id, agent_id, "Hola", key=f"k{n}",
                    now=desk.now,
                )  # fmt: skip
        if fate in (2, 3, 4):
            await desk.resolve(number, agent_id=agent_id)
            await desk.fire(after=timedelta(minutes=dice.randint(2, 60)))
        if fate in (3, 4):
            [survey] = await desk.surveys(number)
            await desk.answer(survey.id, score=dice.randint(1, 5), finished=True)
        if fate == 4:
            await desk.reopen(number)
    return start


@pytest.mark.parametrize("seed", [1, 2])
async def test_figures_agree_with_the_rows(desk, client, seed):
    start = await _busy_weeks(desk, seed)
    begin, end = start + timedelta(hours=20), start + timedelta(hours=100)
    params = {"from": begin.isoformat(), "to": end.isoformat()}
    report = (await client.get("/reports/summary", params=params)).json()
    async with desk.database.transaction() as session:
        tickets = (await session.scalars(select(Ticket))).all()
        surveys = (await session.scalars(select(Survey))).all()
        messages = (await session.scalars(select(Message).filter_by(author="agent"))).all()
        events = (await session.scalars(select(TicketEvent).filter_by(actor="agent"))).all()
        links = (await session.scalars(select(TicketConversation))).all()

    still_open = [ticket for ticket in tickets if ticket.status in OPEN]
    assert report["open"] == len(still_open)
    for field in ("status", "type"):
        names = [getattr(ticket, field) for ticket in still_open]
        assert report[f"open_by_{field}"] == {name: names.count(name) for name in set(names)}
    assert report["overdue"] == sum(ticket.due_at < desk.now for ticket in still_open)

    opened = [ticket for ticket in tickets if begin <= ticket.created_at < end]
    assert report["opened"] == len(opened)
    spans = []
    for ticket in opened:
        there = {link.conversation_id for link in links if link.ticket_id == ticket.id}
        answers = [m.at for m in messages if m.conversation_id in there]
        answers += [e.at for e in events if e.ticket_id == ticket.id and e.public]
        if answers:
            spans.append((min(answers) - ticket.created_at).total_seconds())
    assert report["first_answer"] == {"n": len(spans), "median_s": pytest.approx(median(spans))}

    solved = [t for t in tickets if t.resolved_at and begin <= t.resolved_at < end]
    times = [(t.resolved_at - t.created_at).total_seconds() for t in solved]
    assert report["resolved"] == len(times)
    assert report["resolution"] == {"n": len(times), "median_s": pytest.approx(median(times))}

    scores = [s.score for s in surveys if s.score and begin <= s.scored_at < end]
    assert report["csat"]["n"] == len(scores) > 0
    satisfied = sum(score >= 4 for score in scores)
    assert report["csat"]["percent"] == round(100 * satisfied / len(scores), 1)
    assert report["csat"]["by_score"] == {str(n): scores.count(n) for n in range(1, 6)}
    assert report["csat"]["sent"] == sum(
        bool(s.sent_at and begin <= s.sent_at < end) for s in surveys
    )


async def test_one_accounts_figures_only(desk, client):
    account_id = (await client.post("/accounts", json={"name": "Textiles"})).json()["id"]
    mine = await desk.open(await desk.conversation(account_id=account_id))
    await desk.open()
    report = (await client.get("/reports/summary", params={"account_id": account_id})).json()
    assert report["open"] == 1
    await desk.resolve(mine)
    report = (await client.get("/reports/summary", params={"account_id": account_id})).json()
    assert (report["open"], report["resolved"]) == (0, 0)  # `to` is now, and excluded
