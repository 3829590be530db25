"""Taking mails apart: whatever arrives is read or quarantined, within its bounds."""

import asyncio
import json
import time
from base64 import encodebytes
from collections.abc import Iterator
from email.header import Header
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.odd_mails import BODY, HEAD, ODD_MAILS, PDF, PNG, bombs

from bot.channels.channel import FetchFailed
from bot.mail import mime_child
from bot.mail.mime import MAX_RAW, MimeParser, ParsedMail, Quarantined

BOMBS = bombs()
SHARED = Path(__file__).parents[3] / ".." / "shared" / "data"


@pytest.fixture
def parser() -> MimeParser:
    return MimeParser()


def read(raw: bytes) -> ParsedMail:
    """What the child does, in this process: for mails that are known to be harmless."""
    return ParsedMail.model_validate_json(json.dumps(mime_child.extract(mime_child.parse(raw))))


def texts(mail: ParsedMail) -> Iterator[str]:
    yield from (mail.text, mail.subject, *mail.flags.values(), *mail.recipients)
    yield from (part for pair in mail.sender for part in pair)
    yield from (part.filename for part in mail.attachments if part.filename)


@pytest.mark.parametrize("name", ODD_MAILS)
def test_every_odd_mail_is_read(name: str) -> None:
    raw, expected = ODD_MAILS[name]
    mail = read(raw)
    assert expected is None or expected in (mail.text or mail.subject)
    for text in texts(mail):
        assert "\0" not in text
        text.encode()  # no lone surrogate is left


async def test_the_child_reads_what_its_functions_read(parser: MimeParser) -> None:
    raws = [ODD_MAILS[name][0] for name in ("two from headers", "invalid utf-8", "winmail.dat")]
    assert await asyncio.gather(*map(parser.extract, raws)) == [read(raw) for raw in raws]


def test_real_mails_are_read() -> None:
    files = [
        path
        for folder in ("mail_php_mime", "mail_webklex_eml", "mail_talon/standard_replies")
        for path in sorted((SHARED / folder).glob("*"))
        if path.name != "SOURCE.txt"
    ]
    if not files:
        pytest.skip("the shared collection of mails is not here")
    mails = [read(path.read_bytes()) for path in files]
    assert len(mails) >= 120
    shown = [mail for mail in mails if mail.text or mail.attachments or mail.subject]
    assert len(shown) == len(mails)


QUICK = {"tiny parts", "nesting", "encoded words", "addresses"}


@pytest.mark.parametrize(
    "name",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in BOMBS],
)
async def test_a_bomb_is_defused_and_holds_up_nobody(parser: MimeParser, name: str) -> None:
    raw = BOMBS[name]

    async def explode() -> str:
        try:
            return (await parser.extract(raw)).text
        except Quarantined as error:
            return error.reason

    bomb = asyncio.create_task(explode())
    began = time.monotonic()
    mail = await parser.extract(HEAD + b"\r\n" + BODY.encode())
    assert mail.text == BODY
    assert time.monotonic() - began <= 5
    assert len(await bomb) <= 100_000


async def test_what_burns_the_processor_is_killed(parser: MimeParser) -> None:
    with pytest.raises(Quarantined, match="procesador"):
        await parser.extract(BOMBS["tiny parts"] * 4)


async def test_deep_nesting_is_quarantined_with_its_reason(parser: MimeParser) -> None:
    with pytest.raises(Quarantined, match="RecursionError"):
        await parser.extract(BOMBS["nesting"])


@pytest.mark.slow
async def test_what_needs_too_much_memory_is_quarantined(parser: MimeParser) -> None:
    raw = HEAD + b"\r\n" + b"a\n" * (MAX_RAW // 2 - 200)
    with pytest.raises(Quarantined, match=r"memoria|procesador"):
        await parser.extract(raw)


async def test_empty_and_oversized_mails_are_quarantined(parser: MimeParser) -> None:
    with pytest.raises(Quarantined, match="vacío"):
        await parser.extract(b"\r\n \r\n")
    with pytest.raises(Quarantined, match="grande"):
        await parser.extract(b"a" * (MAX_RAW + 1))


async def test_a_cancelled_parse_leaves_no_child(parser: MimeParser) -> None:
    task = asyncio.create_task(parser.extract(BOMBS["tiny parts"]))
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def multipart(*parts: bytes) -> bytes:
    body = b"".join(b"--x\r\n" + part + b"\r\n" for part in parts)
    return HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + body + b"--x--\r\n"


def attached(content: bytes, kind: bytes, name: str) -> bytes:
    encoded = Header(name, "utf-8").encode(maxlinelen=0).encode()
    return (
        b'Content-Type: %s\r\nContent-Disposition: attachment; filename="%s"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\n%s" % (kind, encoded, encodebytes(content))
    )


@pytest.mark.parametrize(
    ("content", "announced", "expected"),
    [
        (PNG, b"text/html", "image/png"),
        (PDF, b"application/octet-stream", "application/pdf"),
        (b"<html><script>", b"image/png", "text/html"),
        (b'<?xml version="1.0"?><svg onload=x>', b"image/png", "image/svg+xml"),
        (b"hola", b"image/png", "application/octet-stream"),
        (b"a;b", b"text/csv", "text/csv"),
        (b"hola", b"nada", "text/plain"),
        (b"MZ\x90\0" + b"\0" * 60, b"application/pdf", "application/x-msdownload"),
    ],
)
async def test_the_type_of_an_attachment_is_told_by_its_bytes(
    parser: MimeParser, content: bytes, announced: bytes, expected: str
) -> None:
    raw = multipart(b"\r\n" + BODY.encode(), attached(content, announced, "informe.pdf"))
    (part,) = (await parser.extract(raw)).attachments
    assert part.content_type == expected
    fetched = await parser.extract_part(raw, part.part)
    assert (fetched.content, fetched.content_type) == (content, expected)
    assert fetched.filename == "informe.pdf"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\juan\\factura.pdf", "factura.pdf"),
        ("factura\u202efdp.exe", "facturafdp.exe"),
        ("a\u200bb\ufeff.txt", "ab.txt"),
        ("a\0b\r\nc.txt", "ab c.txt"),
        ("ñandú año.pdf", "ñandú año.pdf"),
        ("a" * 500 + ".pdf", "a" * 116 + ".pdf"),
        ("...", None),
    ],
)
def test_names_of_attachments_are_safe(name: str, expected: str | None) -> None:
    raw = multipart(attached(b"hola", b"text/csv", name))
    (part,) = read(raw).attachments
    assert part.filename == expected


