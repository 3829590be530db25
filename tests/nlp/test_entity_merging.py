"""The ladder that decides between finds, the tagger's spans, known names, and bad input."""

import json
import time
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.corpus import DATA
from nlp.entities.found import ACCOUNT, CUED, LISTED, LOOSE, PROVED, TAGGED, Found, merge, resolve
from nlp.entities.names import Names
from nlp.entities.recognise import recognise
from nlp.gazetteer import Gazetteer
from nlp.normalise import clean, fold

NOW = datetime(2026, 11, 3, 15, 0, tzinfo=UTC)
NAMES = Names.load(DATA / "gazetteer")


def test_the_ladder() -> None:
    rungs = [ACCOUNT, PROVED, CUED, TAGGED, LISTED, LOOSE]
    assert rungs == sorted(rungs, reverse=True)
    for higher, lower in pairwise(rungs):
        kept = resolve([Found("a", 0, 9, "low", rank=lower), Found("b", 3, 5, "high", rank=higher)])
        assert [find.value for find in kept] == ["high"]


def test_on_one_rung_the_longer_find_is_kept() -> None:
    kept = resolve([Found("a", 0, 4, "short"), Found("a", 0, 9, "long"), Found("a", 9, 12, "next")])
    assert [find.value for find in kept] == ["long", "next"]


def test_a_span_that_both_mark_is_surer_and_keeps_the_value_of_the_rule() -> None:
    rule = Found("fecha", 0, 4, "2026-11-02", 0.7, LOOSE)
    [both] = merge([rule], [Found("fecha", 0, 4, None, 0.8)])
    assert both.value == "2026-11-02"
    assert both.rank == TAGGED
    assert both.confidence == pytest.approx(0.94)


def test_the_tagger_stands_between_cued_rules_and_guesses() -> None:
    tagged = [Found("servicio", 0, 8, "x", 0.9)]
    assert merge([Found("factura", 2, 6, "y", rank=7)], tagged)[0].type == "factura"
    assert merge([Found("ciudad", 2, 6, "y", rank=LISTED)], tagged)[0].type == "servicio"


@given(
    st.lists(
        st.builds(
            lambda start, size, rank: Found("t", start, start + size, None, rank=rank),
            st.integers(0, 60), st.integers(0, 12), st.integers(1, 10),
        ),
        max_size=30,
    )
)  # fmt: skip
def test_what_is_kept_does_not_overlap_and_every_lost_find_met_a_better_one(
    found: list[Found],
) -> None:
    kept = resolve(found)
    assert all(a.end <= b.start for a, b in pairwise(kept))
    for find in found:
        meets = [k for k in kept if k.start < find.end and find.start < k.end]
        assert find in kept or find.start == find.end or any(k.rank >= find.rank for k in meets)


def tagged(text: str, *finds: tuple[str, str]) -> list[tuple[str, str, object]]:
    spans = [
        Found(kind, text.index(part), text.index(part) + len(part), None, 0.9)
        for kind, part in finds
    ]
    found = recognise(clean(text), text, NAMES, now=NOW, tagged=spans)
    return [(e.type, e.text, e.value) for e in found]


def test_spans_of_a_tagger_are_given_values() -> None:
    text = "el kardex de Zutano cuesta dos palos desde la antevíspera"
    found = tagged(text, ("servicio", "kardex"), ("persona", "Zutano"), ("monto", "dos palos"),
                   ("fecha", "antevíspera"))  # fmt: skip
    assert ("servicio", "kardex", "kardex") in found
    assert ("persona", "Zutano", "Zutano") in found
    assert ("monto", "dos palos", {"amount": 2_000_000, "currency": "COP"}) in found
    assert [f for f in found if f[0] == "fecha"] == []  # nobody can say which day that is


def test_names_of_the_account_come_first() -> None:
    gazetteer = Gazetteer(
        services=["Factura Ya"], people=["Ana Ruiz"], contracts=["PT-2026-000123"]
    )
    text = "la Factura Ya 2031 de Ana Ruíz, pt-2026-000123"
    found = recognise(clean(text), text, NAMES, now=NOW, gazetteer=gazetteer)
    assert [(e.type, e.value) for e in found] == [
        ("servicio", "Factura Ya"), ("persona", "Ana Ruiz"), ("contrato", "PT-2026-000123"),
    ]  # fmt: skip


