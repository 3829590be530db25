"""The small parts: language, similarity, known names, folding, the predict command."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.commands import predict
from nlp.gazetteer import Gazetteer
from nlp.language import detect
from nlp.normalise import MAX_CHARS, clean, fold, words
from nlp.pipeline import Pipeline
from nlp.similarity import MAYBE_SAME, SAME_PROBLEM, same_problem, similarity


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("No puedo entrar al correo", "es"), ("hola", "es"), ("", "es"), ("12345", "es"),
        (
            "The invoice is wrong",
            "en"), ("please help", "en"), ("Não consigo acessar o sistema", "pt",
        ),
        ("preciso de ajuda com o boleto", "pt"), ("el API responde timeout en production", "es"),
    ],
)  # fmt: skip
def test_language(text: str, language: str) -> None:
    assert detect(text) == language


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("no puedo entrar al SAP", "sigo sin poder ingresar a SAP"),
        (
            "la impresora de recepción no imprime",
            "buenas, la impresora de recepcion otra vez no sirve",
        ),
        (
            "me cobraron dos veces la factura FE-1020",
            "qué pasó con el cobro doble de la factura FE-1020",
        ),
    ],
)  # fmt: skip
def test_the_same_problem(a: str, b: str) -> None:
    assert similarity(a, b) >= 0.5


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("no puedo entrar al SAP", "la impresora no imprime"),
        ("necesito copia de la factura FE-1020", "necesito copia de la factura FE-3344"),
        ("el sistema falla", "el correo falla"),
        ("hola", "no abre el portal"),
    ],
)
def test_another_problem(a: str, b: str) -> None:
    assert similarity(a, b) < 0.5


@pytest.mark.parametrize(
    ("cosine", "systems", "others", "asked", "joined"),
    [
        (0.55, [], [], True, False),
        (0.45, [], [], False, False),
        (0.45, ["el portal de pagos"], ["portal pagos"], True, False),
        (0.9, ["SAP"], ["Jira"], False, False),
        (0.9, ["SAP"], ["sap"], True, True),
        (0.75, ["SAP"], ["SAP"], True, False),  # the bonus alone never joins two problems
    ],
)
def test_what_is_asked_and_what_is_joined_unasked(cosine, systems, others, asked, joined) -> None:
    score = same_problem("uno", "dos", cosine=cosine, systems=systems, others=others)
    assert (score >= MAYBE_SAME, score >= SAME_PROBLEM) == (asked, joined)


@given(
    st.text(max_size=80), st.text(max_size=80), st.floats(-1, 1),
    st.lists(st.text(max_size=20), max_size=3), st.lists(st.text(max_size=20), max_size=3),
)  # fmt: skip
def test_a_score_of_problems_is_bounded(a, b, cosine, systems, others) -> None:
    assert 0.0 <= same_problem(a, b, cosine=cosine, systems=systems, others=others) <= 1.0


@given(st.text(max_size=80), st.text(max_size=80))
def test_similarity_is_symmetric_and_bounded(a: str, b: str) -> None:
    assert 0.0 <= similarity(a, b) <= 1.0
    assert similarity(a, b) == pytest.approx(similarity(b, a))


@given(st.text(max_size=200))
def test_folding_keeps_every_position(text: str) -> None:
    assert len(fold(text)) == len(text)


def test_a_long_text_is_cut() -> None:
    assert len(clean("x" * 100_000).text) == MAX_CHARS


def test_whatsapp_spelling_is_written_out() -> None:
    assert words(fold("xq nooo me ajudan, tb x fa 3001")) == [
        "porque", "no", "me", "ajudan", ",", "tambien", "por", "fa", "0",
    ]  # fmt: skip


def test_names_forgive_typos_but_not_short_ones() -> None:
    gazetteer = Gazetteer(services=["Periticket", "WMS"], people=["Ana Ruiz"])
    found = {(f.type, f.value) for f in gazetteer.find(fold("el peritiket y el wns de aná ruíz"))}
    assert found == {("servicio", "Periticket"), ("persona", "Ana Ruiz")}


def test_predict_writes_the_stable_fields(pipeline: Pipeline) -> None:
    line = json.dumps({"text": "no abre el SAP desde ayer", "now": "2026-11-03T10:00:00-05:00"})
    [answer] = [json.loads(out) for out in predict([line, "\n"], pipeline)]
    assert list(answer) == ["intent", "confidence", "intents", "entities", "urgency", "sentiment",
    "language"]  # fmt: skip
    assert answer["intent"] == "incidente"
    assert answer["intents"][0] == {"intent": "incidente", "confidence": answer["confidence"]}
    date = next(e for e in answer["entities"] if e["type"] == "fecha")
    assert (date["text"], date["value"]) == ("ayer", "2026-11-02")
    assert date["end"] - date["start"] == 4


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "JSON"), ("[1]", "JSON"), ("{}", "text"), ('{"text": 5}', "text"),
        ('{"text": "a", "now": "soon"}', "now"), ('{"text": "a", "now": 3}', "now"),
        ("[" * 100_000, "JSON"),
    ],
)  # fmt: skip
def test_a_bad_line_is_answered_and_the_next_one_too(
    pipeline: Pipeline, line: str, why: str
) -> None:
    bad, good = [json.loads(out) for out in predict([line, '{"text": "hola"}'], pipeline)]
    assert why in bad["error"]
    assert bad["line"] == 1
    assert good["intent"] == "saludo"


def test_now_without_a_zone_is_utc(pipeline: Pipeline) -> None:
    line = json.dumps({"text": "hoy no abre", "now": "2026-11-04T03:00:00"})
    [answer] = [json.loads(out) for out in predict([line], pipeline)]
    assert answer["entities"][0]["value"] == "2026-11-03"
    assert datetime(2026, 11, 4, 3, tzinfo=UTC).day == 4
