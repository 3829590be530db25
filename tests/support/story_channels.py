"""A client's side of each channel: what they send, byte for byte, and what reaches them.

A :class:`Phone` is one person on one channel of a running stack. It writes as the channel's
provider posts it and reads what the provider was given to show.
"""

import asyncio
import itertools
import mimetypes
import re
import uuid
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any, Protocol

import httpx
from babel.dates import format_datetime as in_words
from support import telegram_api, twilio_api
from support.mail_server import SmtpServer
from support.stack import Stack
from support.stories import Step, Story
from support.telegram_api import FakeTelegram
from support.twilio_api import FakeTwilio

from backend.chat.visitors import COOKIE, token_thread
from backend.intake import Intake
from bot.channels.email import EmailChannel
from bot.mail.mailbox import RawMail
from bot.messages import Choice, MessageKind

PUBLIC = "https://ayuda.example"
TWILIO, TELEGRAM = "http://twilio.test", "http://telegram.test"
SUPPORT = "soporte@helpcare.example"

_numbers = itertools.count(1)
_OPTION = re.compile(r"^(\d+)\. (.+?)(?: — .+)?$", re.MULTILINE)
_BYTES = {
    "image/png": bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
        "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
    ),
    "image/jpeg": bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9"),
    "audio/ogg": b"OggS\0\x02" + b"\0" * 22 + b"OpusHead",
    "image/webp": b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0",
}


@dataclass(frozen=True, slots=True)
class Received:
    """One message on the client's screen. ``where`` names it for an answer to it."""

    text: str
    choices: tuple[Choice, ...] = ()
    where: Any = None

    @classmethod
    def written(cls, text: str, where: Any = None) -> "Received":
        """Plain text, whose numbered lines are what can be chosen."""
        options = tuple(Choice(id=n, label=label) for n, label in _OPTION.findall(text))
        return cls(text, options, where)


class Phone(Protocol):
    """``rhythm``: how soon people write again here."""

    channel: str
    account: str
    external_id: str
    rhythm: timedelta

    async def write(self, step: Step) -> None: ...

    async def tap(self, shown: Received, choice: Choice) -> None: ...

    async def received(self) -> list[Received]: ...


def obstacle(channel: str, story: Story) -> str | None:
    """Why nobody can live this story on the channel; ``None`` where they can."""
    if not story.world.verified and channel != "email":
        return "only the sender of a mail can be unproved"
    for before, step in itertools.pairwise((None, *story.step)):
        if step.edit and channel != "telegram":
            return "only Telegram tells of edits"
        if step.automatic and channel not in {"telegram", "email"}:
            return f"nothing on {channel} marks a machine's message"
        if step.sends and step.sends not in _SENDS[channel]:
            return f"there is no {step.sends} on {channel}"
        if step.taps and before and before.taps == step.taps and channel == "email":
            return "in a mail nothing can be tapped twice"
    return None


_SENDS = {
    "whatsapp": set(MessageKind) - {MessageKind.EDIT},
    "telegram": set(MessageKind),
    "email": {MessageKind.IMAGE, MessageKind.DOCUMENT},
    "webchat": {MessageKind.IMAGE, MessageKind.DOCUMENT},
}


def _file(name: str | None, usual: str = "image/png") -> tuple[str, bytes]:
    content_type = (mimetypes.guess_type(name or "")[0] if name else None) or usual
    return content_type, _BYTES.get(content_type, b"una nota\n")


