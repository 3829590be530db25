"""From a delivery to a mail that cannot carry anything but what it should. Pure."""

import html
import re
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from bot.mail.decoding import readable
from bot.mail.identity import Signer
from bot.messages import Delivery

MAX_SUBJECT = 150  # characters

# Folding would encode a long Message-ID as if it were text, and break threading.
_POLICY = SMTP.clone(max_line_length=990)
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,190}")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,250}>")
_ANSWER = re.compile(r"\s*(?:re|res|rv|aw)\s*:", re.IGNORECASE)


class BadAddress(Exception):
    """The recipient is no address that mail can be sent to."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    content: bytes
    envelope_from: str  # empty: the null sender
    recipient: str
    message_id: str


def compose(
    delivery: Delivery, *, signer: Signer, email_from: str, plus_addressing: bool, now: datetime
) -> Outgoing:
    """The mail for one part. The same delivery has the same Message-ID on every attempt.

    RFC 3834 would have automatic mail sent with a null sender. With plus addressing the envelope
    carries the signed address instead: bounces then find their conversation, big providers refuse
    a null sender from customers, and a loop is impossible since automatic mail is never answered.
    """
    recipient = _recipient(delivery.to)
    name, own = parseaddr(email_from)
    message_id = signer.message_id(delivery.thread, delivery.key)
    reply_address = signer.reply_address(delivery.thread) if plus_addressing else None

    mail = EmailMessage(policy=_POLICY)
    mail["From"] = f"{_quoted(name)} <{own}>" if name else own
    mail["To"] = recipient
    mail["Subject"] = _subject(delivery)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = message_id
    if reply_address:
        mail["Reply-To"] = reply_address
    if answered := _answered(delivery):
        mail["In-Reply-To"] = answered
        mail["References"] = answered
    if delivery.message.automatic:
        mail["Auto-Submitted"] = "auto-replied"
        mail["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    mail["X-Loop"] = own
    text = readable(delivery.message.text).strip() + "\n"
    mail.set_content(text, cte="quoted-printable")
    mail.add_alternative(_as_html(text), subtype="html", cte="quoted-printable")
    return Outgoing(
        content=mail.as_bytes(),
        envelope_from=reply_address or ("" if delivery.message.automatic else own),
        recipient=recipient,
        message_id=message_id,
    )


def is_address(text: str) -> bool:
    """Whether this can stand in a From or an envelope."""
    return _ADDRESS.fullmatch(text) is not None


def _recipient(address: str) -> str:
    local, _, domain = address.strip().rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode()
    except UnicodeError:
        raise BadAddress from None
    full = f"{local}@{ascii_domain}"
    if not is_address(full) or domain.lower().endswith("invalid") or ".." in full:
        raise BadAddress
    return full


def _line(text: str) -> str:
    return " ".join(readable(text).split())


def _quoted(name: str) -> str:
    return '"' + re.sub(r'["\\<>]', "", _line(name)) + '"'


def _subject(delivery: Delivery) -> str:
    subject = _line(delivery.message.subject or "")[:MAX_SUBJECT] or "Help Care"
    is_answer = delivery.last_inbound_id is not None and not _ANSWER.match(subject)
    return f"Re: {subject}" if is_answer else subject


def _answered(delivery: Delivery) -> str | None:
    """The client's Message-ID: our identifier of a mail has a hash behind it."""
    for provider_id in (delivery.message.reply_to, delivery.last_inbound_id):
        message_id = (provider_id or "").partition(">")[0] + ">"
        if _MESSAGE_ID.fullmatch(message_id):
            return message_id
    return None


def _as_html(text: str) -> str:
    paragraphs = re.split(r"\n{2,}", html.escape(text.strip()))
    body = "".join(f"<p>{p.replace(chr(10), '<br>')}</p>" for p in paragraphs)
    return f'<!doctype html><html><body style="font-family:sans-serif">{body}</body></html>'