@pytest.mark.slow
async def test_attachments_beyond_the_limits(parser: MimeParser) -> None:
    many = await parser.extract(
        multipart(*(attached(b"x", b"text/csv", f"{n}.csv") for n in range(500)))
    )
    assert (len(many.attachments), many.attachments_left_out) == (50, 450)

    raw = multipart(
        b"\r\n" + BODY.encode(), attached(b"\0" * (26 << 20), b"application/x", "g.bin")
    )
    large = await parser.extract(raw)
    assert large.text == BODY
    assert large.attachments[0].size == 26 << 20
    with pytest.raises(FetchFailed) as refused:
        await parser.extract_part(raw, large.attachments[0].part)
    assert not refused.value.retry


@pytest.mark.slow
async def test_an_attachment_of_25_mb_is_fetched(parser: MimeParser) -> None:
    content = bytes(range(256)) * (25 << 12)
    raw = multipart(attached(content, b"application/x", "g.bin"))
    assert (await parser.extract_part(raw, 0)).content == content


async def test_an_attachment_that_is_not_there(parser: MimeParser) -> None:
    with pytest.raises(FetchFailed):
        await parser.extract_part(multipart(), 7)


def test_html_reads_as_it_was_written() -> None:
    html = (
        "<html><head><title>no</title><style>p{}</style></head><body><!-- no -->"
        "<p>Buenas&nbsp;tardes,</p><p>No abre:<br>el <b>correo</b></p><ul><li>uno<li>dos</ul>"
        "<table><tr><td>Equipo</td><td>PC-12</td></tr></table><o:p></o:p>"
        "<img src=https://track.example/x.png><script>alert(1)</script>"
        '<div class="gmail_quote"><div>El lun, 3 nov 2026 a las 10:15, Mesa '
        "&lt;s@example.com&gt; escribió:</div><blockquote><p>Hola</p></blockquote></div></body>"
    )
    raw = HEAD + b"Content-Type: text/html; charset=utf-8\r\n\r\n" + html.encode()
    assert read(raw).text == (
        "Buenas tardes,\n\nNo abre:\nel correo\n\n• uno\n• dos\n\nEquipo PC-12"
    )


@pytest.mark.parametrize(
    "quoted",
    [
        # Outlook on the web, on Windows, older; Apple Mail
        """<div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>De:</b> Mesa &lt;s@x.co&gt;
        <br><b>Enviado:</b> lunes, 3 nov<br><b>Para:</b> Juan<br><b>Asunto:</b> RE: x</div>""",
        """<div style="border-top:solid #E1E1E1 1.0pt"><p class=MsoNormal><b><span>De:</span></b>
        <span> Mesa &lt;s@x.co&gt; <br><b>Enviado el:</b> lunes<br><b>Para:</b> Juan
        <br><b>Asunto:</b> x<o:p></o:p></span></p></div>""",
        "<br><p>-----Original Message-----<br>From: Mesa<br>Sent: Monday<br>To: Juan</p>",
        """<blockquote type=cite><div>El 3/11/2026, a las 10:15, Mesa escribió:</div>Hola
        </blockquote>""",
    ],
)
def test_quotations_in_html_are_cut(quoted: str) -> None:
    html = f"<html><body><p>El correo no abre.</p>{quoted}<p>Texto anterior</p></body></html>"
    raw = HEAD + b"Content-Type: text/html; charset=utf-8\r\n\r\n" + html.encode()
    text = read(raw).text
    assert text.startswith("El correo no abre.")
    assert "Mesa" not in text


MUTATION = st.tuples(st.integers(0, 10_000), st.binary(max_size=6))


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(sorted(ODD_MAILS)),
    st.lists(MUTATION, min_size=1, max_size=12),
)
def test_mutated_mails_break_nothing(name: str, mutations: list[tuple[int, bytes]]) -> None:
    raw = bytearray(ODD_MAILS[name][0][:4_000])
    for position, piece in mutations:
        at = position % (len(raw) + 1)
        raw[at : at + len(piece)] = piece

    mail = read(bytes(raw))
    assert all("\0" not in text for text in texts(mail))