class WhatsAppPhone:
    """Posts what Twilio posts; reads what Twilio was asked to send."""

    channel, account = "whatsapp", twilio_api.NUMBER
    rhythm = timedelta(0)

    def __init__(self, stack: Stack, twilio: FakeTwilio, name: str) -> None:
        self._stack, self._twilio, self._name = stack, twilio, name
        self.external_id = f"+57300{next(_numbers):07d}"

    async def write(self, step: Step) -> None:
        text, kind, extra = step.says or "", step.sends, {}
        fields: dict[str, str | None] = {"Body": text}
        media: list[tuple[str, bytes]] = []
        match kind:
            case MessageKind.LOCATION:
                fields |= {"Latitude": "4.6", "Longitude": "-74.1", "MessageType": "location"}
            case MessageKind.CONTACT:
                media = [("text/vcard", b"BEGIN:VCARD\r\nFN:Luz\r\nEND:VCARD\r\n")]
                fields["MessageType"] = "contacts"
            case MessageKind.STICKER:
                media = [_file("s.webp", "image/webp")]
                fields["MessageType"] = "sticker"
            case MessageKind.REACTION:
                fields |= {"Body": "👍", "MessageType": "reaction"}
            case MessageKind.UNSUPPORTED:
                fields["MessageType"] = "order"
            case _ if step.file or kind:
                usual = "audio/ogg" if kind == MessageKind.VOICE else "image/png"
                media = [_file(step.file, usual)]
                fields["MessageType"] = media[0][0].partition("/")[0]
        held = self._twilio.receive(media=media, **self._whose(), **fields)
        extra = {n: TWILIO + v for n, v in held.items() if n.startswith("MediaUrl")}
        await self._post({**held, **extra})

    async def tap(self, shown: Received, choice: Choice) -> None:
        fields = {"Body": choice.label, "OriginalRepliedMessageSid": shown.where["sid"]}
        if shown.where["kind"] == "list":
            fields |= {"ListId": choice.id, "ListTitle": choice.label, "MessageType": "interactive"}
        elif shown.where["kind"] == "buttons":
            fields |= {"ButtonPayload": choice.id, "ButtonText": choice.label}
            fields["MessageType"] = "button"
        else:
            fields["Body"] = choice.id  # written out: the client types the number
        await self._post(twilio_api.message_fields(**self._whose(), **fields))

    async def received(self) -> list[Received]:
        mine = [m for m in self._twilio.sent if m["to"] == f"whatsapp:{self.external_id}"]
        return [self._shown(message) for message in mine]

    def _whose(self) -> dict[str, str]:
        return {
            "From": f"whatsapp:{self.external_id}",
            "WaId": self.external_id[1:],
            "ProfileName": self._name,
        }

    async def _post(self, fields: dict[str, Any]) -> None:
        headers, body = twilio_api.signed_webhook(PUBLIC, **fields)
        await _accepted(self._stack, "/webhooks/whatsapp", headers, body)

    def _shown(self, message: dict[str, Any]) -> Received:
        where = {"sid": message["sid"], "kind": "text"}
        fields = message["fields"]
        content = self._twilio.content(fields.get("ContentSid"))
        if content is None:
            return Received.written(message["body"], where)
        [(kind, shape)] = content["types"].items()
        rows = shape.get("actions") or shape["items"]
        where["kind"] = "buttons" if kind == "twilio/quick-reply" else "list"
        choices = (
            Choice(
                id=twilio_api.filled(row["id"], fields),
                label=twilio_api.filled(row.get("title") or row["item"], fields),
            )
            for row in rows
        )
        return Received(message["body"], tuple(choices), where)


