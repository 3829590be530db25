"""The e-mail channel: real mails in, messages out; deliveries in, real SMTP out."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from support.mail_server import PASSWORD, USER, SmtpServer, free_port, running_smtp
from support.odd_mails import ODD_MAILS

from bot.channels.channel import Channel
from bot.channels.email import EmailChannel
from bot.mail.identity import Signer
from bot.mail.mime import Quarantined
from bot.mail.outgoing import compose
from bot.messages import (
    Choice,
    Delivery,
    DeliveryState,
    InboundMessage,
    MessageKind,
    OutboundMessage,
    Permanent,
    Receipt,
    Retryable,
    StatusUpdate,
    Uncertain,
)

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
KEY = SecretStr("una clave de prueba bien larga")
JUAN = "juan@example.org"


def channel(smtp_url: str = "smtp://127.0.0.1:1", **options: object) -> EmailChannel:
    return EmailChannel(
        imap_url=None,
        smtp_url=SecretStr(smtp_url),
        email_from=f"Mesa de Ayuda <{USER}>",
        signing_key=KEY,
        timeout=5,
        **options,  # type: ignore[arg-type]
    )


EMAIL: Channel = channel()
SIGNER = Signer(KEY, USER)


def mail(
    body: str = "La VPN no conecta", sender: str = f"Juan Pérez <{JUAN}>", **headers: str
) -> bytes:
    lines = {"From": sender, "To": USER, "Subject": "VPN", "Message-ID": "<a1@example.org>"}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    return f"{head}Content-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n".encode()


async def received(raw: bytes) -> InboundMessage:
    message = await channel().parse_raw(raw, now=NOW)
    assert isinstance(message, InboundMessage)
    return message


def delivery(inbound: InboundMessage, **changes: object) -> Delivery:
    values: dict[str, object] = {
        "key": "turn-1:0",
        "to": inbound.sender.external_id,
        "thread": inbound.thread,
        "message": OutboundMessage(text="¿Qué ve en pantalla?", subject=inbound.subject),
        "last_inbound_id": inbound.provider_id,
    }
    return Delivery.model_validate(values | changes)


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    with running_smtp() as server:
        yield server


# --- in ------------------------------------------------------------------------------------


async def test_a_first_mail_begins_an_unproved_conversation() -> None:
    message = await received(mail(Date="Mon, 23 Nov 2026 09:00:00 -0500"))
    assert message.channel == "email"
    assert message.account == USER
    assert message.sender.external_id == message.sender.email == JUAN
    assert message.sender.name == "Juan Pérez"
    assert (message.text, message.subject) == ("La VPN no conecta", "VPN")
    assert message.sent_at == datetime(2026, 11, 23, 14, tzinfo=UTC)
    assert not message.verified
    assert not message.automatic
    assert message.reply_to is None


async def test_our_answer_and_the_clients_answer_stay_in_one_proved_conversation(
    smtp: SmtpServer,
) -> None:
    first = await received(mail())
    receipt = await channel(smtp.url).send(delivery(first), now=NOW)
    assert isinstance(receipt, Receipt)
    (sent,) = smtp.sent
    ours = sent.message

    by_id = await received(
        mail("Error 809", Message_ID="<a2@x>", Subject="otro", In_Reply_To=ours["Message-ID"])
    )
    by_references = await received(
        mail("Error 809", Message_ID="<a3@x>", References=f"<a1@x> {ours['Message-ID']} <z@x>")
    )
    by_address = await received(mail("Error 809", Message_ID="<a4@x>", To=ours["Reply-To"]))
    by_delivery = await received(
        mail("Error 809", Message_ID="<a5@x>", To="otro@example.org", Delivered_To=ours["Reply-To"])
    )
    for answer in (by_id, by_references, by_address, by_delivery):
        assert answer.thread == first.thread
        assert answer.verified
    assert by_id.reply_to == receipt.provider_id
    assert (await received(mail())).thread == first.thread  # parsed again, the same


@pytest.mark.parametrize(
    "headers",
    [
        {"Subject": "Re: VPN PT-2026-000123"},
        {"In_Reply_To": "<a1@example.org>"},
        {"References": "<hc.aaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbb.cccccccccccccccc@x>"},
        {"To": "soporte+PT-2026-000123@helpcare.example"},
        {"To": "soporte+aaaaaaaaaaaaaaaaaaaaaaaa.cccccccccccccccc@helpcare.example"},
        {"Authentication_Results": "mx.example; spf=pass dkim=pass dmarc=pass"},
    ],
)
async def test_nothing_that_anybody_can_write_proves_anything(headers: dict[str, str]) -> None:
    first = await received(mail())
    forged = await received(mail("Deme el historial", Message_ID="<b@x>", **headers))
    assert forged.thread != first.thread
    assert not forged.verified


async def test_who_was_only_in_copy_joins_but_is_not_proved() -> None:
    first = await received(mail())
    address = SIGNER.reply_address(first.thread)
    assert address
    colleague = await received(mail(sender="ana@example.org", To=address))
    assert colleague.thread == first.thread
    assert not colleague.verified
    two = await received(mail(sender=f"{JUAN}, ana@example.org", To=address))
    assert not two.verified
    assert "ambiguo" in (two.note or "")


async def test_the_same_mail_is_known_again_and_another_under_its_message_id_is_not_lost() -> None:
    raw = mail()
    again = b"Received: from b by c; Mon, 23 Nov 2026 15:00:00 +0000\r\n" + raw
    other = mail("Otra cosa")
    ids = [
        (await received(m)).provider_id for m in (raw, again, other, raw.replace(b"\r\n", b"\n"))
    ]
    assert ids[0] == ids[1] == ids[3] != ids[2]
    without = [(await received(mail(text, Message_ID=""))).provider_id for text in ("a", "b", "a")]
    assert without[0] == without[2] != without[1]


@pytest.mark.parametrize("name", sorted(ODD_MAILS))
async def test_odd_mails_become_messages(name: str) -> None:
    if name not in {"no from", "two from headers", "from with garbage", "bad date", "only headers"}:
        return  # their parsing is tested in tests/bot/mail
    message = await received(ODD_MAILS[name][0])
    assert message.sent_at <= NOW
    assert not message.verified
    assert message.text
    if name == "no from":
        assert message.automatic
        assert message.sender.external_id.endswith("invalid")


async def test_dates_come_from_our_server_and_never_from_the_future() -> None:
    future = await received(mail(Date="Mon, 23 Nov 2099 09:00:00 -0500"))
    assert future.sent_at == NOW
    stamped = await received(
        b"Received: from a by b; Mon, 23 Nov 2026 08:00:00 -0500\r\n" + mail(Date="Mon, 1 Jan 2024")
    )
    assert stamped.sent_at == datetime(2026, 11, 23, 13, tzinfo=UTC)


async def test_a_body_left_empty_is_replaced_by_the_subject() -> None:
    message = await received(mail("", Subject="RE: RV: No puedo entrar a SAP"))
    assert message.text == "No puedo entrar a SAP"


async def test_attachments_are_listed_and_fetched() -> None:
    raw = (
        b"From: juan@example.org\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n"
        b"Content-Type: image/png\r\nContent-Disposition: attachment; filename=p.png\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgoAAAAA\r\n--x--\r\n"
    )
    message = await received(raw)
    assert message.kind is MessageKind.IMAGE
    (attachment,) = message.attachments
    assert (attachment.filename, attachment.content_type) == ("p.png", "image/png")
    fetched = await EMAIL.fetch(attachment, raw)
    assert fetched.content.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("headers", "note"),
    [
        ({"Auto_Submitted": "auto-replied"}, "Auto-Submitted"),
        ({"Auto_Submitted": "auto-generated; x=y"}, "Auto-Submitted"),
        ({"Precedence": "bulk"}, "Precedence"),
        ({"Precedence": "junk"}, "Precedence"),
        ({"Precedence": "List"}, "Precedence"),
        ({"List_Id": "<lista.example.org>"}, "lista"),
        ({"List_Unsubscribe": "<https://x>"}, "lista"),
        ({"X_Auto_Response_Suppress": "All"}, "Suppress"),
        ({"Return_Path": "<>"}, "Return-Path"),
        ({"X_Autoreply": "yes"}, "automática"),
        ({"From": "MAILER-DAEMON@example.org"}, "no recibe respuestas"),
        ({"From": "no-reply@example.org"}, "no recibe respuestas"),
        ({"From": f"Mesa <{USER}>"}, "nuestro propio"),
        ({"From": "soporte+x@helpcare.example"}, "nuestro propio"),
        ({"X_Loop": USER}, "a un correo nuestro"),
        ({"Message_ID": SIGNER.message_id(SIGNER.new_thread(JUAN, "1"), "k")}, "eco"),
    ],
)
async def test_machines_are_stored_and_marked_never_to_be_answered(
    headers: dict[str, str], note: str
) -> None:
    message = await received(mail(**headers))
    assert message.automatic
    assert note in (message.note or "")
    assert message.text == "La VPN no conecta"


@pytest.mark.parametrize(
    "headers",
    [{"Auto_Submitted": "no"}, {"Precedence": "first-class"}, {"Return_Path": f"<{JUAN}>"}],
)
async def test_people_may_be_answered(headers: dict[str, str]) -> None:
    assert not (await received(mail(**headers))).automatic


# --- reports on what we sent ---------------------------------------------------------------


def bounce(message_id: str, action: str = "failed", status: str = "5.1.1") -> bytes:
    return (
        "From: MAILER-DAEMON@mx.example\r\nTo: x\r\nSubject: Undelivered\r\nReturn-Path: <>\r\n"
        "Date: Mon, 23 Nov 2026 14:59:00 +0000\r\nMessage-ID: <d1@mx.example>\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n"
        "--x\r\nContent-Type: text/plain\r\n\r\nNo pudimos entregar su mensaje.\r\n"
        "--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {JUAN}\r\nAction: {action}\r\nStatus: {status}\r\n"
        "--x\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f"Message-ID: {message_id}\r\nSubject: Re: VPN\r\n--x--\r\n"
    ).encode()


OURS = SIGNER.message_id(SIGNER.new_thread(JUAN, "1"), "turn-1:0")


@pytest.mark.parametrize(
    ("raw", "state", "code"),
    [
        (bounce(OURS), DeliveryState.FAILED, "5.1.1"),
        (bounce(OURS, "delayed", "4.4.1"), DeliveryState.SENT, None),
        (bounce(OURS, "delivered", "2.0.0"), DeliveryState.DELIVERED, None),
        (
            bounce(OURS).replace(b"text/rfc822-headers", b"message/rfc822"),
            DeliveryState.FAILED,
            "5.1.1",
        ),
        (
            mail(
                f"user unknown\n\n550 5.1.1 no such user\n\nMessage-ID: {OURS}", "postmaster@x.co"
            ),
            DeliveryState.FAILED,
            "5.1.1",
        ),
    ],
)
async def test_a_report_is_linked_to_the_mail_it_speaks_of(
    raw: bytes, state: DeliveryState, code: str | None
) -> None:
    update = await channel().parse_raw(raw, now=NOW)
    assert isinstance(update, StatusUpdate)
    assert (update.provider_id, update.state, update.error_code) == (OURS, state, code)
    assert update.account == USER


async def test_a_read_receipt_says_read() -> None:
    raw = (
        f"From: {JUAN}\r\nContent-Type: multipart/report; boundary=x;"
        " report-type=disposition-notification\r\n\r\n"
        "--x\r\nContent-Type: text/plain\r\n\r\nLeído\r\n"
        "--x\r\nContent-Type: message/disposition-notification\r\n\r\n"
        f"Original-Message-ID: {OURS}\r\n"
        "Disposition: manual-action/MDN-sent-manually; displayed\r\n--x--\r\n"
    ).encode()
    update = await channel().parse_raw(raw, now=NOW)
    assert isinstance(update, StatusUpdate)
    assert (update.provider_id, update.state) == (OURS, DeliveryState.READ)


@pytest.mark.parametrize("message_id", ["<x@y>", OURS.replace("hc.", "hc.a"), OURS[:-30] + "@x>"])
async def test_a_forged_report_changes_nothing(message_id: str) -> None:
    with pytest.raises(Quarantined, match="no enviamos"):
        await channel().parse_raw(bounce(message_id), now=NOW)


async def test_a_person_who_quotes_our_message_id_writes_a_message() -> None:
    message = await received(mail(f"Me llegó esto: Message-ID: {OURS} y 550 5.1.1"))
    assert not message.automatic


# --- out -----------------------------------------------------------------------------------


async def test_the_mail_that_leaves(smtp: SmtpServer) -> None:
    first = await received(mail())
    text = "Buen día, Juan.\n\n¿Qué ve en pantalla?\n<script>alert(1)</script>"
    outbound = OutboundMessage(text=text, subject=first.subject)
    receipt = await channel(smtp.url).send(delivery(first, message=outbound), now=NOW)

    (sent,) = smtp.sent
    ours = sent.message
    assert receipt == Receipt(provider_id=ours["Message-ID"])
    assert sent.recipients == [JUAN]
    assert ours["To"] == JUAN
    assert parseaddr(ours["From"]) == ("Mesa de Ayuda", USER)
    assert ours["Subject"] == "Re: VPN"
    assert ours["In-Reply-To"] == ours["References"] == "<a1@example.org>"
    assert ours["Auto-Submitted"] == "auto-replied"
    assert ours["Date"].datetime == NOW
    assert SIGNER.thread_of_address(ours["Reply-To"]) == first.thread
    assert SIGNER.thread_of_message_id(ours["Message-ID"]) == first.thread
    assert SIGNER.thread_of_address(sent.envelope_from) == first.thread
    plain, html = ours.get_body(("plain",)), ours.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().split("\r\n") == [*text.split("\n"), ""]
    assert "<script>" not in html.get_content()
    assert "&lt;script&gt;" in html.get_content()


async def test_what_a_person_wrote_is_not_marked_as_automatic(smtp: SmtpServer) -> None:
    first = await received(mail())
    by_agent = OutboundMessage(text="Hola", subject="Re: VPN", automatic=False)
    await channel(smtp.url).send(delivery(first, message=by_agent), now=NOW)
    assert "Auto-Submitted" not in smtp.sent[0].message
    assert smtp.sent[0].message["Subject"] == "Re: VPN"


@pytest.mark.parametrize(("automatic", "envelope"), [(True, ""), (False, USER)])
async def test_without_plus_addressing(smtp: SmtpServer, automatic: bool, envelope: str) -> None:
    outbound = OutboundMessage(text="Hola", subject="VPN", automatic=automatic)
    first = await received(mail())
    mailer = channel(smtp.url, plus_addressing=False)
    await mailer.send(delivery(first, message=outbound), now=NOW)
    assert smtp.sent[0].envelope_from == envelope
    assert "Reply-To" not in smtp.sent[0].message
    assert SIGNER.thread_of_message_id(smtp.sent[0].message["Message-ID"]) == first.thread


async def test_a_second_attempt_carries_the_same_message_id(smtp: SmtpServer) -> None:
    first = await received(mail())
    for later in (0, 1):
        await channel(smtp.url).send(delivery(first), now=NOW + timedelta(hours=later))
    assert len({sent.message["Message-ID"] for sent in smtp.sent}) == 1


HEADER_TEXT = st.text(
    st.one_of(st.characters(), st.sampled_from("\r\n\0:<>\"'=?\u2028\x85\ud800")), max_size=300
)


@settings(max_examples=150, deadline=None)
@given(subject=HEADER_TEXT, text=HEADER_TEXT, answered=HEADER_TEXT, name=HEADER_TEXT)
def test_no_text_adds_a_header(subject: str, text: str, answered: str, name: str) -> None:
    outgoing = compose(
        Delivery(
            key=name,
            to=JUAN,
            thread=SIGNER.new_thread(JUAN, "1"),
            message=OutboundMessage(text=text, subject=subject),
            last_inbound_id=answered,
        ),
        signer=SIGNER,
        email_from=f'"{name}" <{USER}>' if parseaddr(f'"{name}" <{USER}>')[1] == USER else USER,
        plus_addressing=True,
        now=NOW,
    )
    head = outgoing.content.partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0] for line in head.split(b"\r\n") if line[:1] not in b" \t"]
    expected = [b"From", b"To", b"Subject", b"Date", b"Message-ID", b"Reply-To", b"In-Reply-To"]
    expected += [b"References", b"Auto-Submitted", b"X-Auto-Response-Suppress", b"X-Loop"]
    expected += [b"MIME-Version", b"Content-Type"]
    assert [n for n in expected if n in names] == names
    assert b"\0" not in outgoing.content
    assert outgoing.content.replace(b"\r\n", b"").count(b"\n") == 0


@pytest.mark.parametrize(
    "address",
    [
        "",
        "juan",
        "juan@",
        "@x.co",
        "a@b@c",
        "a b@x.co",
        "a@x.co\r\nBcc: b@x.co",
        "<a@x.co>",
        "desconocido@invalid",
        "a@x..co",
        "a@x.co,b@x.co",
        "ñ@x.co",
        "a@" + "x" * 300,
    ],
)
async def test_a_bad_address_is_never_tried(smtp: SmtpServer, address: str) -> None:
    first = await received(mail())
    outcome = await channel(smtp.url).send(delivery(first, to=address), now=NOW)
    assert isinstance(outcome, Permanent)
    assert outcome.code == "invalid_recipient"
    assert smtp.sent == []


@pytest.mark.parametrize(
    ("stage", "answer", "expected", "code"),
    [
        ("mail", "451 4.3.0 later", Retryable, None),
        ("mail", "550 5.7.60 not allowed to send as", Retryable, None),
        ("rcpt", "450 4.2.0 greylisted", Retryable, None),
        ("rcpt", "550 5.1.1 no such user", Permanent, "invalid_recipient"),
        ("rcpt", "554 5.7.1 blocked", Permanent, "rejected"),
        ("data", "452 4.3.1 full", Retryable, None),
        ("data", "554 5.6.0 spam", Permanent, "rejected"),
        ("data", "drop", Uncertain, None),
    ],
)
async def test_how_sending_ends(
    smtp: SmtpServer, stage: str, answer: str, expected: type, code: str | None
) -> None:
    smtp.answers[stage] = answer
    first = await received(mail())
    outcome = await channel(smtp.url).send(delivery(first), now=NOW)
    assert isinstance(outcome, expected)
    if isinstance(outcome, Permanent):
        assert outcome.code == code
    assert JUAN not in outcome.model_dump_json()


async def test_no_server_means_try_later() -> None:
    first = await received(mail())
    outcome = await channel(f"smtp://127.0.0.1:{free_port()}").send(delivery(first), now=NOW)
    assert isinstance(outcome, Retryable)


async def test_an_uncertain_mail_is_not_repeated_on_absence_of_proof() -> None:
    first = await received(mail())
    assert isinstance(await channel().reconcile(delivery(first), now=NOW), Uncertain)


class Tokens:
    async def token(self) -> str:
        return "t0k3n"


async def test_signing_in_with_a_password_and_with_a_token() -> None:
    first = await received(mail())
    with running_smtp(auth=True) as smtp:
        assert isinstance(await channel(smtp.url).send(delivery(first), now=NOW), Receipt)
        anonymous = channel(f"smtp://127.0.0.1:{smtp.port}")
        assert isinstance(await anonymous.send(delivery(first), now=NOW), Retryable)
        by_token = channel(f"smtp://127.0.0.1:{smtp.port}", tokens=Tokens())
        assert isinstance(await by_token.send(delivery(first), now=NOW), Receipt)
        assert "SMTP" in await by_token.check()
        assert smtp.tokens

        wrong = smtp.url.replace("clave", "falsa")
        refused = await channel(wrong).send(delivery(first), now=NOW)
        assert isinstance(refused, Retryable)
        assert refused.after == timedelta(minutes=5)
        assert PASSWORD not in repr(channel(smtp.url).__dict__)


def test_choices_become_numbered_lines() -> None:
    choices = tuple(Choice(id=str(n), label=label) for n, label in enumerate(["Malo", "Bueno"]))
    question = OutboundMessage(text="¿Cómo le fue?", choices=choices)
    (part,) = EMAIL.render(question)
    assert part.text == "¿Cómo le fue?\n\n1. Malo\n2. Bueno"
    assert part.choices == ()
    (survey,) = EMAIL.render(question.model_copy(update={"template": "survey"}))
    assert survey.text.startswith(part.text)
    assert "Responda a este correo con el número" in survey.text


@pytest.mark.parametrize("email_from", ["", "Mesa", "Mesa <no es dirección>"])
def test_a_wrong_sender_is_refused_at_the_start(email_from: str) -> None:
    with pytest.raises(ValueError, match="sender address"):
        EmailChannel(
            imap_url=None,
            smtp_url=SecretStr("smtp://127.0.0.1"),
            email_from=email_from,
            signing_key=KEY,
        )
