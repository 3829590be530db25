"""What the client wrote now, out of real shapes of replies."""

import email
import email.policy
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.mail.quotes import MAX_LINES, MAX_TEXT, is_too_long, new_text

SHARED = Path(__file__).parents[3] / ".." / "shared" / "data"

OWN = "Buenas tardes, el correo sigue sin abrir.\n\nYa reinicié el equipo."

HEADERS = [
    # Gmail
    "El lun, 3 nov 2026 a las 10:15, Mesa de Ayuda (<soporte@example.com>) escribió:",
    "El lun, 3 nov 2026 a la(s) 10:15 a. m., Mesa de Ayuda (soporte@example.com)\nescribió:",
    "El lun., 3 de nov. de 2026 10:15 a. m., Mesa de Ayuda <soporte@example.com>\nescribió:",
    "El El lun, 3 de nov. de 2026 a la(s) 10:15, Mesa <\nsoporte@example.com> escribió:",
    "2026-11-03 10:15 GMT-05:00 Mesa de Ayuda <soporte@example.com>:",
    # Apple Mail, iPhone, Thunderbird, Yahoo
    "El 3/11/2026, a las 10:15, Mesa de Ayuda <soporte@example.com> escribió:",
    "> El 3/11/2026, a la(s) 10:15 a.m., Mesa de Ayuda <soporte@example.com> escribió:\n>",
    "El 03/11/2026 a las 10:15, Mesa de Ayuda escribió:",
    "El lunes, 3 de noviembre de 2026, 10:15:07 GMT-5, Mesa de Ayuda <s@example.com> escribió:",
    "El 3 nov 2026, a las 10:15, Mesa de Ayuda\n<soporte@example.com>\nescribió:",
    # other languages
    "On Mon, Nov 3, 2026 at 10:15 AM Help Desk <soporte@example.com> wrote:",
    "On Mon, 3 Nov 2026 at 10:15, Help Desk with a rather long name\n<soporte@example.com> wrote:",
    "Em seg., 3 de nov. de 2026 às 10:15, Central de Ajuda <s@example.com> escreveu:",
    "Em 03/11/2026 10:15, Central de Ajuda escreveu:",
    # Outlook
    (
        "De: Mesa de Ayuda <soporte@example.com>\nEnviado: lunes, 3 de noviembre de 2026 10:15\n"
        "Para: Juan Pérez <juan@example.org>\nAsunto: RE: PT-2026-000123"
    ),
    (
        "De: Mesa de Ayuda\nEnviado el: lunes, 3 de noviembre de 2026 10:15 a. m.\n"
        "Para: Juan Pérez; Ana Gómez\nCC: Otro\nAsunto: RE: Falla"
    ),
    (
        "________________________________\nDe: Mesa <s@example.com>\nEnviado: lunes, 3 nov 2026\n"
        "Para: Juan <j@example.org>\nAsunto: RE: Falla"
    ),
    "______________________________\n\n*De:* Mesa <s@example.com>\n*Enviado:* lunes\n*Para:* Juan",
    (
        "-----Mensaje original-----\nDe: Mesa de Ayuda [mailto:soporte@example.com]\n"
        "Enviado el: lunes, 3 de noviembre de 2026 10:15\nPara: Juan\nAsunto: Falla"
    ),
    (
        "From: Help Desk <soporte@example.com>\nSent: Monday, November 3, 2026 10:15 AM\n"
        "To: Juan Perez <juan@example.org>\nSubject: RE: Failure"
    ),
    "-----Original Message-----\nFrom: Help Desk\nSent: Monday\nTo: Juan\nSubject: Failure",
    (
        "De: Central <s@example.com>\nEnviada em: segunda-feira, 3 de novembro de 2026 10:15\n"
        "Para: João <j@example.org>\nAssunto: RES: Falha"
    ),
    "De: Mesa <s@example.com>\nFecha: lunes, 3 de noviembre de 2026, 10:15\nPara: Juan\nAsunto: x",
]
QUOTED = "Hola, ¿qué error ve en pantalla?\n\nMesa de Ayuda"


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("marked", [True, False])
def test_everything_below_the_header_of_a_quotation_is_cut(header: str, marked: bool) -> None:
    quoted = "\n".join(f"> {line}" for line in QUOTED.split("\n")) if marked else QUOTED
    if header.startswith(">") and not marked:
        return  # a marked header stands above marked lines only
    assert new_text(f"{OWN}\n\n{header}\n\n{quoted}\n") == OWN
    assert new_text(f"{OWN}\r\n{header}\r\n{quoted}\r\n".replace("\n", "\r\n")) == OWN


