"""Figures worked out by hand."""

import pytest

from nlp import scores
from nlp.corpus import Example, Span
from nlp.evaluation import Report
from nlp.scores import Pair
from nlp.understanding import Entity, IntentScore, Understanding


def pair(wanted: list[str], got: list[str], sure: float = 0.9, **more) -> Pair:
    example = Example("el SAP no abre", tuple(wanted), "f", "w", "es", **more.pop("labels", {}))
    intents = tuple(IntentScore(intent=name, confidence=sure) for name in got)
    return Pair(example, Understanding(intent=got[0], confidence=sure, intents=intents, **more))


PAIRS = (
    pair(["incidente"], ["incidente"], 0.95),
    pair(["incidente", "queja"], ["incidente", "queja"], 0.9),
    pair(["queja"], ["incidente"], 0.85),
    pair(["fuera_de_alcance"], ["fuera_de_alcance"], 0.55),
    pair(["saludo"], ["fuera_de_alcance"], 0.5),
)


def test_intents() -> None:
    found = scores.summary(PAIRS)
    assert found["accuracy"] == 0.6
    assert found["exact_set"] == 0.6
    assert found["exact_set_of_several"] == 1.0
    assert found["out_of_scope_recall"] == 1.0
    assert found["in_scope_kept"] == 0.75
    rows = scores.by_intent(PAIRS)
    assert (rows["incidente"].labelled, rows["incidente"].found) == (2, 3)
    assert rows["incidente"].f1 == pytest.approx(0.8)
    assert found["macro_f1"] == pytest.approx((0.8 + 0 + 2 / 3 + 0) / 4, abs=1e-4)


def test_calibration() -> None:
    rows = scores.reliability(PAIRS)
    assert [(b.count, round(b.accuracy, 2)) for b in rows] == [(2, 0.5), (1, 0.0), (2, 1.0)]
    wanted = 2 / 5 * abs(0.525 - 0.5) + 1 / 5 * 0.85 + 2 / 5 * abs(0.925 - 1.0)
    assert scores.calibration_error(PAIRS) == pytest.approx(wanted)


def test_entities_and_their_values() -> None:
    def entity(kind: str, start: int, end: int, value: object) -> Entity:
        return Entity(
            type=kind, text="el SAP no abre"[start:end], start=start, end=end, value=value
        )

    spans = (Span(3, 6, "servicio", "SAP"), Span(7, 9, "fecha"))
    right = entity("servicio", 3, 6, "SAP")
    pairs = [
        pair(["incidente"], ["incidente"], labels={"spans": spans}, entities=(right,)),
        pair(
            ["incidente"], ["incidente"], labels={"spans": spans[:1]},
            entities=(entity("servicio", 3, 6, "sap"), entity("ciudad", 0, 2, "el")),
        ),
        pair(["incidente"], ["incidente"], entities=(right,)),  # not labelled: does not count
    ]  # fmt: skip
    rows = scores.entities(pairs)
    assert (rows[""].labelled, rows[""].found, rows[""].right) == (3, 3, 2)
    assert rows["servicio"].f1 == 1.0
    assert rows["ciudad"].precision == 0.0
    assert scores.values(pairs) == {"servicio": (1, 2), "": (1, 2)}
    assert Report(tuple(pairs)).as_dict()["values"]["all"] == {"right": 1, "n": 2}


def test_the_report_can_be_read() -> None:
    text = Report(PAIRS, scores.summary(PAIRS)).text()
    assert "queja → incidente  1" in text
    assert "accuracy by channel" in text
    assert Report(()).text().startswith("0 messages")
