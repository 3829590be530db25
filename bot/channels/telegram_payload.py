"""Telegram's updates as our values. Pure.

``provider_id`` is the update's id, because Telegram repeats updates and not messages. A message
that others point at (``reply_to`` of replies, edits, reactions and taps, and our receipts) is named
``{chat id}:{message id}``.
"""

import json
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from telegram import (
    CallbackQuery,
    Chat,
    InlineKeyboardButton,
    Message,
    MessageReactionUpdated,
    ReactionTypeEmoji,
    Update,
    User,
)

from bot.channels.channel import Rejected
from bot.channels.text import storable
from bot.messages import Attachment, InboundMessage, Location, MessageKind, Sender

NAME = "telegram"

# https://core.telegram.org/bots/features#deep-linking
_START = re.compile(r"/start(?:@\w+)?(?:\s+([A-Za-z0-9_-]{1,64}))?\s*")

# Events that Telegram writes into a private chat by itself; nobody said anything.
_SERVICE = (
    "pinned_message",
    "message_auto_delete_timer_changed",
    "chat_background_set",
    "write_access_allowed",
    "connected_website",
    "chat_owner_changed",
)


def read_update(body: bytes) -> dict[str, Any]:
    """The update as JSON. Raises Rejected for anything else."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise Rejected("the body is not JSON", 400) from None
    if not isinstance(data, dict) or not isinstance(data.get("update_id"), int):
        raise Rejected("the body is not an update", 400)
    return data


def message_name(chat_id: int | str, message_id: int) -> str:
    return f"{chat_id}:{message_id}"


def parse_update(data: dict[str, Any], account: str, now: datetime) -> InboundMessage | None:
    """``None`` for an update in which nobody says anything, such as a poll's new count."""
    try:
        update = Update.de_json(data, None)
        parsed = _parse(update, account, now)
    except (TypeError, KeyError, ValueError, AttributeError, OverflowError):
        parsed = None
    # A kind or shape that this version of the library does not know must not be lost.
    return parsed or _unreadable(data, account, now)


def _parse(update: Update, account: str, now: datetime) -> InboundMessage | None:
    if update.callback_query:
        return _tap(update, update.callback_query, account, now)
    if update.message_reaction:
        return _reaction(update, update.message_reaction, account)
    message, chat = update.effective_message, update.effective_chat
    if isinstance(message, Message):
        return _message(update, message, account)
    if chat and update.effective_user:  # membership, join requests, …
        return _build(
            update,
            account,
            chat,
            update.effective_user,
            now,
            kind=MessageKind.UNSUPPORTED,
            automatic=True,
            note="Aviso de Telegram sobre el chat",
        )
    return None


def _build(
    update: Update,
    account: str,
    chat: Chat,
    writer: User | Chat,
    at: datetime,
    **values: Any,  # noqa: ANN401 the fields of InboundMessage
) -> InboundMessage:
    """The parts that every kind of update shares."""
    if why := _why_automatic(chat, writer, account):
        values |= {"automatic": True, "note": why}
    return InboundMessage(
        channel=NAME,
        account=account,
        provider_id=str(update.update_id),
        thread=str(chat.id),
        sender=values.pop("sender", None) or _sender(writer),
        sent_at=at,
        **values,
    )


def _why_automatic(chat: Chat, writer: User | Chat, account: str) -> str | None:
    if str(writer.id) == account:
        return "echo"
    if chat.type != Chat.PRIVATE:
        return "group"
    return "bot" if isinstance(writer, User) and writer.is_bot else None


def _sender(writer: User | Chat, phone: str | None = None) -> Sender:
    name = writer.full_name if isinstance(writer, User) else writer.effective_name
    return Sender(
        external_id=str(writer.id),
        name=storable(name or "").strip() or None,
        phone=phone,
        language=writer.language_code if isinstance(writer, User) else None,
    )


def _message(update: Update, message: Message, account: str) -> InboundMessage:
    writer = message.from_user or message.sender_chat or message.chat
    values = _content(message)
    values["text"] = storable(values.get("text") or message.text or message.caption or "")
    if start := _START.fullmatch(values["text"]):
        values |= {"text": "/start", "payload": start[1]}
    if message.reply_to_message:
        replied = message.reply_to_message
        values["reply_to"] = message_name(replied.chat.id, replied.message_id)
    at = message.date
    if edited := update.edited_message or update.edited_channel_post:
        at = message.edit_date or at
        values["reply_to"] = message_name(message.chat.id, edited.message_id)
        values["kind"] = MessageKind.EDIT
        if message.location:  # a live location moves every few seconds
            values |= {"automatic": True, "note": "Ubicación en tiempo real"}
    if message.contact and isinstance(writer, User):
        # Telegram proves the number when the person shares their own card.
        own = message.contact.user_id == writer.id
        phone = "+" + message.contact.phone_number.lstrip("+") if own else None
        values["sender"] = _sender(writer, phone)
    return _build(update, account, message.chat, writer, at, **values)


