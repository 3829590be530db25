"""Entities with their exact text and normalised value, one line a case."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.corpus import DATA
from nlp.entities.addresses import nit_check_digit
from nlp.entities.names import Names
from nlp.entities.numbers import from_digits, from_words
from nlp.entities.recognise import recognise
from nlp.normalise import clean

NOW = datetime(2026, 11, 3, 15, 0, tzinfo=UTC)
NAMES = Names.load(DATA / "gazetteer")


def entities(text: str) -> list[tuple[str, str, Any]]:
    return [(e.type, e.text, e.value) for e in recognise(clean(text), text, NAMES, now=NOW)]


def cop(amount: float) -> dict[str, Any]:
    return {"amount": amount, "currency": "COP"}


@pytest.mark.parametrize(
    ("text", "entity"),
    [
        ("el PT-2026-000123 sigue igual", ("ticket", "PT-2026-000123", "PT-2026-000123")),
        ("pt-2026-123", ("ticket", "pt-2026-123", "PT-2026-000123")),
        ("estado pt 123", ("ticket", "pt 123", "123")),
        ("caso #4521?", ("ticket", "4521", "4521")),
        ("ticket 3310", ("ticket", "3310", "3310")),
        ("el radicado No. 88123", ("ticket", "88123", "88123")),
        ("factura FE-20345 errada", ("factura", "FE-20345", "FE-20345")),
        ("la factura número 10233", ("factura", "10233", "10233")),
        ("contrato CT-2025-014", ("contrato", "CT-2025-014", "CT-2025-014")),
        ("orden de compra 7781", ("contrato", "7781", "7781")),
        ("cobraron $1.250.000", ("monto", "$1.250.000", cop(1_250_000))),
        ("son USD 3,500.00", ("monto", "USD 3,500.00", {"amount": 3500, "currency": "USD"})),
        ("unos 1,2 millones", ("monto", "1,2 millones", cop(1_200_000))),
        ("200 lucas", ("monto", "200 lucas", cop(200_000))),
        ("dos palos", ("monto", "dos palos", cop(2_000_000))),
        ("80 mil pesos", ("monto", "80 mil pesos", cop(80_000))),
        (
            "tres millones quinientos mil pesos",
            ("monto", "tres millones quinientos mil pesos", cop(3_500_000)),
        ),
        ("millón y medio de pesos", ("monto", "millón y medio de pesos", cop(1_500_000))),
        ("€120,50", ("monto", "€120,50", {"amount": 120.5, "currency": "EUR"})),
        ("100 dólares", ("monto", "100 dólares", {"amount": 100, "currency": "USD"})),
        ("R$ 350,00", ("monto", "R$ 350,00", {"amount": 350, "currency": "BRL"})),
        ("NIT 900.123.456-8", ("nit", "900.123.456-8", "900123456-8")),
        ("nit: 860002964-4", ("nit", "860002964-4", "860002964-4")),
        ("NIT 900.123.456-3", ("nit", "900.123.456-3", {"nit": "900123456-3", "valid": False})),
        ("mi cédula es 1.020.345.678", ("cedula", "1.020.345.678", "1020345678")),
        ("cc 52345678", ("cedula", "52345678", "52345678")),
        (
            "escriban a Ana.Ruiz@Acme.com.CO.",
            ("email", "Ana.Ruiz@Acme.com.CO", "ana.ruiz@acme.com.co"),
        ),
        ("cel 310 555 1234", ("telefono", "310 555 1234", "+573105551234")),
        ("+57 300 123 45 67", ("telefono", "+57 300 123 45 67", "+573001234567")),
        ("fijo (601) 745 8890", ("telefono", "(601) 745 8890", "+576017458890")),
        ("entre a https://x.co/a?b=1.", ("url", "https://x.co/a?b=1", "https://x.co/a?b=1")),
        ("la IP 190.24.10.5", ("ip", "190.24.10.5", "190.24.10.5")),
        ("sale ORA-01017", ("codigo_error", "ORA-01017", "ORA-01017")),
        ("error 500 al entrar", ("codigo_error", "500", "500")),
        ("código 0x80070057", ("codigo_error", "0x80070057", "0x80070057")),
        (
            "me bota ERR_CONNECTION_RESET",
            ("codigo_error", "ERR_CONNECTION_RESET", "ERR_CONNECTION_RESET"),
        ),
        ("afecta a 45 usuarios", ("usuarios_afectados", "45 usuarios", 45)),
        ("somos doce", ("usuarios_afectados", "doce", 12)),
        ("solo a mí me pasa", ("usuarios_afectados", "solo a mí", 1)),
        ("en producción", ("ambiente", "producción", "produccion")),
        ("ambiente de pruebas", ("ambiente", "pruebas", "qa")),
        ("en staging", ("ambiente", "staging", "staging")),
        ("la sede de Medellin", ("ciudad", "Medellin", "Medellín")),
        ("estamos en barranquila", ("ciudad", "barranquila", "Barranquilla")),
        ("no abre el Power BI", ("servicio", "Power BI", "Power BI")),
        ("falla el módulo de nómina", ("servicio", "módulo de nómina", "módulo de nómina")),
        ("soy Camilo Restrepo", ("persona", "Camilo Restrepo", "Camilo Restrepo")),
        ("me llamo pedro ruiz", ("persona", "pedro ruiz", "Pedro Ruiz")),
        (
            "de Comercial Andina S.A.S.",
            ("empresa", "Comercial Andina S.A.S.", "Comercial Andina S.A.S."),
        ),
    ],
)  # fmt: skip
def test_entity(text: str, entity: tuple[str, str, Any]) -> None:
    assert entity in entities(text)


@pytest.mark.parametrize(
    ("text", "entity_type"),
    [
        ("llegó 10 minutos tarde", "monto"),
        ("la planta de producción paró", "ambiente"),
        ("llevo 3 casos abiertos", "ticket"),
        ("el ticket de 3 usuarios", "ticket"),
        ("mi correo es ana@x.co", "servicio"),
        ("una casa bella", "ciudad"),
        ("999.999.999.999", "ip"),
        ("factura de 2026", "factura"),
        ("Buenos días", "persona"),
        ("buen trabajo", "fecha"),
    ],
)
def test_what_is_none(text: str, entity_type: str) -> None:
    assert [found for found in entities(text) if found[0] == entity_type] == []


def test_check_digits_of_known_companies() -> None:
    # Public NITs: Ecopetrol, Bancolombia, Banco de Bogotá.
    assert [nit_check_digit(n) for n in ("899999068", "890903938", "860002964")] == [1, 8, 4]


@given(st.integers(0, 10**12))
def test_thousands_are_read_in_both_ways_of_grouping(number: int) -> None:
    assert from_digits(f"{number:,}") == number
    assert from_digits(f"{number:,}".replace(",", ".")) == number
    assert from_digits(f"{number:,}.50".replace(",", "'")) == number + 0.5


@pytest.mark.parametrize(
    ("written", "number"),
    [("veinte", 20), ("treinta y cinco", 35), ("mil doscientos", 1200), ("dos millones", 2_000_000),
     ("ciento un mil", 101_000), ("un millon cien mil", 1_100_000), ("gato", None)],
)  # fmt: skip
def test_numbers_in_words(written: str, number: int | None) -> None:
    assert from_words(written) == number
