"""Twilio's WhatsApp webhooks as our values. Pure.

Fields: https://www.twilio.com/docs/messaging/guides/webhook-request; all are text, many are absent
and new ones appear without notice.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property, lru_cache
from urllib.parse import parse_qsl

from bot.channels.channel import Rejected, WebhookRequest
from bot.channels.text import storable
from bot.messages import (
    Attachment,
    DeliveryState,
    InboundMessage,
    Location,
    MessageKind,
    Sender,
    StatusUpdate,
)

NAME = "whatsapp"
MAX_FIELDS = 500  # Twilio sends about 30
MAX_MEDIA = 10

_STATES = {
    "accepted": DeliveryState.QUEUED,
    "scheduled": DeliveryState.QUEUED,
    "queued": DeliveryState.QUEUED,
    "sending": DeliveryState.QUEUED,
    "sent": DeliveryState.SENT,
    "delivered": DeliveryState.DELIVERED,
    "read": DeliveryState.READ,
    "undelivered": DeliveryState.FAILED,
    "failed": DeliveryState.FAILED,
    "canceled": DeliveryState.FAILED,
}
_VCARD = frozenset({"text/vcard", "text/x-vcard", "text/directory"})


class Form(dict[str, list[str]]):
    """Form fields with all their values, as Twilio's validator wants them."""

    def getlist(self, name: str) -> list[str]:
        return self[name]

    @cached_property
    def first(self) -> dict[str, str]:
        return {name: storable(values[0]) for name, values in self.items()}


def is_json(request: WebhookRequest) -> bool:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type == "application/json"


def read_form(request: WebhookRequest) -> Form:
    """The form fields, strictly: what is malformed was not made by Twilio."""
    return _read_form(request.body)


@lru_cache(maxsize=1)  # a request is read twice in a row, to be verified and to be parsed
def _read_form(body: bytes) -> Form:
    if body.count(b"&") >= MAX_FIELDS:
        raise Rejected("too many form fields", 400)
    try:
        pairs = parse_qsl(
            body.decode(),
            keep_blank_values=True,
            # Without it "NumMedia0" would carry the signature of "NumMedia=0".
            strict_parsing=bool(body),
            errors="strict",
        )
    except ValueError:
        raise Rejected("the body is not a form") from None
    form = Form()
    for name, value in pairs:
        form.setdefault(name, []).append(value)
    return form


def read_fields(request: WebhookRequest) -> dict[str, str]:
    """The first value of each field, from a form or a flat JSON object."""
    if not is_json(request):
        return read_form(request).first
    try:
        document = json.loads(request.body)
    except (ValueError, RecursionError):
        raise Rejected("the body is not JSON") from None
    if not isinstance(document, dict):
        raise Rejected("the body is not a JSON object")
    return {
        name: storable(str(value))
        for name, value in document.items()
        if isinstance(value, str | int | float)
    }


def bare(address: str) -> str:
    """``+573001112233`` or ``CO.1349…`` without Twilio's channel prefix."""
    return address.removeprefix("whatsapp:").strip()


def is_phone(address: str) -> bool:
    return address.startswith("+") and address[1:].isdecimal()


def is_status(request: WebhookRequest, fields: Mapping[str, str], account: str) -> bool:
    """Whether it reports on a message of ours, by the path or, posted elsewhere, by its fields."""
    if request.path.rstrip("/").endswith("/status"):
        return True
    return "MessageStatus" in fields and bare(fields.get("From", "")) == account


def parse_status(fields: Mapping[str, str], account: str, now: datetime) -> StatusUpdate | None:
    """``None`` for a state that Twilio has invented since."""
    state = _STATES.get((fields.get("MessageStatus") or fields.get("SmsStatus", "")).lower())
    sid = fields.get("MessageSid") or fields.get("SmsSid")
    if state is None or not sid:
        return None
    return StatusUpdate(
        channel=NAME,
        account=account,
        provider_id=sid,
        state=state,
        at=now,
        error_code=fields.get("ErrorCode") or None,
    )


