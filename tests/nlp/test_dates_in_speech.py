"""Dates as Colombians say them, told on Tuesday 3 November 2026 at 10:00 in Bogotá."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.entities.calendar_sums import easter, long_weekends
from nlp.entities.date_direction import points_ahead
from nlp.entities.dates import find
from nlp.normalise import fold

NOW = datetime(2026, 11, 3, 15, 0, tzinfo=UTC)


def span(start: str, end: str) -> dict[str, str]:
    return {"start": start, "end": end}


def at(moment: str) -> str:
    return f"2026-11-{moment}:00-05:00"


def read(text: str, now: datetime = NOW) -> list[tuple[str, Any]]:
    return [(text[f.start : f.end], f.value) for f in find(fold(text), now)]


@pytest.mark.parametrize(
    ("text", "part", "value"),
    [
        ("falló el lunes pasado", "lunes pasado", "2026-11-02"),
        ("el lunes antepasado", "lunes antepasado", "2026-10-26"),
        ("entregan de hoy en ocho", "hoy en ocho", "2026-11-10"),
        ("quedamos del lunes en quince", "lunes en quince", "2026-11-23"),
        ("se cayó ayer tipo 4", "ayer tipo 4", at("02T16:00")),
        ("hoy a las 3 y media", "hoy a las 3 y media", at("03T15:30")),
        ("a un cuarto para las ocho", "cuarto para las ocho", at("03T07:45")),
        ("falló a medio día", "medio día", at("03T12:00")),
        ("anoche a las 8", "anoche a las 8", at("02T20:00")),
        ("desde anoche", "anoche", span(at("02T18:00"), at("02T23:59")[:-9] + ":59-05:00")),
        ("el puente festivo", "puente festivo", span("2026-10-31", "2026-11-02")),
        ("el próximo puente", "próximo puente", span("2026-11-14", "2026-11-16")),
        ("¿atienden el lunes festivo?", "lunes festivo", "2026-11-16"),
        ("antes de la quincena", "quincena", span("2026-11-01", "2026-11-15")),
        ("primera quincena de octubre", "primera quincena de octubre",
         span("2026-10-01", "2026-10-15")),
        ("para fin de mes", "fin de mes", span("2026-11-26", "2026-11-30")),
        ("pasado mañana en la mañana", "pasado mañana en la mañana",
         span(at("05T06:00"), at("05T11:59")[:-9] + ":59-05:00")),
        ("hace como tres días", "hace como tres días", "2026-10-31"),
        ("hace un par de horas", "hace un par de horas", at("03T08:00")),
        ("hace media hora", "hace media hora", at("03T09:30")),
        ("desde el 28", "28", "2026-10-28"),
        ("el 3/11", "3/11", "2026-11-03"),
        ("3 nov", "3 nov", "2026-11-03"),
        ("el 17 del 11", "17 del 11", "2026-11-17"),
        ("estuvo caído del lunes al miércoles", "del lunes al miércoles",
         span("2026-10-26", "2026-10-28")),
        ("será del jueves al sábado", "del jueves al sábado", span("2026-11-05", "2026-11-07")),
        ("del 28 de octubre al 5 de noviembre", "del 28 de octubre al 5 de noviembre",
         span("2026-10-28", "2026-11-05")),
        ("entre las 8 y las 10", "entre las 8 y las 10", span(at("03T08:00"), at("03T10:00"))),
        ("mañana de 8 a 10 pm", "mañana de 8 a 10 pm", span(at("04T20:00"), at("04T22:00"))),
        ("de 11 pm a 3", "de 11 pm a 3", span(at("03T23:00"), at("04T03:00"))),
        ("en 2 horas", "en 2 horas", at("03T12:00")),
        ("llevo tres semanas esperando", "tres semanas", span("2026-10-13", "2026-11-03")),
        ("van dos horas sin sistema", "dos horas", span(at("03T08:00"), at("03T10:00"))),
        ("el viernes de la próxima semana", "viernes de la próxima semana", "2026-11-13"),
        ("la última semana de octubre", "última semana de octubre",
         span("2026-10-26", "2026-11-01")),
        ("el último viernes de octubre", "último viernes de octubre", "2026-10-30"),
        ("el resto de la semana", "resto de la semana", span("2026-11-03", "2026-11-08")),
        ("en lo que va del mes", "lo que va del mes", span("2026-11-01", "2026-11-03")),
        ("viernes 6 de noviembre", "viernes 6 de noviembre", "2026-11-06"),
        ("hoy martes 3 de noviembre", "hoy martes 3 de noviembre", "2026-11-03"),
        ("desde el lunes a las 8 hasta ayer a las 5", "desde el lunes a las 8 hasta ayer a las 5",
         span(at("02T08:00"), at("02T17:00"))),
        ("en semana santa de 2027", "semana santa de 2027", span("2027-03-21", "2027-03-28")),
        ("la semana del 16", "semana del 16", span("2026-10-12", "2026-10-18")),
        ("three days ago", "three days ago", "2026-10-31"),
        ("next monday at 3pm", "next monday at 3pm", at("09T15:00")),
        ("since October 28", "October 28", "2026-10-28"),
        ("the call was moved to Thursday at 10", "Thursday at 10", "2026-10-29T10:00:00-05:00"),
        ("minutes of the October 3 meeting", "October 3", "2026-10-03"),
        ("on November 3rd", "November 3rd", "2026-11-03"),
        ("since 6:45 this morning", "6:45 this morning", at("03T06:45")),
        ("roll it back tonight at 11", "tonight at 11", at("03T23:00")),
        ("he was rude last night", "last night",
         span(at("02T18:00"), at("02T23:59")[:-9] + ":59-05:00")),
        ("last week", "last week", span("2026-10-26", "2026-11-01")),
        ("desde segunda-feira", "segunda-feira", "2026-11-02"),
        ("reunião na quinta", "quinta", "2026-10-29"),
        ("caiu ontem à noite", "ontem à noite",
         span(at("02T18:00"), at("02T23:59")[:-9] + ":59-05:00")),
        ("há nove dias", "há nove dias", "2026-10-25"),
        ("vengan hoy antes de las 4", "hoy antes de las 4", at("03T16:00")),
        ("ontem às 15h", "ontem às 15h", at("02T15:00")),
        ("na semana que vem", "semana que vem", span("2026-11-09", "2026-11-15")),
    ],
)  # fmt: skip
def test_said(text: str, part: str, value: Any) -> None:
    assert (part, value) in read(text)


@pytest.mark.parametrize(
    "text",
    [
        "a primera hora", "ahorita", "dura dos horas en abrir", "por 3 días", "los lunes",
        "cada quince días", "todos los días", "24/7", "192.168.1.10", "v2.3.11", "PT-2026-000123",
        "el 15 %", "el diez por ciento", "el 12 usuarios", "me lo resolvieron en dos horas",
        "Ley 1581 de 2012", "a las 3 impresoras", "llegó tarde", "el turno de la noche",
        "llevo doce años con ustedes", "310 555 1234", "$3.500.000",
        "the night shift", "un lindo finde",
    ],
)  # fmt: skip
def test_no_date(text: str) -> None:
    assert read(text) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # What has happened …
        ("el viernes se cayó el correo", "2026-10-30"),
        ("me cobraron el 20", "2026-10-20"),
        ("pagué el 15 de diciembre", "2025-12-15"),
        ("la factura de enero", span("2026-01-01", "2026-01-31")),
        # … what is to come …
        ("necesito el informe para el viernes", "2026-11-06"),
        ("agenden la visita el 20", "2026-11-20"),
        ("vence el 15 de diciembre", "2026-12-15"),
        ("vendrán en enero", span("2027-01-01", "2027-01-31")),
        # … and nothing said: the past, but for a day of the year that is close ahead.
        ("el viernes", "2026-10-30"),
        ("15 de octubre", "2026-10-15"),
        ("1 de diciembre", "2026-12-01"),
    ],
)
def test_the_tense_decides_between_past_and_future(text: str, value: Any) -> None:
    assert [found for _, found in read(text)] == [value]


def test_the_nearest_cue_in_the_sentence_counts() -> None:
    text = "llegaron ayer. vengan el viernes"
    assert points_ahead(text, text.index("viernes"), len(text)) is True
    assert points_ahead("viernes", 0, 7) is None


def test_easter_and_long_weekends() -> None:
    assert [easter(y).isoformat() for y in (2024, 2025, 2026)] == [
        "2024-03-31", "2025-04-20", "2026-04-05",
    ]  # fmt: skip
    assert all(last.weekday() in {0, 6} for _, last in long_weekends(2026))


_WORDS = st.sampled_from(
    """el la los de del al a las hasta entre y desde para lunes viernes mañana ayer hoy semana mes
    año pasado próximo que viene 3 15 31 2026 99 octubre feb y media cuarto tarde noche am pm hace
    en
    dos tres horas días fin primer última quincena puente navidad 12/11 4:30 31/02/2026 , . - tipo
    """.split()  # noqa: SIM905 - read as running words
)


_TIMES = st.datetimes(datetime(1995, 1, 1), datetime(2095, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(st.lists(_WORDS, max_size=25).map(" ".join), _TIMES)
@settings(deadline=None)
def test_any_words_give_spans_in_order_and_values_that_are_dates(text: str, now: datetime) -> None:
    end = 0
    for found in sorted(find(fold(text), now), key=lambda f: f.start):
        assert end <= found.start < found.end <= len(text)
        end = found.end
        ends = found.value.values() if isinstance(found.value, dict) else [found.value]
        moments = [datetime.fromisoformat(value) for value in ends]
        assert moments == sorted(moments)


@given(st.lists(_WORDS, max_size=15).map(" ".join))
@settings(deadline=None)
def test_capitals_and_accents_change_nothing(text: str) -> None:
    assert [f.value for f in find(fold(text), NOW)] == [
        f.value for f in find(fold(text.upper()), NOW)
    ]
