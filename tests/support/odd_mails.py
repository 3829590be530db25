"""Mails that are wrong in every way that was met: each must become a message or be quarantined."""

from base64 import b64encode

HEAD = b"From: Juan <juan@example.org>\r\nTo: soporte@helpcare.example\r\nSubject: Falla\r\n"
BODY = "La impresora no imprime"


def _mail(head: bytes, body: bytes = BODY.encode()) -> bytes:
    return head + b"\r\n" + body + b"\r\n"


def _parts(
    *parts: bytes, kind: bytes = b"mixed", boundary: bytes = b"xx", end: bool = True
) -> bytes:
    body = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts)
    head = HEAD + b'Content-Type: multipart/%s; boundary="%s"\r\n' % (kind, boundary)
    return head + b"\r\n" + body + (b"--" + boundary + b"--\r\n" if end else b"")


def _text(text: str = BODY, charset: bytes = b"utf-8") -> bytes:
    return b"Content-Type: text/plain; charset=%s\r\n\r\n%s" % (charset, text.encode())


def _file(content: bytes, kind: bytes, disposition: bytes) -> bytes:
    return (
        b"Content-Type: %s\r\nContent-Disposition: attachment; %s\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n%s" % (kind, disposition, b64encode(content))
    )


PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 32
PDF = b"%PDF-1.4\n%%EOF"