@pytest.mark.parametrize(
    "text",
    [
        "El proveedor nos escribió:",
        "El lunes escribí a soporte y nadie contestó.",
        "Necesito tres cosas:\n- acceso a SAP\n- una licencia\n- un equipo",
        "Para: que sirve este campo?",
        "De: 10:00 a 12:00 no hubo servicio.\nEl resto del día bien.",
        "El error dice: On error wrote: nothing",
        "Gracias por la atención prestada ayer, pero sigue igual.",
        "Saludos desde Cali, ¿cuándo vienen?",
        "Hola\n\nGracias\n\nPero la impresora sigue fallando en el piso 3",
        "Gracias",
        "Atentamente solicito una copia de mi contrato.",
        "Ver fórmula a > b\ny también b < c",
        "Enviado desde mi casa ayer el formulario y no llegó.\nFavor revisar.",
        "--\nSin texto",
    ],
)
def test_words_that_only_look_like_a_quotation_or_a_signature_stay(text: str) -> None:
    if text.startswith("Enviado desde mi casa"):
        assert "Favor revisar." in new_text(text)
    else:
        assert new_text(text) == text


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nJuan Pérez\nAnalista TI",
        "--\nJuan",
        "Cordialmente,\n\nJuan Pérez\nAnalista TI\nTel. (601) 555 0199\nwww.example.org",
        "Atentamente,\nJuan Pérez",
        "Atte.\nJuan",
        "Cordial saludo,",
        "Saludos,\nJuan",
        "Quedo atento a sus comentarios.\n\nJuan Pérez de la Rosa",
        "Muchas gracias,\n\nJuan Pérez",
        "Enviado desde mi iPhone",
        "Enviado desde Outlook para Android",
        "Enviado desde mi Samsung Galaxy",
        "Obtener Outlook para iOS<https://aka.ms/o0ukef>",
        "Sent from my iPhone",
        "Get Outlook for Android",
        "Enviado do meu iPhone",
        "Best regards,\nJuan Perez\nIT Analyst",
        "Thanks,\nJuan",
        "Atenciosamente,\nJoão da Silva",
        "AVISO DE CONFIDENCIALIDAD: Este mensaje y sus adjuntos pueden contener información.",
        "Este mensaje y sus archivos adjuntos van dirigidos exclusivamente a su destinatario.",
        "Cordialmente,\nJuan Pérez\n\nAviso legal: la información aquí contenida es reservada.",
    ],
)
def test_signatures_are_cut(signature: str) -> None:
    assert new_text(f"{OWN}\n\n{signature}\n") == OWN
    assert new_text(f"{OWN}\n\n{signature}\n\n{HEADERS[0]}\n> hola\n") == OWN


def test_answers_between_quoted_lines_stay() -> None:
    text = (
        "Respondo abajo:\n\nEl lun, 3 nov 2026 a las 10:15, Mesa (<s@example.com>) escribió:\n"
        "> ¿Qué error ve?\n\nEl 404.\n\n> ¿Desde cuándo?\n\nDesde ayer.\n"
    )
    assert new_text(text) == "Respondo abajo:\n\nEl 404.\n\nDesde ayer."


def test_an_answer_below_the_quotation_stays() -> None:
    text = f"{HEADERS[0]}\n> ¿Qué error ve?\n> Quedo atento\n\nEl 404.\n"
    assert new_text(text) == "El 404."


def test_nothing_but_a_quotation_is_shown_rather_than_nothing() -> None:
    assert new_text("> hola\n> mundo") == "hola\nmundo"
    assert new_text("-- \nJuan") == "--\nJuan"
    assert new_text(f"{HEADERS[0]}\n> hola") == f"{HEADERS[0]}\nhola"


@pytest.mark.parametrize(
    "below",
    ["> hola", "-- \nJuan", "Enviado desde mi iPhone", f"{HEADERS[0]}\n> hola\n\n-- \nJuan"],
)
def test_around_a_file_alone_quotation_and_signature_say_nothing(below: str) -> None:
    assert new_text(f"\n\n{below}\n", may_be_empty=True) == ""
    assert new_text(f"El 404.\n\n{below}\n", may_be_empty=True) == "El 404."


