"""Nearest tickets and articles, over the real database with pgvector and a model of ten words."""

import math

import pytest
from support.servers import valkey_url
from support.web_app import make_conversation, make_parts, make_ticket

from backend.articles.models import HelpArticle
from backend.contacts.models import Contact
from backend.conversations.models import Conversation
from backend.facts import load_facts
from backend.similarity.queries import similar_to
from backend.similarity.service import Embedder, is_possible
from backend.sla.hours import BusinessHours
from backend.tickets.models import Ticket
from nlp.understanding import Understanding

WORDS = ("vpn", "correo", "factura", "impresora", "clave", "sede", "cali", "lento", "no", "abre")


async def embed(texts):
    """Counts of ten words in 384 dimensions, at unit length."""
    vectors = []
    for text in texts:
        counts = [float(text.lower().count(word)) for word in WORDS] + [0.01] * 374
        length = math.hypot(*counts)
        vectors.append([value / length for value in counts])
    return vectors


@pytest.fixture
async def parts(database_url, tmp_path):
    parts = make_parts(database_url, valkey_url(5), tmp_path)
    yield parts
    await parts.close()


async def ticket(parts, title, **values):
    conversation, contact = await make_conversation(parts)
    made = await make_ticket(parts, conversation, contact)
    async with parts.database.transaction() as session:
        row = await session.get(Ticket, made.id)
        row.title = row.description = title
        row.updated_at = parts.clock()
        for name, value in values.items():
            setattr(row, name, value)
    return made.number


async def catch_up(parts, embedder, model="m1"):
    while await embedder.catch_up(model=model, now=parts.clock()):
        pass


async def found(parts, number):
    async with parts.database.transaction() as session:
        return await similar_to(session, number)


async def test_the_nearest_of_each_kind(parts):
    assert await is_possible(parts.database)
    mine = await ticket(parts, "la vpn no abre en la sede cali")
    same = await ticket(parts, "vpn no abre sede cali")
    other = await ticket(parts, "la impresora está lenta")
    solved = await ticket(
        parts, "vpn no abre", status="resuelto", resolution="Se reinició el concentrador"
    )
    async with parts.database.transaction() as session:
        now = parts.clock()
        for title, published in (("Si la vpn no abre", True), ("vpn no abre, borrador", False)):
            session.add(
                HelpArticle(
                    title=title, body="Reinicie.", published=published, created_at=now,
                    updated_at=now,
                )
            )  # fmt: skip
    assert not (await found(parts, mine)).available  # not looked at yet
    await catch_up(parts, Embedder(parts.database, embed))
    result = await found(parts, mine)
    assert result.available
    assert [t.number for t in result.open] == [same]
    assert result.open[0].same_problem
    assert other not in {t.number for t in result.open}
    assert [(t.number, t.resolution) for t in result.solved] == [
        (solved, "Se reinició el concentrador")
    ]
    assert [a.title for a in result.articles] == ["Si la vpn no abre"]


async def test_a_changed_text_or_model_is_looked_at_again(parts):
    embedder = Embedder(parts.database, embed)
    mine = await ticket(parts, "la vpn no abre")
    near = await ticket(parts, "correo lento")
    await catch_up(parts, embedder)
    assert (await found(parts, mine)).open == []
    async with parts.database.transaction() as session:
        row = await session.get(Ticket, 2)
        row.title = row.description = "vpn no abre"
        row.updated_at = parts.clock()
    await catch_up(parts, embedder)
    assert [t.number for t in (await found(parts, mine)).open] == [near]
    assert await embedder.catch_up(model="m1", now=parts.clock()) == 0
    assert await embedder.catch_up(model="m2", now=parts.clock()) == 2


async def test_without_a_model_nothing_is_kept(parts):
    async def none(_texts):
        return None

    number = await ticket(parts, "la vpn no abre")
    assert await Embedder(parts.database, none).catch_up(model="m1", now=parts.clock()) == 0
    assert not (await found(parts, number)).available


async def test_a_message_is_compared_with_its_sender_s_tickets_by_meaning(parts):
    number = await ticket(parts, "la vpn no abre en la sede cali")
    await ticket(parts, "vpn no abre sede cali")  # of somebody else
    await catch_up(parts, Embedder(parts.database, embed))
    async with parts.database.transaction() as session:
        contact = await session.get(Contact, 1)
        conversation = await session.get(Conversation, 1)
        [meaning] = await embed(["vpn sede cali no abre"])
        understood = Understanding(intent="incidente", confidence=0.9, meaning=meaning)
        facts = await load_facts(
            session, contact=contact, conversation=conversation, has_tickets=True,
            has_surveys=False, text="otra cosa", understanding=understood,
            terms=parts.terms, now=parts.clock(),
            hours=BusinessHours.parse("always", timezone="America/Bogota", country="CO"),
        )  # fmt: skip
    assert [t.number for t in facts.tickets] == [number]
    assert facts.tickets[0].similarity > 0.9
