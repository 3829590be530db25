"""Rules that look at what stands around a number or a name: what is one, and what is not."""

from datetime import UTC, datetime
from typing import Any

import pytest

from nlp.corpus import DATA
from nlp.entities.names import Names
from nlp.entities.numbers import from_words, parse
from nlp.entities.recognise import recognise
from nlp.normalise import clean

NOW = datetime(2026, 11, 3, 15, 0, tzinfo=UTC)
NAMES = Names.load(DATA / "gazetteer")
KNOWN = frozenset("caja mesa plata turno tengo quito carrito caldera correo".split())  # noqa: SIM905


def entities(text: str) -> list[tuple[str, str, Any]]:
    found = recognise(clean(text), text, NAMES, now=NOW, known=KNOWN)
    return [(e.type, e.text, e.value) for e in found]


def cop(amount: float) -> dict[str, Any]:
    return {"amount": amount, "currency": "COP"}


@pytest.mark.parametrize(
    ("text", "entity"),
    [
        # a case by its number alone
        ("reabran el 4471", ("ticket", "4471", "4471")),
        ("qué pasó con el 60218??", ("ticket", "60218", "60218")),
        ("es el mismo 80901 de ayer", ("ticket", "80901", "80901")),
        ("casos 3310 y 3311", ("ticket", "3311", "3311")),
        ("reopen 77120 please", ("ticket", "77120", "77120")),
        # invoices and contracts
        ("en la TX-2188 me cobran de más", ("factura", "TX-2188", "TX-2188")),
        ("facturas FE-101 y FE-102", ("factura", "FE-102", "FE-102")),
        ("el contrato CT-2025-118 dice", ("contrato", "CT-2025-118", "CT-2025-118")),
        ("según la OC 5512", ("contrato", "OC 5512", "OC 5512")),
        # error codes
        ("y dice SYNC-17", ("codigo_error", "SYNC-17", "SYNC-17")),
        ("me bota 502 bad gateway", ("codigo_error", "502", "502")),
        ("nos rebotan con 550 5.7.1", ("codigo_error", "550 5.7.1", "550 5.7.1")),
        ("sale MEMORY_MANAGEMENT", ("codigo_error", "MEMORY_MANAGEMENT", "MEMORY_MANAGEMENT")),
        ("el código era 91 no 19", ("codigo_error", "19", "19")),
        # money
        ("me cobraron 45 mil de más", ("monto", "45 mil", cop(45_000))),
        ("pido la devolución de un millón doscientos",
         ("monto", "un millón doscientos", cop(1_200_000))),
        ("palo y medio", ("monto", "palo y medio", cop(1_500_000))),
        ("medio millón", ("monto", "medio millón", cop(500_000))),
        ("tres millones y medio", ("monto", "tres millones y medio", cop(3_500_000))),
        ("2 millones 300 mil", ("monto", "2 millones 300 mil", cop(2_300_000))),
        ("cobraron 30 millones de enlace", ("monto", "30 millones", cop(30_000_000))),
        # persons and machines
        ("mi cédula está mal, es 66.812.430", ("cedula", "66.812.430", "66812430")),
        ("cédulas 59.814.337 y 12.990.456", ("cedula", "12.990.456", "12990456")),
        ("la ip es fe80::1ff:fe23:4567:890a",
         ("ip", "fe80::1ff:fe23:4567:890a", "fe80::1ff:fe23:4567:890a")),
        ("llamen al 3105551234", ("telefono", "3105551234", "+573105551234")),
        # who is hit, and where
        ("son 26 supervisores sin turno", ("usuarios_afectados", "26 supervisores", 26)),
        ("quedaron 22 estibadores sin turno", ("usuarios_afectados", "22 estibadores", 22)),
        ("solo el mío", ("usuarios_afectados", "solo el mío", 1)),
        ("está en producción y QA", ("ambiente", "producción", "produccion")),
        ("restaurar la base de pruebas", ("ambiente", "pruebas", "qa")),
        # names
        ("HiloTrack no abre", ("servicio", "HiloTrack", "HiloTrack")),
        ("falla el correo", ("servicio", "correo", "correo")),
        ("Hospital San Juan del Sur E.S.E. reporta",
         ("empresa", "Hospital San Juan del Sur E.S.E.", "Hospital San Juan del Sur E.S.E.")),
        ("En la Clínica Valle de Atriz S.A.S. no hay red",
         ("empresa", "Clínica Valle de Atriz S.A.S.", "Clínica Valle de Atriz S.A.S.")),
        ("con Periferia IT quedó claro", ("empresa", "Periferia IT", "Periferia IT")),
        ("Atentamente, Socorro Benavides.", ("persona", "Socorro Benavides", "Socorro Benavides")),
        ("creen usuario a camilo restrepo", ("persona", "camilo restrepo", "Camilo Restrepo")),
        ("sedes de Pasto, Ipiales y La Unión", ("ciudad", "La Unión", "La Unión")),
        ("en la sede de tuquerres", ("ciudad", "tuquerres", "Túquerres")),
    ],
)  # fmt: skip
def test_entity(text: str, entity: tuple[str, str, Any]) -> None:
    assert entity in entities(text)


