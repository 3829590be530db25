"""Short answers that no model is asked about."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dialogue import words
from bot.messages import Choice

OFFERED = (
    Choice(id="report:yes", label="Sí, registrar"),
    Choice(id="report:fix", label="Corregir"),
    Choice(id="report:no", label="Cancelar"),
)


@pytest.mark.parametrize(
    "text", ["sí", "SI", "Sí!", "sí señor", "👍", "👍🏽", "hágale", "de una",
    "Dale pues", "listo gracias",
             "listo pues, hágale", "ombe sí", "dele", "sizas", "si registrela", "ya le dije que sí",
             "yes", "That's right", "sim", "isso mesmo", "ok", "s\u00ed\u200b"]
)  # fmt: skip
def test_yes(text):
    assert words.is_yes(text)
    assert not words.is_no(text)


@pytest.mark.parametrize(
    "text",
    ["no", "No.", "NO!!", "no gracias", "todavía no", "não", "👎", "nones", "no señora pues"],
)
def test_no(text):
    assert words.is_no(text)
    assert not words.is_yes(text)


@pytest.mark.parametrize(
    ("text", "choice_id"),
    [
        ("1", "report:yes"), ("2", "report:fix"), ("2.", "report:fix"),
        ("la segunda", "report:fix"),
        ("opción 3", "report:no"), ("#3", "report:no"), ("el primero", "report:yes"),
        ("the second one", "report:fix"), ("corregir", "report:fix"),
        ("SÍ, REGISTRAR", "report:yes"),
        ("sí", "report:yes"), ("no", "report:no"), ("4", None), ("0", None), ("22", None),
        ("quiero 2 cosas", None), ("", None), ("²", "report:fix"),
    ],
)  # fmt: skip
def test_chosen(text, choice_id):
    assert words.chosen(text, OFFERED) == choice_id


@pytest.mark.parametrize("text", ["ya", "de", "gracias", "señora", "si no abre", "bueno no", "una"])
def test_neither_yes_nor_no(text):
    assert not words.is_yes(text)
    assert not words.is_no(text)


@pytest.mark.parametrize(
    "text", ["sí pero ponga que es urgente", "dale, con prioridad", "si por favor urgente"]
)
def test_yes_and_urgent(text):
    assert words.is_yes_and_urgent(text)


@pytest.mark.parametrize("text", ["sí pero es en Cali", "es urgente", "no es urgente"])
def test_not_only_yes_and_urgent(text):
    assert not words.is_yes_and_urgent(text)


@pytest.mark.parametrize(
    "text", ["ya le dije", "qué tanta pregunta", "¡No más preguntas!", "I already told you"]
)
def test_impatient(text):
    assert words.is_impatient(text)


@pytest.mark.parametrize("text", ["tengo una pregunta", "me dijeron que ya", "lea el registro"])
def test_patient(text):
    assert not words.is_impatient(text)


@pytest.mark.parametrize(
    "text",
    ["no sé", "no sé el número", "ahora no la tengo", "ni idea", "não tenho", "I don't know"],
)
def test_unknown(text):
    assert words.is_unknown(text)


@pytest.mark.parametrize("text", ["no tengo acceso", "no sé entrar al portal", "tengo el número"])
def test_not_unknown(text):
    assert not words.is_unknown(text)


@pytest.mark.parametrize("text", ["acepto", "bueno, sí acepto", "I accept, thank you"])
def test_accepts(text):
    assert words.accepts(text)


@pytest.mark.parametrize("text", ["no acepto", "sí", "acepto la factura", "bueno"])
def test_does_not_accept(text):
    assert not words.accepts(text)


@pytest.mark.parametrize("text", ["STOP", "stop.", "Baja", "no más mensajes", "unsubscribe"])
def test_stop(text):
    assert words.is_stop(text)


@pytest.mark.parametrize(
    "text", ["para", "cancelar", "no pare", "stop the server", "dar de baja un usuario"]
)
def test_no_stop(text):
    assert not words.is_stop(text)


@pytest.mark.parametrize(
    "text",
    ["no acepto", "No autorizo.", "no autorizo el tratamiento de mis datos", "I do not accept",
     "não aceito", "revoco mi autorización"],
)  # fmt: skip
def test_refuses(text):
    assert words.refuses(text)


@pytest.mark.parametrize(
    "text",
    ["no autorizo ese cobro", "no acepto la factura FE-20", "acepto", "no",
    "no puedo aceptar el acta"],
)  # fmt: skip
def test_refuses_something_else(text):
    assert not words.refuses(text)


@pytest.mark.parametrize(
    "text",
    ["tengo un problema", "Hola, buenas tardes", "necesito ayuda por favor",
    "quiero poner una queja",
     "ayuda", "hola necesito reportar un error", "I have a problem", "quero fazer uma reclamação",
     "parce, ayuda", "123"],
)  # fmt: skip
def test_says_little(text):
    assert words.says_little(text)


@pytest.mark.parametrize(
    "text",
    ["se cayó SAP", "no imprime la impresora", "nómina no liquida",
    "printer is broken", "acceso a Power BI"],
)  # fmt: skip
def test_says_enough(text):
    assert not words.says_little(text)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Buenos días, se cayó SAP", "se cayó SAP"),
        ("Hola!! buenas tardes. No imprime", "No imprime"),
        ("Hello, the VPN is down", "the VPN is down"),
        ("hola", "hola"),
        ("Holanda no responde", "Holanda no responde"),
        ("Buenas prácticas de SAP", "Buenas prácticas de SAP"),
        ("buenas, no abre", "no abre"),
    ],
)
def test_without_greeting(text, rest):
    assert words.without_greeting(text) == rest


@given(st.text(max_size=300))
def test_no_text_breaks_them(text):
    for function in (
        words.plain, words.is_yes, words.is_no, words.is_cancel, words.is_stop, words.is_unknown,
        words.wants_human, words.accepts, words.refuses, words.revokes, words.without_greeting,
        words.says_little, words.looks_like_question, words.is_another, words.is_impatient,
        words.is_yes_and_urgent, words.without_answer, words.names_a_thing,
    ):  # fmt: skip
        function(text)
    assert words.chosen(text, OFFERED) in {None, "report:yes", "report:fix", "report:no"}
    assert words.plain(words.plain(text)) == words.plain(text)
