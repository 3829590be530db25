"""Asking for a person by rule, in the words of people who have had enough of a bot."""

from datetime import UTC, datetime

import pytest

from nlp import handoff
from nlp.entities.impact import find_environments
from nlp.normalise import fold
from nlp.pipeline import Pipeline
from nlp.understanding import IntentScore
from nlp.urgency import of as urgency_of

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "que no me conteste una máquina por favor", "no quiero hablar con un robot", "llámenme ya",
        "este bot no me entiende", "estoy harta de hablar con una máquina", "¿hay alguien ahí?",
        "no hay nadie o qué", "¿cómo hago para hablar con un asesor?", "cómo hablo con una persona",
        "no me sirve este bot", "ya no quiero escribir más, llámeme", "páseme con alguien",
        "necesito un asesor ya", "quiero hablar con una persona",
    ],
)  # fmt: skip
def test_asked_for(text: str) -> None:
    assert handoff.is_requested(fold(text))


@pytest.mark.parametrize(
    "text",
    [
        "la máquina de la bodega no responde", "no quiero hablar con un asesor", "no me llamen más",
        "el bot de ventas de nuestra página dejó de contestar", "no soy un robot",
        "alguien entró a mi cuenta", "pidió que llámenme", "hay alguien usando mi clave",
        "no hay nadie que pueda facturar en la sede",
    ],
)  # fmt: skip
def test_not_asked_for(text: str) -> None:
    assert not handoff.is_requested(fold(text))


@pytest.mark.parametrize(
    "text",
    [
        "quiero hablar con una persona", "páseme con alguien", "necesito un asesor ya",
        "ALGUIEN???",
        "me pueden timbrar", "nesecito un acesor", "pásame a un humano parce", "hay alguien?",
        "que me llame un ingeniero", "get me a human", "tem alguém aí?", "con un asesor porfa",
    ],
)  # fmt: skip
def test_heard_by_the_model(pipeline: Pipeline, text: str) -> None:
    assert pipeline.understand(text, now=NOW).has("hablar_humano", at_least=0.45)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("hello, how is my case going?", "estado_ticket"),
        ("buenas tardes, quisiera cotizar 50 licencias", "consulta_comercial"),
        ("Buenos días, no abre el correo", "incidente"),
        ("Quiero felicitar a la señora Inés", "felicitacion"),
        ("hola, buenas tardes", "saludo"),
    ],
)
def test_a_greeting_hides_nothing(pipeline: Pipeline, text: str, intent: str) -> None:
    assert pipeline.understand(text, now=NOW).intent == intent


def test_the_one_of_production_is_an_environment() -> None:
    assert [e.value for e in find_environments("perdon, el de produccion")] == ["produccion"]
    assert not list(find_environments("el area de produccion no tiene red"))


@pytest.mark.parametrize(
    "text",
    [
        "no le carga a nadie",
        "llevo dos dias sin poder facturar",
        "llevamos toda la manana sin sistema",
    ],
)
def test_nobody_can_work(text: str) -> None:
    assert urgency_of(text, [IntentScore(intent="incidente", confidence=0.9)], []) == "critica"