@pytest.mark.parametrize(
    ("text", "entity_type"),
    [
        ("no me devuelvan ni un peso", "monto"),
        ("2 millones de registros", "monto"),
        ("muestra una barra verde", "monto"),
        ("ganó Millonarios", "monto"),
        ("necesitamos 15 usuarios nuevos", "usuarios_afectados"),
        ("ya probé con dos usuarios", "usuarios_afectados"),
        ("son dieciocho tabletas", "usuarios_afectados"),
        ("en 2026 subimos", "ticket"),
        ("el 12.500 por mes", "ticket"),
        ("los 3 nos facturaron 12 horas", "factura"),
        ("usamos UTC-5", "codigo_error"),
        ("con el 4471", "codigo_error"),
        ("la caja 3 no abre", "ciudad"),
        ("La mesa cierra mis solicitudes", "ciudad"),
        ("me quito el sombrero", "ciudad"),
        ("el personal de turno", "ciudad"),
        ("por correo, mándeme un correo", "servicio"),
        ("RUT de Periferia y certificado", "persona"),
        ("planta de producción de leche", "ambiente"),
    ],
)
def test_what_is_none(text: str, entity_type: str) -> None:
    assert [found for found in entities(text) if found[0] == entity_type] == []


def test_a_surname_that_is_a_town_too_belongs_to_the_person() -> None:
    assert entities("atiende Norberto Ulloa Peña")[0][:2] == ("persona", "Norberto Ulloa Peña")


def test_a_wrong_check_digit_is_reported_as_written_and_is_less_sure() -> None:
    right, wrong = (
        recognise(clean(text), text, NAMES, now=NOW)[0]
        for text in ("NIT 900.123.456-8", "NIT 900.123.456-3")
    )
    assert right.value == "900123456-8"
    assert wrong.value == {"nit": "900123456-3", "valid": False}
    assert wrong.confidence < right.confidence - 0.3


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("tres billones cuatrocientos cincuenta y cinco mil millones", 3_455_000_000_000),
        ("siete mil ochocientos noventa millones ciento veintitres mil", 7_890_123_000),
        ("un trillon", 10**18), ("2 mil millones", 2_000_000_000), ("10k", 10_000),
        ("2,33 k", 2330), ("tres docenas", 36), ("media docena", 6), ("cinco y medio", 5.5),
        ("tres millones y medio", 3_500_000), ("2 millones y medio", 2_500_000),
        ("siete con cincuenta", 7.5), ("doscientos coma cero tres", 200.03),
        ("1 234 567", 1_234_567), ("gato", None), ("", None),
    ],
)  # fmt: skip
def test_numbers(written: str, number: float | None) -> None:
    assert parse(written) == number


def test_every_number_in_words_of_the_public_lists_is_read() -> None:
    import csv
    from pathlib import Path

    from nlp.normalise import fold

    folder = Path(__file__).parents[3] / "shared/data/number_parser_es"
    if not folder.is_dir():
        pytest.skip(f"the public lists of number words are not at {folder}")
    rows = [
        row
        for file in folder.glob("*.csv")
        for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines())
    ]
    wrong = [row for row in rows if from_words(fold(row["text"])) != int(row["number"])]
    assert len(rows) >= 350
    assert wrong == []