def test_what_a_client_forwards_is_the_message() -> None:
    forwarded = (
        "Por favor revisar.\n\n---------- Forwarded message ------\nDe: Sistema <x@example.org>\n"
        "Date: lun, 3 nov 2026\nSubject: Alerta\nTo: Juan\n\nDisco lleno en SRV01\n"
    )
    assert "Disco lleno en SRV01" in new_text(forwarded)
    outlook = f"Por favor revisar.\n\n{HEADERS[14]}\n\nDisco lleno en SRV01\n"
    assert "Disco lleno" in new_text(outlook, forwarded=True)
    assert "Disco lleno" not in new_text(outlook)


N = 1_000_000
HOSTILE = {
    "quote marks": ">" * N,
    "quoted lines": ">\n" * (N // 2),
    "on": "On " * (N // 3),
    "on lines": ("On " + "a b " * 90 + "\n") * (N // 364),
    "el lines": "El lun 3 nov\n" * (N // 13),
    "el colons": "El lun 3 nov:\n" * (N // 14),
    "wrote": "On 1/1 x wrote:\n" * (N // 16),
    "wrote run": "On 1/1 " + "wrote " * (N // 6) + ":",
    "blank lines": "\n" * N,
    "spaces": " " * N,
    "space lines": "   \n" * (N // 4),
    "dashes": "-- \n" * (N // 4),
    "stars": "*" * N,
    "rules": ("_" * 40 + "\n") * (N // 41),
    "labels": "De: x\n" * (N // 6),
    "blocks": "De: x\nPara: y\nAsunto: z\n" * (N // 22),
    "closings": "Gracias\n" * (N // 8),
    "names": "Gracias\nJuan\n" * (N // 13),
    "device": "Enviado desde mi " * (N // 17),
    "notice": ("este mensaje " + "a " * 190 + "\n") * (N // 394),
    "originals": "-----Mensaje original-----\n" * (N // 27),
    "gmail": ("2026-11-03 10:15 " + "<" * 300 + "\n") * (N // 318),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_megabyte_is_done_in_bounded_time(name: str) -> None:
    def took() -> float:
        began = time.process_time()
        new_text(HOSTILE[name])
        return time.process_time() - began

    assert min(took() for _ in range(3)) <= 0.2


PIECES = st.sampled_from(
    [
        *(">", "\n", " ", "On ", "wrote:", "El ", "escribió:", "De: ", "Para: ", "Asunto: "),
        *("-- \n", "___________\n", "*", "3 nov 2026 ", "a@b.co ", "Hola", "Gracias,\n", "Juan\n"),
    ]
)


@given(st.lists(PIECES, max_size=60).map("".join))
def test_text_is_never_lost_and_nothing_is_invented(text: str) -> None:
    kept = new_text(text)
    assert bool(kept) == bool(text.strip("> \n")) or not text.strip("> \n*_-")
    assert all(word in text for word in kept.split())


@given(st.lists(PIECES, max_size=40).map("".join))
def test_cutting_twice_loses_no_word_that_starts_the_text(text: str) -> None:
    own = "La impresora no imprime desde ayer."
    assert new_text(f"{own}\n\n{text}").startswith(own)


def test_long_texts_are_cut_and_it_is_known() -> None:
    assert not is_too_long("hola\n" * 10)
    assert is_too_long("a" * (MAX_TEXT + 1))
    assert is_too_long("a\n" * (MAX_LINES + 1))
    assert len(new_text("a" * (MAX_TEXT + 1))) == MAX_TEXT


@pytest.mark.skipif(not SHARED.exists(), reason="the shared collection of mails is not here")
@pytest.mark.parametrize(
    "name",
    [
        "gmail",
        "aol",
        "apple_mail",
        "comcast",
        "hotmail",
        "outlook",
        "sparrow",
        "thunderbird",
        "yahoo",
        "iphone",
    ],
)
def test_replies_of_common_mail_programs(name: str) -> None:
    raw = (SHARED / "mail_talon" / "standard_replies" / f"{name}.eml").read_bytes()
    body = email.message_from_bytes(raw, policy=email.policy.default).get_body(("plain",))
    assert body is not None
    assert new_text(body.get_content()) == "Hello"


@pytest.mark.skipif(not SHARED.exists(), reason="the shared collection of mails is not here")
def test_no_reply_of_the_collections_comes_out_empty() -> None:
    files = [
        path
        for folder in ("mail_crisp_reply_parser/fixtures", "mail_parser_reply/emails")
        for path in sorted((SHARED / folder).glob("*.txt"))
    ]
    assert len(files) > 100
    empty = [p.name for p in files if not new_text(p.read_text("utf-8", "replace")).strip()]
    assert empty == []