class TelegramPhone:
    """Posts updates with the secret; reads the bot's messages to this chat."""

    channel, account = "telegram", str(telegram_api.BOT_ID)
    rhythm = timedelta(0)

    def __init__(self, stack: Stack, telegram: FakeTelegram, name: str) -> None:
        self._stack, self._telegram = stack, telegram
        first, _, last = name.partition(" ")
        self._user = {"id": 1000 + next(_numbers), "is_bot": False, "first_name": first}
        self._user |= {"last_name": last, "language_code": "es"}
        self.external_id = str(self._user["id"])
        self._last: dict[str, Any] = {}

    async def write(self, step: Step) -> None:
        user = {**self._user, "is_bot": step.automatic}
        if step.sends == MessageKind.REACTION:
            await self._post(self._reaction())
            return
        text, fields = step.says, self._fields(step)
        if step.file and text:
            text, fields["caption"] = None, text
        update = telegram_api.message_update(text, user=user, date=self._stack.now, **fields)
        if step.edit:
            message = update.pop("message")
            message |= {"message_id": self._last["message_id"], "edit_date": message["date"]}
            update["edited_message"] = message
        else:
            self._last = update["message"]
        await self._post(update)

    async def tap(self, shown: Received, choice: Choice) -> None:
        await self._post(telegram_api.tap_update(choice.id, shown.where, user=self._user))

    async def received(self) -> list[Received]:
        mine = [m for m in self._telegram.sent if str(m["chat"]["id"]) == self.external_id]
        return [Received(m["text"], _buttons(m), m) for m in mine]

    async def _post(self, update: dict[str, Any]) -> None:
        headers, body = telegram_api.signed_webhook(update)
        await _accepted(self._stack, "/webhooks/telegram", headers, body)

    def _fields(self, step: Step) -> dict[str, Any]:
        file = {"file_id": f"F{next(_numbers)}", "file_unique_id": "u", "file_size": 60}
        content_type, self._telegram.files[file["file_id"]] = _file(step.file)
        size = {"width": 800, "height": 600}
        match step.sends:
            case MessageKind.VOICE:
                return {"voice": file | {"duration": 7, "mime_type": "audio/ogg"}}
            case MessageKind.IMAGE:
                return {"photo": [file | size]}
            case MessageKind.STICKER:
                kind = {"type": "regular", "is_animated": False, "is_video": False, "emoji": "😀"}
                return {"sticker": file | size | kind}
            case MessageKind.LOCATION:
                return {"location": {"latitude": 4.6, "longitude": -74.1}}
            case MessageKind.CONTACT:
                return {"contact": {"phone_number": "573009998877", "first_name": "Luz"}}
            case MessageKind.UNSUPPORTED:
                return {"hologram": {"depth": 3}}  # a kind that Telegram has yet to invent
        named = {"file_name": step.file, "mime_type": content_type}
        return {"document": file | named} if step.file else {}

    def _reaction(self) -> dict[str, Any]:
        chat = {"id": self._user["id"], "type": "private", "first_name": self._user["first_name"]}
        reaction = {
            "chat": chat,
            "message_id": self._last["message_id"],
            "user": self._user,
            "date": int(self._stack.now.timestamp()),
            "old_reaction": [],
            "new_reaction": [{"type": "emoji", "emoji": "👍"}],
        }
        return {"update_id": 900_000 + next(_numbers), "message_reaction": reaction}


def _buttons(message: dict[str, Any]) -> tuple[Choice, ...]:
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return tuple(Choice(id=b["callback_data"], label=b["text"]) for row in rows for b in row)


