"""What agents say that messages meant, and its way back into the training data."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from backend.conversations.models import Correction, Message
from backend.problems import Invalid, NotFound
from nlp.understanding import INTENTS

# Invented, of the same kind: what a message meant does not depend on whose number it holds.
_STAND_INS = {
    "persona": "Ana Gómez",
    "empresa": "Comercial Andina S.A.S.",
    "email": "ana@example.com",
    "telefono": "300 123 4567",
    "cedula": "1020304050",
    "nit": "900123456-8",
    "ip": "10.0.0.1",
    "url": "https://portal.example.com",
}


async def correct(
    session: AsyncSession,
    message_id: int,
    intents: Sequence[str],
    *,
    agent_id: int,
    now: datetime,
) -> Message:
    """Note what a client's message meant, main intent first; none takes the correction back."""
    message = await session.get(Message, message_id)
    if message is None or message.author != "client" or not message.text.strip():
        raise NotFound("No existe ese mensaje de un cliente")
    meant = list(dict.fromkeys(intents))
    if unknown := [name for name in meant if name not in INTENTS]:
        raise Invalid(f"No existe la intención {unknown[0]!r}")
    if not meant:
        await session.execute(delete(Correction).where(Correction.message_id == message_id))
        return message
    values = {"intents": meant, "agent_id": agent_id, "at": now}
    await session.execute(
        insert(Correction)
        .values(message_id=message_id, **values)
        .on_conflict_do_update(index_elements=["message_id"], set_=values)
    )
    return message


async def as_training_data(session: AsyncSession) -> AsyncIterator[dict[str, Any]]:
    """Each correction as a line of ``training_data/train/relabelled.jsonl``, oldest first.

    Persons, companies and their numbers, as far as they were recognised, are replaced by invented
    ones of the same kind: training data lie in the repository.
    """
    rows = await session.stream(
        select(Message, Correction)
        .join(Correction, Correction.message_id == Message.id)
        .order_by(Correction.at, Message.id)
    )
    async for message, correction in rows:
        yield {
            "text": without_persons(message.text, message.understanding or {}),
            "intents": correction.intents,
            "family": f"{correction.intents[0]}/consola-{message.id}",
            "style": "consola",
            "language": (message.understanding or {}).get("language", "es"),
        }


def without_persons(text: str, understanding: dict[str, Any]) -> str:
    """``text`` with the entities of its ``understanding`` that tell who it is about replaced."""
    found = [e for e in understanding.get("entities") or [] if e["type"] in _STAND_INS]
    for entity in sorted(found, key=lambda e: -e["start"]):
        if text[entity["start"] : entity["end"]] == entity["text"]:
            stand_in = _STAND_INS[entity["type"]]
            text = text[: entity["start"]] + stand_in + text[entity["end"] :]
    return text
