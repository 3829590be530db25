"""Golden dates, told on Tuesday 3 November 2026 at 10:00 in Bogotá."""

from datetime import UTC, datetime
from typing import Any

import pytest

from nlp.entities.dates import find
from nlp.normalise import fold

NOW = datetime(2026, 11, 3, 15, 0, tzinfo=UTC)


def span(start: str, end: str) -> dict[str, str]:
    return {"start": start, "end": end}


def at(moment: str) -> str:
    return f"2026-11-{moment}:00-05:00"


@pytest.mark.parametrize(
    ("text", "part", "value"),
    [
        ("desde hoy", "hoy", "2026-11-03"),
        ("falló ayer", "ayer", "2026-11-02"),
        ("desde antier", "antier", "2026-11-01"),
        ("desde anteayer", "anteayer", "2026-11-01"),
        ("para mañana", "mañana", "2026-11-04"),
        ("pasado mañana", "pasado mañana", "2026-11-05"),
        ("hace tres días", "hace tres días", "2026-10-31"),
        ("hace 2 horas", "hace 2 horas", at("03T08:00")),
        ("hace como 15 minutos", "hace como 15 minutos", at("03T09:45")),
        ("hace una semana", "hace una semana", "2026-10-27"),
        ("hace dos meses", "hace dos meses", "2026-09-03"),
        ("en 5 días", "en 5 días", "2026-11-08"),
        ("desde el lunes", "lunes", "2026-11-02"),
        ("desde el viernes", "viernes", "2026-10-30"),
        ("para el viernes", "viernes", "2026-11-06"),
        ("el viernes pasado", "viernes pasado", "2026-10-30"),
        ("el próximo sábado", "próximo sábado", "2026-11-07"),
        ("agendar visita el jueves", "jueves", "2026-11-05"),
        ("el 28 de octubre", "28 de octubre", "2026-10-28"),
        ("el 5 de diciembre de 2025", "5 de diciembre de 2025", "2025-12-05"),
        ("el primero de mayo", "primero de mayo", "2026-05-01"),
        ("02/11/2026", "02/11/2026", "2026-11-02"),
        ("el 12-03-25", "12-03-25", "2025-03-12"),
        ("2026-10-30", "2026-10-30", "2026-10-30"),
        ("desde el 30/10", "30/10", "2026-10-30"),
        ("ayer a las 4:30 pm", "ayer a las 4:30 pm", at("02T16:30")),
        ("mañana a las 10 am", "mañana a las 10 am", at("04T10:00")),
        ("a las 3 de la tarde", "las 3 de la tarde", at("03T15:00")),
        ("hoy a las 8", "hoy a las 8", at("03T08:00")),
        ("a las 14:20 de ayer", "las 14:20 de ayer", at("02T14:20")),
        (
            "ayer en la tarde",
            "ayer en la tarde", span(at("02T12:00"), at("02T17:59")[:-9] + ":59-05:00"),
        ),
        ("del 3 al 5 de octubre", "del 3 al 5 de octubre", span("2026-10-03", "2026-10-05")),
        (
            "del lunes al miércoles de la semana pasada",
            "del lunes al miércoles de la semana pasada", span("2026-10-26", "2026-10-28"),
        ),
        ("la semana pasada", "semana pasada", span("2026-10-26", "2026-11-01")),
        ("esta semana", "esta semana", span("2026-11-02", "2026-11-08")),
        ("la próxima semana", "próxima semana", span("2026-11-09", "2026-11-15")),
        ("el mes pasado", "mes pasado", span("2026-10-01", "2026-10-31")),
        ("este mes", "este mes", span("2026-11-01", "2026-11-30")),
        ("en septiembre", "septiembre", span("2026-09-01", "2026-09-30")),
        ("factura de febrero de 2025", "febrero de 2025", span("2025-02-01", "2025-02-28")),
        ("el año pasado", "año pasado", span("2025-01-01", "2025-12-31")),
        ("los últimos 3 días", "últimos 3 días", span("2026-10-31", "2026-11-03")),
        ("primer trimestre de 2026", "primer trimestre de 2026", span("2026-01-01", "2026-03-31")),
        ("el fin de semana pasado", "fin de semana pasado", span("2026-10-31", "2026-11-01")),
        ("since yesterday", "yesterday", "2026-11-02"),
        ("two days ago", "two days ago", "2026-11-01"),
        ("desde ontem", "ontem", "2026-11-02"),
    ],
)  # fmt: skip
def test_date(text: str, part: str, value: Any) -> None:
    found = [(text[f.start : f.end], f.value) for f in find(fold(text), NOW)]
    assert (part, value) in found


def test_the_day_is_that_of_bogota() -> None:
    late = datetime(2026, 11, 4, 3, 30, tzinfo=UTC)  # 22:30 of the 3rd in Bogotá
    assert [found.value for found in find("hoy", late)] == ["2026-11-03"]


@pytest.mark.parametrize(
    "text", ["buenos días", "en la nube", "31/02/2026", "hoy en día", "3.5 de"]
)
def test_no_date(text: str) -> None:
    assert list(find(fold(text), NOW)) == []


def test_a_leap_day_and_the_end_of_a_year() -> None:
    leap = datetime(2028, 2, 29, 15, 0, tzinfo=UTC)
    assert [f.value for f in find("hace un mes", leap)] == ["2028-01-29"]
    assert [f.value for f in find("en 1 ano", leap)] == ["2029-02-28"]
    january = datetime(2027, 1, 2, 15, 0, tzinfo=UTC)
    assert [f.value for f in find("el 28 de diciembre", january)] == ["2026-12-28"]