class MailClient:
    """Writes mails and answers the last one of ours, quoting it; a number is typed for a tap.

    ``forged``: somebody who writes in this name, and so never sees our answers.
    """

    channel, account = "email", SUPPORT
    rhythm = timedelta(minutes=25)  # faster ones are answered later, in case it is a machine

    def __init__(self, stack: Stack, smtp: SmtpServer, name: str) -> None:
        self._stack, self._smtp, self._name = stack, smtp, name
        self._intake = Intake(stack.runtime, asyncio.Event())
        self.external_id = f"persona{next(_numbers)}@cliente.example"
        self.forged = False

    async def write(self, step: Step) -> None:
        mail = EmailMessage()
        mail["From"] = f"{self._name} <{self.external_id}>"
        mail["Date"] = format_datetime(self._stack.now)
        mail["Message-ID"] = f"<{uuid.uuid4()}@cliente.example>"
        mail["MIME-Version"] = "1.0"
        if step.automatic:
            mail["Auto-Submitted"] = "auto-replied"
        mail.set_content(self._addressed(mail, step.says or ""), cte="quoted-printable")
        if step.file or step.sends:
            content_type, content = _file(step.file)
            kind, _, subtype = content_type.partition("/")
            mail.add_attachment(content, maintype=kind, subtype=subtype, filename=step.file)
        await self._deliver(mail.as_bytes())

    async def tap(self, shown: Received, choice: Choice) -> None:
        latest = (await self.received())[-1]
        typed = choice.id if latest.where is shown.where else choice.label
        await self.write(Step(says=typed))

    async def received(self) -> list[Received]:
        return [Received.written(_text(mail), mail) for mail in self._mails()]

    def _mails(self) -> list[EmailMessage]:
        return [m.message for m in self._smtp.sent if m.recipients == [self.external_id]]

    def _addressed(self, mail: EmailMessage, text: str) -> str:
        """Address it to the last mail of ours, or as a first one; the body to write."""
        ours = self._mails()
        if not ours or self.forged:
            mail["To"], mail["Subject"] = SUPPORT, "Solicitud de soporte"
            return text + "\n"
        last = ours[-1]
        mail["To"] = last["Reply-To"] or last["From"]
        mail["Subject"] = last["Subject"]
        mail["In-Reply-To"] = last["Message-ID"]
        mail["References"] = " ".join(filter(None, (last["References"], last["Message-ID"])))
        when = in_words(self._stack.now, "EEE, d MMM y 'a las' H:mm", locale="es_CO")
        quoted = "\n".join(f"> {line}".rstrip() for line in _text(last).splitlines())
        sender = f"{parseaddr(last['From'])[0] or 'Soporte'} <{SUPPORT}>"
        return f"{text}\n\nEl {when}, {sender} escribió:\n{quoted}\n"

    async def _deliver(self, raw: bytes) -> None:
        channel = self._stack.runtime.gateway.channel("email")
        assert isinstance(channel, EmailChannel)
        await self._intake.store_mail(channel, RawMail(SUPPORT, 1, next(_numbers), raw))


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


class Browser:
    """The chat page's own requests, with its cookie."""

    channel, account = "webchat", "webchat"
    rhythm = timedelta(0)

    def __init__(self, stack: Stack) -> None:
        self._client = httpx.AsyncClient(transport=stack.transport, base_url=PUBLIC)
        self.external_id = ""
        self._entries: dict[int, Received] = {}

    async def open(self) -> None:
        assert (await self._client.get("/chat")).status_code == 200
        self.external_id = token_thread(self._client.cookies[COOKIE])

    async def write(self, step: Step) -> None:
        if step.file or step.sends:
            content_type, content = _file(step.file)
            answer = await self._client.post(
                "/chat/files",
                data={"id": str(uuid.uuid4()), "text": step.says or ""},
                files={"file": (step.file or "archivo", content, content_type)},
            )
        else:
            answer = await self._say(step.says or "")
        assert answer.status_code == 202, answer.text

    async def tap(self, shown: Received, choice: Choice) -> None:
        answer = await self._say(choice.label, payload=choice.id)
        assert answer.status_code == 202, answer.text

    async def received(self) -> list[Received]:
        after = {"after": max(self._entries)} if self._entries else {}
        view = (await self._client.get("/chat/messages", params=after)).json()
        for entry in view["messages"]:
            if entry["author"] != "client":
                choices = tuple(Choice.model_validate(c) for c in entry["choices"])
                self._entries[entry["id"]] = Received(entry["text"], choices, entry["id"])
        return [self._entries[n] for n in sorted(self._entries)]

    async def _say(self, text: str, **more: str) -> httpx.Response:
        message = {"id": str(uuid.uuid4()), "text": text, **more}
        return await self._client.post("/chat/messages", json=message)


async def _accepted(stack: Stack, path: str, headers: dict[str, str], body: bytes) -> None:
    answer = await stack.client.post(path, headers=headers, content=body)
    assert answer.status_code == 200, answer.text