def parse_message(fields: Mapping[str, str], account: str, sent_at: datetime) -> InboundMessage:
    """Any inbound message. Twilio's webhook names no time, so ``sent_at`` is the arrival."""
    sender = _sender(fields)
    attachments = _attachments(fields)
    location = _location(fields)
    kind = _kind(fields, attachments, location)
    echo = sender.external_id == account
    note = None
    if kind is MessageKind.UNSUPPORTED:
        note = f"Mensaje de WhatsApp sin contenido legible ({fields.get('MessageType') or '?'})"
    return InboundMessage(
        channel=NAME,
        account=account,
        provider_id=fields.get("MessageSid") or fields["SmsSid"],
        thread=sender.external_id,
        sender=sender,
        kind=kind,
        text=fields.get("ButtonText") or fields.get("ListTitle") or fields.get("Body", ""),
        payload=fields.get("ButtonPayload") or fields.get("ListId") or None,
        attachments=attachments,
        location=location,
        reply_to=fields.get("OriginalRepliedMessageSid") or None,
        sent_at=sent_at,
        automatic=echo,
        note="echo" if echo else note,
    )


def _sender(fields: Mapping[str, str]) -> Sender:
    """Who wrote. With a hidden number, From is the business-scoped id that ExternalUserId has."""
    address = bare(fields.get("From", "")) or bare(fields.get("ExternalUserId", ""))
    others = {bare(fields.get(name, "")) for name in ("ExternalUserId", "ParentExternalUserId")}
    return Sender(
        external_id=address,
        name=fields.get("ProfileName", "").strip() or None,
        phone=address if is_phone(address) else None,
        aliases=tuple(sorted(others - {"", address})),
    )


def _attachments(fields: Mapping[str, str]) -> tuple[Attachment, ...]:
    return tuple(
        Attachment(
            ref=fields[f"MediaUrl{index}"],
            content_type=fields.get(f"MediaContentType{index}") or "application/octet-stream",
        )
        for index in range(MAX_MEDIA)
        if fields.get(f"MediaUrl{index}")
    )


def _location(fields: Mapping[str, str]) -> Location | None:
    try:
        latitude, longitude = float(fields["Latitude"]), float(fields["Longitude"])
    except (KeyError, ValueError):
        return None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        return None
    label = ", ".join(filter(None, (fields.get("Label"), fields.get("Address"))))
    return Location(latitude=latitude, longitude=longitude, label=label or None)


def _kind(
    fields: Mapping[str, str], attachments: tuple[Attachment, ...], location: Location | None
) -> MessageKind:
    announced = fields.get("MessageType", "").lower()
    if announced == "reaction":
        return MessageKind.REACTION
    if fields.get("ButtonPayload") or fields.get("ButtonText") or fields.get("ListId"):
        return MessageKind.CHOICE
    if location:
        return MessageKind.LOCATION
    if attachments:
        return _media_kind(attachments[0].content_type, announced)
    if announced in {"contact", "contacts"}:
        return MessageKind.CONTACT
    return MessageKind.TEXT if fields.get("Body", "").strip() else MessageKind.UNSUPPORTED


def _media_kind(content_type: str, announced: str) -> MessageKind:
    plain = content_type.partition(";")[0].strip().lower()
    if announced == "sticker":
        return MessageKind.STICKER
    if plain in _VCARD or announced in {"contact", "contacts"}:
        return MessageKind.CONTACT
    if plain == "audio/ogg":  # what WhatsApp records; music arrives as mp3 or aac
        return MessageKind.VOICE
    for prefix, kind in (
        ("image/", MessageKind.IMAGE),
        ("audio/", MessageKind.AUDIO),
        ("video/", MessageKind.VIDEO),
    ):
        if plain.startswith(prefix):
            return kind
    return MessageKind.DOCUMENT
