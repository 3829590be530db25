"""From a parsed mail to what the gateway understands. Pure."""

import hashlib
import re
from datetime import UTC, datetime, timedelta

from bot.mail.autoresponse import automatic_reason, is_robot
from bot.mail.identity import Signer
from bot.mail.mime import ParsedMail, Quarantined, Report
from bot.messages import (
    Attachment,
    DeliveryState,
    InboundMessage,
    MessageKind,
    Sender,
    StatusUpdate,
)

NAME = "email"
NOBODY = "desconocido@invalid"  # RFC 2606: never deliverable
MAX_ATTACHMENT = 25 * 1024 * 1024
_ENDED = {
    "failed": DeliveryState.FAILED,
    "delivered": DeliveryState.DELIVERED,
    "relayed": DeliveryState.DELIVERED,
    "expanded": DeliveryState.DELIVERED,
    "delayed": DeliveryState.SENT,
    "displayed": DeliveryState.READ,
}
_PREFIX = re.compile(r"^(?:\s*(?:re|rv|fwd?|res|enc|aw|tr)\s*:)+\s*", re.IGNORECASE)


def interpret(
    mail: ParsedMail, raw: bytes, *, signer: Signer, account: str, now: datetime
) -> InboundMessage | StatusUpdate:
    """A message, or a mail system's word on one of ours. Raises :class:`Quarantined` for a delivery
    report on something that we never sent.
    """
    sent_at = _sent_at(mail, now)
    if (report := _about_ours(mail, signer)) is not None:
        message_id, state = report
        code = mail.report.code if mail.report else None
        return StatusUpdate(
            channel=NAME,
            account=account,
            provider_id=message_id,
            state=state,
            at=sent_at,
            error_code=code if state is DeliveryState.FAILED else None,
        )
    name, address = mail.sender[0] if mail.sender else ("", NOBODY)
    provider_id = _provider_id(mail, raw)
    thread, answered = _thread(mail, signer)
    automatic = automatic_reason(mail, signer)
    verified = thread is not None and mail.sender_certain and signer.began(thread, address)
    attachments = tuple(
        Attachment(
            ref=f"part:{part.part}",
            content_type=part.content_type,
            filename=part.filename,
            size=part.size,
        )
        for part in mail.attachments
    )
    return InboundMessage(
        channel=NAME,
        account=account,
        provider_id=provider_id,
        thread=thread or signer.new_thread(address, provider_id),
        sender=Sender(external_id=address, name=name or None, email=address),
        kind=_kind(mail, attachments),
        text=mail.text or ("" if attachments else _PREFIX.sub("", mail.subject)),
        attachments=attachments,
        reply_to=answered,
        subject=mail.subject or None,
        sent_at=sent_at,
        automatic=automatic is not None,
        verified=verified,
        note=_note(mail, automatic),
    )


def _sent_at(mail: ParsedMail, now: datetime) -> datetime:
    """When our server received it, else the sender's claim; never in the future."""
    for value in (mail.received, mail.date):
        if value is None:
            continue
        try:
            at = datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
        if at > now - timedelta(days=3650):
            return min(at, now)
    return now


def _provider_id(mail: ParsedMail, raw: bytes) -> str:
    """Message-ID and a hash of the content: one identifier on two different mails loses neither.

    Headers that differ between two deliveries of one mail, such as Received, do not count.
    """
    if mail.message_id is None:
        return f"sha256:{hashlib.sha256(raw).hexdigest()[:40]}"
    body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")[2].rstrip()
    told = "\0".join((str(mail.sender), mail.subject, mail.date or "", "")).encode()
    return f"{mail.message_id}#{hashlib.sha256(told + body).hexdigest()[:16]}"


def _thread(mail: ParsedMail, signer: Signer) -> tuple[str | None, str | None]:
    """The thread that a valid HMAC names, and our message that is answered, where it is known."""
    for message_id in (*mail.in_reply_to, *reversed(mail.references)):
        if thread := signer.thread_of_message_id(message_id):
            return thread, message_id.lower()
    for address in mail.recipients:
        if thread := signer.thread_of_address(address):
            return thread, None
    return None, None


def _about_ours(mail: ParsedMail, signer: Signer) -> tuple[str, DeliveryState] | None:
    """Our message that this mail reports on, and what became of it."""
    report = mail.report
    if report is None:
        return None
    by_machine = not mail.sender or is_robot(mail.sender[0][1])
    if not report.standard and not by_machine:
        return None  # somebody writes about a mail of ours
    state = _state(report)
    if state is None:
        return None
    for message_id in report.message_ids:
        if signer.thread_of_message_id(message_id):
            return message_id.lower(), state
    if report.standard:
        raise Quarantined("informe de entrega de un correo que no enviamos")
    return None


def _state(report: Report) -> DeliveryState | None:
    if report.action in _ENDED:
        return _ENDED[report.action]
    code = report.code or ""
    if code.startswith("4"):
        return DeliveryState.SENT
    failed = code.startswith("5") or not report.standard
    return DeliveryState.FAILED if failed else None


def _kind(mail: ParsedMail, attachments: tuple[Attachment, ...]) -> MessageKind:
    if mail.text or not attachments:
        return MessageKind.TEXT
    images = all(attachment.content_type.startswith("image/") for attachment in attachments)
    return MessageKind.IMAGE if images else MessageKind.DOCUMENT


def _note(mail: ParsedMail, automatic: str | None) -> str | None:
    large = sum(part.size > MAX_ATTACHMENT for part in mail.attachments)
    notes = (
        automatic,
        "el remitente es ambiguo" if mail.sender and not mail.sender_certain else None,
        "el texto es muy largo y se cortó" if mail.truncated else None,
        f"adjuntos de más de 25 MB no guardados: {large}" if large else None,
        f"adjuntos que exceden el límite: {mail.attachments_left_out}"
        if mail.attachments_left_out
        else None,
        "el correo excede el tamaño permitido y se guardó incompleto"
        if "x-help-care-truncated" in mail.flags
        else None,
    )
    return "; ".join(filter(None, notes)) or None