def _content(message: Message) -> dict[str, Any]:
    """Kind, files and place of a message."""
    if attached := _attachment(message):
        kind, attachment, text = attached
        return {"kind": kind, "attachments": (attachment,), "text": text}
    if place := _location(message):
        return {"kind": MessageKind.LOCATION, "location": place}
    if card := message.contact:
        name = " ".join(filter(None, (card.first_name, card.last_name)))
        return {"kind": MessageKind.CONTACT, "text": f"{name} {card.phone_number}".strip()}
    if message.text or message.caption:
        return {"kind": MessageKind.TEXT}
    if message.dice:
        return {"kind": MessageKind.STICKER, "text": message.dice.emoji}
    service = any(getattr(message, name, None) for name in _SERVICE)
    return {
        "kind": MessageKind.UNSUPPORTED,
        "text": message.poll.question if message.poll else "",
        "automatic": service,
        "note": "Aviso de Telegram sobre el chat"
        if service
        else "Mensaje de Telegram de un tipo que no se puede leer",
    }


def _attachment(message: Message) -> tuple[MessageKind, Attachment, str] | None:
    """The file of a message, and text that stands for it. An animation is a document, too."""
    if message.photo:
        largest = max(message.photo, key=lambda size: size.width * size.height)
        return MessageKind.IMAGE, _file(largest, "image/jpeg"), ""
    if message.sticker:
        return (
            MessageKind.STICKER,
            _file(message.sticker, _sticker_type(message)),
            (message.sticker.emoji or ""),
        )
    for kind, media, usual in (
        (MessageKind.VOICE, message.voice, "audio/ogg"),
        (MessageKind.AUDIO, message.audio, "audio/mpeg"),
        (MessageKind.VIDEO, message.video, "video/mp4"),
        (MessageKind.VIDEO, message.video_note, "video/mp4"),
        (MessageKind.VIDEO, message.animation, "video/mp4"),
        (MessageKind.DOCUMENT, message.document, "application/octet-stream"),
    ):
        if media:
            return kind, _file(media, usual), ""
    return None


def _file(media: Any, usual_type: str) -> Attachment:  # noqa: ANN401 seven classes, the same fields
    name = getattr(media, "file_name", None)
    return Attachment(
        ref=media.file_id,
        content_type=getattr(media, "mime_type", None) or usual_type,
        filename=storable(name) if name else None,
        size=media.file_size,
    )


def _sticker_type(message: Message) -> str:
    sticker = message.sticker
    if sticker and sticker.is_video:
        return "video/webm"
    return "application/x-tgsticker" if sticker and sticker.is_animated else "image/webp"


def _location(message: Message) -> Location | None:
    place = message.venue.location if message.venue else message.location
    if not place:
        return None
    label = f"{message.venue.title}, {message.venue.address}" if message.venue else None
    return Location(latitude=place.latitude, longitude=place.longitude, label=label)


def _tap(update: Update, query: CallbackQuery, account: str, now: datetime) -> InboundMessage:
    """A tapped button. Telegram tells no time of the tap."""
    shown = query.message
    chat = shown.chat if shown else Chat(query.from_user.id, Chat.PRIVATE)
    payload = storable(query.data or "") or None
    markup = shown.reply_markup if isinstance(shown, Message) else None
    buttons = _flat(markup.inline_keyboard) if markup else ()
    label = next((b.text for b in buttons if b.callback_data == query.data), payload or "")
    return _build(
        update,
        account,
        chat,
        query.from_user,
        now,
        kind=MessageKind.CHOICE,
        text=storable(label),
        payload=payload,
        reply_to=message_name(chat.id, shown.message_id) if shown else None,
    )


def _flat(
    keyboard: Iterable[Iterable[InlineKeyboardButton]],
) -> tuple[InlineKeyboardButton, ...]:
    return tuple(button for row in keyboard for button in row)


def _reaction(
    update: Update, reaction: MessageReactionUpdated, account: str
) -> InboundMessage | None:
    """The reactions that stand now; no text when they were taken back."""
    writer = reaction.user or reaction.actor_chat
    if writer is None:
        return None
    emojis = (r.emoji for r in reaction.new_reaction if isinstance(r, ReactionTypeEmoji))
    return _build(
        update,
        account,
        reaction.chat,
        writer,
        reaction.date,
        kind=MessageKind.REACTION,
        text="".join(emojis),
        reply_to=message_name(reaction.chat.id, reaction.message_id),
    )


def _unreadable(data: dict[str, Any], account: str, now: datetime) -> InboundMessage | None:
    """Who wrote, and where, of an update whose shape is not known."""
    for event in data.values():
        if not isinstance(event, dict):
            continue
        writer, chat = event.get("from"), event.get("chat")
        if not isinstance(writer, dict) or not isinstance(writer.get("id"), int):
            continue
        known_chat = chat if isinstance(chat, dict) and isinstance(chat.get("id"), int) else writer
        private = known_chat is writer or known_chat.get("type") == Chat.PRIVATE
        text = event.get("text")
        return InboundMessage(
            channel=NAME,
            account=account,
            provider_id=str(data["update_id"]),
            thread=str(known_chat["id"]),
            sender=Sender(external_id=str(writer["id"])),
            kind=MessageKind.UNSUPPORTED,
            text=storable(text) if isinstance(text, str) else "",
            sent_at=now,
            automatic=not private or bool(writer.get("is_bot")),
            note="Mensaje de Telegram de un tipo que no se puede leer",
        )
    return None
