"""What may fill a field of a draft, and what is heard as something else."""

from datetime import UTC, datetime

import pytest

from bot.dialogue import answers
from bot.dialogue import draft as drafts
from bot.dialogue.context import Context
from bot.dialogue.model import DialogueState, Draft, Facts
from bot.messages import InboundMessage, Sender
from nlp.understanding import Entity, Understanding

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)  # 10:00 in Bogota


def context(text, *entities, intent="fuera_de_alcance", confidence=0.5):
    said = InboundMessage(
        channel="webchat",
        account="main",
        provider_id="1",
        thread="client",
        sender=Sender(external_id="client"),
        text=text,
        sent_at=NOW,
    )
    found = Understanding(intent=intent, confidence=confidence, entities=entities)
    return Context(DialogueState(), said, found, Facts(now=NOW, channel="webchat"))


def entity(text, part, kind, value=None):
    start = text.index(part)
    return Entity(type=kind, text=part, start=start, end=start + len(part), value=value or part)


@pytest.mark.parametrize(
    ("slot", "text"),
    [
        ("desde", "hace rato"), ("desde", "desde esta mañanita"), ("desde", "como a las 3"),
        ("desde", "desde que cambiaron el servidor"), ("desde", "siempre"), ("desde", "ontem"),
        ("afectados", "como a 15 pelaos"), ("afectados", "yo y mi compañera"),
        ("afectados", "toda la bodega"), ("afectados", "casi todos"), ("afectados", "half of us"),
        ("referencia", "la FE-1023"), ("referencia", "la de octubre"),
        ("servicio", "la página esa de los proveedores"), ("servicio", "siesa"),
    ],
)  # fmt: skip
def test_an_answer(slot, text):
    assert answers.fits(context(text), slot)


@pytest.mark.parametrize(
    ("slot", "text"),
    [
        ("desde", "toda la oficina"), ("desde", "mil gracias"), ("desde", "outlook"),
        ("afectados", "outlook"), ("afectados", "no me sirvió de nada"), ("afectados", "regular"),
        ("referencia", "y la necesito ya"), ("servicio", "10"), ("servicio", "en la sede de Cali"),
        ("servicio", "no imprime nada"), ("servicio", "ya le dije que no"),
    ],
)  # fmt: skip
def test_no_answer(slot, text):
    assert not answers.fits(context(text), slot)


def test_the_time_of_day_counts_nobody():
    text = "a las 3"
    assert not answers.fits(context(text, entity(text, "3", "fecha")), "afectados")


def test_a_complaint_is_no_name():
    assert not answers.fits(
        context("qué servicio tan malo", intent="queja", confidence=0.9), "servicio"
    )


@pytest.mark.parametrize(
    ("text", "part", "value", "shown"),
    [
        ("no abre y tengo reunión en 5 minutos", "en 5 minutos", "2026-11-23T10:05:00-05:00", None),
        ("lo necesito para el viernes", "viernes", "2026-11-27", None),
        ("no abre desde las 9", "9", "2026-11-23T09:00:00-05:00", "desde las 9"),
        ("no abre desde el sábado", "sábado", "2026-11-21", "desde el sábado"),
        ("llevo dos días sin sistema", "llevo dos días",
         {"start": "2026-11-21", "end": "2026-11-23"}, "llevo dos días"),
    ],
)  # fmt: skip
def test_since_when(text, part, value, shown):
    ctx = context(text, entity(text, part, "fecha", value))
    draft = drafts.fill(ctx, Draft(type="incidente", description=text))
    assert draft.slots.get("desde") == shown


@pytest.mark.parametrize(
    ("text", "affected"),
    [
        ("no abre power bi, a mi solo", "a mi solo"), ("no le carga a nadie", "todos"),
        ("como 20", "20"), ("todos os usuários", "todos os usuários"), ("no abre", None),
    ],
)  # fmt: skip
def test_how_many(text, affected):
    draft = drafts.fill(context(text), Draft(type="incidente", description="no abre"))
    assert draft.slots.get("afectados") == affected


def test_the_bill_of_a_month_is_a_reference():
    ctx = context("me cobraron de más en la factura de octubre")
    assert drafts.begin(ctx, "reclamo", ctx.text).slots["referencia"] == "factura de octubre"


def test_what_is_known_stays_unless_replaced():
    text = "ahora no abre Outlook"
    ctx = context(text, entity(text, "Outlook", "servicio"))
    draft = Draft(type="incidente", description="no abre SAP", slots={"servicio": "SAP"})
    assert drafts.fill(ctx, draft, replace=False).slots["servicio"] == "SAP"
    assert drafts.fill(ctx, draft).slots["servicio"] == "Outlook"


@pytest.mark.parametrize(
    ("description", "title"),
    [
        ("ajá y entonces, mire, se cayó el SAP", "se cayó el SAP"),
        ("el servidor no responde\nsí pero es urgente", "el servidor no responde"),
        ("hola buenas mire es que le cuento que no factura la caja", "no factura la caja"),
        ("cómo está mi caso de la nómina", "cómo está mi caso de la nómina"),
    ],
)
def test_title(description, title):
    assert drafts.title_of(Draft(type="incidente", description=description)) == title
