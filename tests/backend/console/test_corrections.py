"""Corrections of what was understood: the last word counts, and persons stay out of the data."""

import json

import pytest
from sqlalchemy import select
from support.web_app import make_conversation

from backend.conversations import corrections
from backend.conversations.models import Correction, Message
from nlp.corpus import parse, problems
from nlp.understanding import Entity, Understanding

TEXT = "soy Marta Ruiz, marta@acme.co, otra vez sin VPN"


@pytest.fixture
async def message(parts):
    conversation, _ = await make_conversation(parts)
    entities = tuple(
        Entity(type=kind, text=word, start=TEXT.index(word), end=TEXT.index(word) + len(word),
               value=word)
        for kind, word in (("persona", "Marta Ruiz"), ("email", "marta@acme.co"),
                           ("servicio", "VPN"))
    )  # fmt: skip
    understood = Understanding(intent="saludo", confidence=0.6, entities=entities)
    async with parts.database.transaction() as session:
        message = Message(
            conversation_id=conversation.id, author="client", text=TEXT,
            understanding=understood.model_dump(mode="json"), at=parts.clock(),
            stored_at=parts.clock(),
        )  # fmt: skip
        session.add(message)
    return message


async def lines(parts):
    async with parts.database.transaction() as session:
        return [row async for row in corrections.as_training_data(session)]


async def test_a_correction_becomes_a_training_line_without_the_person(console, parts, message):
    ana = await console()
    path = f"/console/messages/{message.id}/intents"
    assert (await ana.post(path, intent=["reabrir_ticket", ""])).status_code == 200
    assert (await ana.post(path, intent=["incidente", "queja"])).status_code == 200
    [line] = await lines(parts)
    example = parse(json.dumps(line), "here")
    assert problems(example) == []
    assert example.intents == ("incidente", "queja")
    assert example.text == "soy Ana Gómez, ana@example.com, otra vez sin VPN"
    page = (await ana.get(f"/console/conversations/{message.conversation_id}")).text
    assert "Corregido por el equipo: incidente, queja" in page


async def test_nothing_chosen_takes_it_back(console, parts, message):
    ana = await console()
    path = f"/console/messages/{message.id}/intents"
    await ana.post(path, intent=["incidente"])
    await ana.post(path, intent=["", ""])
    async with parts.database.transaction() as session:
        assert (await session.execute(select(Correction))).first() is None


@pytest.mark.parametrize(("intent", "status"), [("tonterias", 422), ("incidente", 404)])
async def test_what_cannot_be_corrected(console, parts, message, intent, status):
    ana = await console()
    number = message.id if status == 422 else message.id + 1
    answer = await ana.post(f"/console/messages/{number}/intents", intent=[intent])
    assert answer.status_code == status
    assert await lines(parts) == []