# name: (raw, what must be read in the text, or None where nothing is promised)
ODD_MAILS: dict[str, tuple[bytes, str | None]] = {
    "no from": (_mail(b"Subject: x\r\n"), BODY),
    "empty from": (_mail(b"From:\r\nSubject: x\r\n"), BODY),
    "from without address": (_mail(b"From: Juan\r\n"), BODY),
    "two from headers": (_mail(b"From: a@example.org\r\nFrom: b@example.org\r\n"), BODY),
    "two from addresses": (_mail(b"From: a@example.org, b@example.org\r\n"), BODY),
    "from with garbage": (_mail(b"From: a@example.org)b@evil.example\r\n"), BODY),
    "from 8 bit": (_mail("From: Peña <p@example.org>\r\n".encode("latin-1")), BODY),
    "from group": (_mail(b"From: equipo: a@example.org, b@example.org;\r\n"), BODY),
    "from broken word": (_mail(b"From: =?utf-8?b?!!!?= <a@example.org>\r\n"), BODY),
    "no headers": (b"\r\n" + BODY.encode(), BODY),
    "no blank line": (HEAD + BODY.encode(), None),
    "only headers": (HEAD, "Falla"),
    "only blank line": (HEAD + b"\r\n", "Falla"),
    "bare line feeds": (_mail(HEAD).replace(b"\r\n", b"\n"), BODY),
    "bare carriage returns": (_mail(HEAD).replace(b"\r\n", b"\r"), None),
    "mbox line": (b"From juan Mon Nov  3 10:15:00 2026\r\n" + _mail(HEAD), BODY),
    "byte order mark": (b"\xef\xbb\xbf" + _mail(HEAD), BODY),
    "binary": (bytes(range(256)) * 20, None),
    "bad date": (_mail(HEAD + b"Date: ayer por la tarde\r\n"), BODY),
    "date in year 99999": (_mail(HEAD + b"Date: Mon, 3 Nov 99999 10:15:00 +0000\r\n"), BODY),
    "date with odd zone": (_mail(HEAD + b"Date: Mon, 3 Nov 2026 10:15:00 +9999\r\n"), BODY),
    "date empty": (_mail(HEAD + b"Date:\r\n"), BODY),
    "date of nul": (_mail(HEAD + b"Date: \0\0\r\n"), BODY),
    "unknown charset": (_mail(HEAD + b"Content-Type: text/plain; charset=klingon\r\n"), BODY),
    "charset is a codec": (_mail(HEAD + b"Content-Type: text/plain; charset=zip\r\n"), BODY),
    "charset idna": (_mail(HEAD + b"Content-Type: text/plain; charset=idna\r\n"), BODY),
    "charset idna, 8 bit": (
        _mail(HEAD + b"Content-Type: text/plain; charset=idna\r\n", "mañana".encode()),
        "mañana",
    ),
    "charset undefined": (_mail(HEAD + b"Content-Type: text/plain; charset=undefined\r\n"), BODY),
    "charset with nul": (_mail(HEAD + b"Content-Type: text/plain; charset=utf\0-8\r\n"), BODY),
    "charset utf-7": (
        _mail(HEAD + b"Content-Type: text/plain; charset=utf-7\r\n", b"ma+APE-ana"),
        "mañana",
    ),
    "charset utf-16": (
        _mail(
            HEAD + b"Content-Type: text/plain; charset=utf-16\r\n"
            b"Content-Transfer-Encoding: base64\r\n",
            b64encode(BODY.encode("utf-16")),
        ),
        BODY,
    ),
    "latin text said to be ascii": (
        _mail(HEAD + b"Content-Type: text/plain; charset=us-ascii\r\n", "mañana".encode("cp1252")),
        "mañana",
    ),
    "utf-8 without a charset": (_mail(HEAD, "mañana".encode()), "mañana"),
    "invalid utf-8": (
        _mail(HEAD + b"Content-Type: text/plain; charset=utf-8\r\n", b"antes \xff\xfe despu\xe9s"),
        "antes",
    ),
    "nul in text": (_mail(HEAD, b"La impresora\0 no\0 imprime"), BODY),
    "nul in headers": (_mail(HEAD.replace(b"Falla", b"Fa\0lla")), BODY),
    "surrogate in text": (_mail(HEAD, b"La impresora no imprime \xed\xa0\x80"), BODY),
    "control characters": (_mail(HEAD, b"La impresora no\x1b\x07 imprime"), BODY),
    "subject of broken words": (_mail(HEAD + b"Subject: =?utf-8?q?=XX?= =?x?y?z?=\r\n"), BODY),
    "subject in unknown charset": (_mail(b"Subject: =?klingon?b?SG9sYQ==?=\r\n"), BODY),
    "subject with a newline": (_mail(b"Subject: =?utf-8?q?a=0d=0aBcc=3a_x?=\r\n"), BODY),
    "unknown transfer encoding": (_mail(HEAD + b"Content-Transfer-Encoding: magic\r\n"), BODY),
    "broken base64": (_mail(HEAD + b"Content-Transfer-Encoding: base64\r\n", b"@@@=A"), None),
    "broken quoted-printable": (
        _mail(
            HEAD + b"Content-Transfer-Encoding: quoted-printable\r\n", b"La impresora =XY no =\r\n"
        ),
        "La impresora",
    ),
    "uuencode": (
        _mail(
            HEAD + b"Content-Transfer-Encoding: x-uuencode\r\n", b"begin 644 x\r\n#86)C\r\n`\r\nend"
        ),
        None,
    ),
    "content type broken": (_mail(HEAD + b"Content-Type: ;;;=\r\n"), BODY),
    "content type empty": (_mail(HEAD + b"Content-Type:\r\n"), BODY),
    "two content types": (
        _mail(HEAD + b"Content-Type: text/plain\r\nContent-Type: text/html\r\n"),
        BODY,
    ),
    "no boundary": (_mail(HEAD + b"Content-Type: multipart/mixed\r\n"), BODY),
    "boundary never used": (_mail(HEAD + b"Content-Type: multipart/mixed; boundary=yy\r\n"), BODY),
    "boundary never closed": (_parts(_text(), end=False), BODY),
    "boundary empty": (_mail(HEAD + b'Content-Type: multipart/mixed; boundary=""\r\n'), BODY),
    "no parts": (_parts(), None),
    "empty part": (_parts(b"", _text()), BODY),
    "multipart in base64": (
        HEAD + b"Content-Transfer-Encoding: base64\r\n" + _parts(_text())[len(HEAD) :],
        BODY,
    ),
    "alternative": (
        _parts(_text(), b"Content-Type: text/html\r\n\r\n<p>otro", kind=b"alternative"),
        BODY,
    ),
    "alternative, html first": (
        _parts(b"Content-Type: text/html\r\n\r\n<p>otro", _text(), kind=b"alternative"),
        BODY,
    ),
    "alternative with blank text": (
        _parts(
            _text("  "), b"Content-Type: text/html\r\n\r\n<p>" + BODY.encode(), kind=b"alternative"
        ),
        BODY,
    ),
    "html never closed": (
        _mail(HEAD + b"Content-Type: text/html\r\n", b"<div><p><b>La impresora<i> no imprime"),
        BODY,
    ),
    "html of nothing": (_mail(HEAD + b"Content-Type: text/html\r\n", b"<html></html>"), "Falla"),
    "html with scripts": (
        _mail(
            HEAD + b"Content-Type: text/html\r\n",
            b"<script>alert(1)</script><style>p{}</style><p onclick=x>La impresora no imprime",
        ),
        BODY,
    ),
    "calendar": (
        _parts(_text(), b"Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR"),
        BODY,
    ),
    "only a calendar": (
        _mail(HEAD + b"Content-Type: text/calendar\r\n", b"BEGIN:VCALENDAR"),
        "",
    ),
    "winmail.dat": (
        _parts(
            _text(), _file(b"\x78\x9f\x3e\x22", b"application/ms-tnef", b"filename=winmail.dat")
        ),
        BODY,
    ),
    "pgp": (
        _parts(b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1", kind=b"encrypted"),
        None,
    ),
    "signed": (
        _parts(
            _text(),
            _file(b"0\x80", b"application/pkcs7-signature", b"filename=smime.p7s"),
            kind=b"signed",
        ),
        BODY,
    ),
    "enclosed mail": (
        _parts(_text(), b"Content-Type: message/rfc822\r\n\r\nSubject: otro\r\n\r\notro cuerpo"),
        BODY,
    ),
    "mail is an enclosed mail": (
        _mail(HEAD + b"Content-Type: message/rfc822\r\n", b"Subject: otro\r\n\r\notro"),
        None,
    ),
    "external body": (
        _parts(_text(), b"Content-Type: message/external-body; access-type=URL\r\n\r\nx"),
        BODY,
    ),
    "partial": (_mail(HEAD + b"Content-Type: message/partial; id=x; number=1; total=2\r\n"), None),
    "attachment without a name": (_parts(_text(), _file(PDF, b"application/pdf", b"")), BODY),
    "attachment with a path": (
        _parts(_text(), _file(PDF, b"application/pdf", b'filename="../../etc/passwd"')),
        BODY,
    ),
    "attachment name of broken parts": (
        _parts(_text(), _file(PDF, b"application/pdf", b"filename*0*=utf-8''a; filename*2=b")),
        BODY,
    ),
    "attachment name in bad percent": (
        _parts(_text(), _file(PDF, b"application/pdf", b"filename*=klingon'es'%ZZ%FF.pdf")),
        BODY,
    ),
    "attachment that lies": (_parts(_text(), _file(PNG, b"text/html", b"filename=a.html")), BODY),
    "image in the text": (
        _parts(
            b"Content-Type: text/html\r\n\r\n<p>La impresora no imprime<img src=cid:1>",
            b"Content-Type: image/png\r\nContent-ID: <1>\r\n\r\n" + PNG,
            kind=b"related",
        ),
        BODY,
    ),
    "header of 100 kB": (_mail(HEAD + b"X-Long: " + b"a" * 100_000 + b"\r\n"), BODY),
    "header without colon": (_mail(HEAD + b"esto no es un encabezado\r\n"), None),
    "header name with spaces": (_mail(HEAD + b"X Odd : 1\r\n"), None),
    "message-id without brackets": (_mail(HEAD + b"Message-ID: abc\r\n"), BODY),
    "message-id of 10 kB": (_mail(HEAD + b"Message-ID: <" + b"a" * 10_000 + b">\r\n"), BODY),
    "references of garbage": (_mail(HEAD + b"References: <<<>>><a\r\n b>\r\n"), BODY),
    "60 copies": (
        _mail(HEAD + b"Cc: " + b", ".join(b"p%d@example.org" % n for n in range(60)) + b"\r\n"),
        BODY,
    ),
}


def bombs() -> dict[str, bytes]:
    """Mails made to burn processor time or memory; small on the wire."""
    nested = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n)
        for n in range(10_000)
    )
    enclosed = b"Content-Type: message/rfc822\r\n\r\n" * 10_000
    words = b" ".join([b"=?utf-8?q?a?="] * 25_000)
    return {
        "tiny parts": HEAD
        + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
        + b"--x\r\n\r\n" * 450_000,
        "encoded words": _mail(HEAD + b"Subject: " + words + b"\r\n"),
        "encoded words in From": _mail(b"From: " + words + b" <a@example.org>\r\n"),
        "nesting": HEAD + nested,
        "enclosed": HEAD + enclosed,
        "parameters": _mail(HEAD + b"Content-Type: text/plain" + b"; a*0*=b" * 100_000 + b"\r\n"),
        "addresses": _mail(b"From: " + b"a@example.org, " * 100_000 + b"\r\n"),
        "parentheses": _mail(b"From: " + b"(" * 100_000 + b"\r\nTo: " + b"(" * 100_000 + b"\r\n"),
        "quotes": _mail(b'From: "' + b'\\"' * 100_000 + b"\r\n"),
        "references": _mail(HEAD + b"References: " + b"<" * 300_000 + b"\r\n"),
        "headers": _mail(b"X: y\r\n" * 300_000),
        "nested html": _mail(HEAD + b"Content-Type: text/html\r\n", b"<div>" * 200_000),
        "html tables": _mail(HEAD + b"Content-Type: text/html\r\n", b"<table><tr><td>" * 60_000),
        "html attributes": _mail(HEAD + b"Content-Type: text/html\r\n", b"<a " + b"b=c " * 200_000),
        "html comments": _mail(HEAD + b"Content-Type: text/html\r\n", b"<!--" * 200_000),
        "html entities": _mail(HEAD + b"Content-Type: text/html\r\n", b"&" * 900_000),
        "blank lines": _mail(HEAD, b"\n" * 5_000_000),
    }