GAZETTEER = Gazetteer(
    services=["Kronos Nómina", "Periticket", "WMS", "Apolo", "La Ceja Web"],
    companies=["Textiles del Río", "Periferia IT"],
    people=["Marelvis Ospino"],
    contracts=["CT-2026-044"],
)
WORDS = frozenset("la caja web apoyo polo en no abre se de periferia y el río".split())  # noqa: SIM905


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no abre kronos nomina", "Kronos Nómina"), ("no abre KRONOS NÓMINA", "Kronos Nómina"),
        ("el cronos nomina", None), ("el kronos nomna", "Kronos Nómina"),
        ("el peritiket", "Periticket"), ("el periticekt", "Periticket"), ("el wns", None),
        ("el wms", "WMS"), ("textiles del rio", "Textiles del Río"),
        ("textiles de rio", None), ("marelbis ospino", "Marelvis Ospino"),
        ("CT-2026-044", "CT-2026-044"), ("ct 2026 044", "CT-2026-044"), ("CT-2026-045", None),
        # Words that are words are no typos, nor do names reach over a comma or a line.
        ("la caja web", None), ("el apoyo", None), ("periferia y el", None),
        ("kronos, nomina", None), ("kronos\nnomina", None),
    ],
)  # fmt: skip
def test_known_names_forgive_typos_but_not_too_much(text: str, value: str | None) -> None:
    assert [found.value for found in GAZETTEER.find(fold(text), WORDS)] == (
        [value] if value else []
    )


HOSTILE = [
    "1" * 10**6, " " * 10**6, "1 " * 50_000, "1." * 50_000, "a@" * 50_000, "dos mil " * 12_500,
    "treinta y " * 10_000, "hace 3 " * 15_000, "lunes a " * 12_000, "entre el 3 y " * 8_000,
    "3 de enero " * 9_000, "$ " * 50_000, "::" * 50_000, "1/" * 50_000, "A_" * 50_000,
    "Perez de la " * 8_000, "S.A. " * 20_000, "somos 3 " * 12_000, "a.co/" * 20_000,
    "Ab1-" * 25_000, "cedula " * 14_000, "+57 300 " * 12_000,
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:14]))
def test_hostile_text_costs_a_fifth_of_a_second_at_most(text: str) -> None:
    recognise(clean("hoy festivo"), "hoy festivo", NAMES, now=NOW)  # the holidays are read once
    spent = []
    for _ in range(3):  # the best of three: other processes share the machine
        started = time.process_time()
        recognise(clean(text), text, NAMES, now=NOW)
        spent.append(time.process_time() - started)
        if spent[-1] <= 0.2:
            break
    assert min(spent) <= 0.2


_PIECES = st.sampled_from(
    """ayer a las 3 $ 1.200 pt # - @ .co no asesor El S.A.S hace dos lunes mil y medio / 12 2026
    error factura FE-1020 NIT 900.123.456-8 cédula 1.020.345.678 https://x.co 10.0.0.1 millones
    lucas usuarios somos Hospital San Juan María Restrepo en Bogotá SAP correo contrato OC del 4471
    502 🙏 ﬁ İ ß""".split()  # noqa: SIM905 - read as running words
) | st.sampled_from(["\u200b", "e\u0301", "\n"])


@given(st.one_of(st.text(max_size=300), st.lists(_PIECES, max_size=40).map(" ".join)))
@settings(deadline=None)
def test_any_text_gives_exact_spans_without_overlaps(text: str) -> None:
    end = 0
    for entity in recognise(clean(text), text, NAMES, now=NOW):
        assert text[entity.start : entity.end] == entity.text
        assert end <= entity.start < entity.end
        end = entity.end
        json.dumps(entity.value)
        assert 0 < entity.confidence <= 1


_STABLE = {"ticket", "monto", "nit", "cedula", "email", "telefono", "ip", "fecha", "ambiente"}


@given(st.lists(_PIECES.filter(str.isascii), max_size=20).map(" ".join))
@settings(deadline=None)
def test_values_are_the_same_in_capitals(text: str) -> None:
    def values(written: str) -> list[tuple[str, object]]:
        found = recognise(clean(written), written, NAMES, now=NOW)
        return [(e.type, e.value) for e in found if e.type in _STABLE]

    shouted = values(text.upper())
    assert all(value in shouted for value in values(text) if value[0] in {"nit", "email", "monto"})
