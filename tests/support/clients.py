"""Clients who write on a channel of a running Help Care and read what comes back."""

import json
import re
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import make_msgid

import httpx
from support import telegram_api, twilio_api
from support.mail_server import USER, ImapServer, SmtpServer
from support.running import HelpCare, eventually
from support.telegram_api import FakeTelegram
from support.twilio_api import FakeTwilio

NUMBER = re.compile(r"PT-\d{4}-\d{6}")
# How a patient client answers whatever the bot still wants to know.
ANSWERS = {
    "¿Desde cuándo pasa?": "desde esta mañana",
    "¿A cuántas personas afecta?": "somos como 12",
    "¿En qué servicio": "en SAP",
    "¿Le entendí bien?": "sí",
    "registr": "sí",
}


class Client:
    """Reads each message once, in order. A channel says how to write and what has come."""

    def __init__(self) -> None:
        self.read = 0

    def says(self, text: str) -> None:
        raise NotImplementedError

    def received(self) -> list[str]:
        """The texts that have come so far, oldest first."""
        raise NotImplementedError

    def hears(self, *fragments: str) -> str:
        """Wait for an unread message with all the fragments; it and those before it are read."""

        def found() -> str | None:
            for position, text in enumerate(self.received()[self.read :]):
                if all(fragment in text for fragment in fragments):
                    self.read += position + 1
                    return text
            return None

        return eventually(
            found, what=lambda: f"{fragments} not among {self.received()[self.read :]}"
        )

    def reports(self, problem: str) -> str:
        """Tell a problem, answer what is asked, confirm; the ticket's number."""
        self.says(problem)
        for _ in range(8):
            answer = eventually(self._answer, what=lambda: f"no question in {self.received()}")
            if NUMBER.fullmatch(answer):
                return answer
            self.says(answer)
        raise AssertionError(f"no ticket after {self.received()}")

    def _answer(self) -> str | None:
        """To the last of what is unread, once it is a question or the number."""
        texts = self.received()
        for position in range(len(texts) - 1, self.read - 1, -1):
            text = texts[position]
            number = NUMBER.search(text)
            found = next((a for question, a in ANSWERS.items() if question in text), None)
            if number or found:
                self.read = position + 1
                return number[0] if number else found
        return None


class WhatsAppClient(Client):
    def __init__(self, server: HelpCare, twilio: FakeTwilio, phone: str, name: str) -> None:
        super().__init__()
        self._server = server
        self._twilio = twilio
        self._phone = phone
        self._name = name

    def says(self, text: str) -> None:
        self._post(self.fields(Body=text))

    def taps(self, label: str) -> None:
        """A button or list row of the latest message that has it."""
        for message in reversed(self.messages()):
            for fields in _choices(self._twilio, message):
                if label in fields.values():
                    self._post(self.fields(Body=label, **fields))
                    return
        raise AssertionError(f"no {label!r} to tap")

    def fields(self, **more: str) -> dict[str, str]:
        sender = {
            "From": f"whatsapp:{self._phone}",
            "WaId": self._phone.lstrip("+"),
            "ProfileName": self._name,
        }
        return twilio_api.message_fields(**sender, **more)

    def _post(self, fields: dict[str, str]) -> None:
        headers, body = twilio_api.signed_webhook(self._server.url, **fields)
        url = f"{self._server.url}/webhooks/whatsapp"
        answer = httpx.post(url, headers=headers, content=body, timeout=15)
        assert answer.status_code == 200, answer.text

    def reports_status(self, status: str) -> None:
        """Twilio tells what became of the latest message to this client."""
        sid = self.messages()[-1]["sid"]
        headers, body = twilio_api.signed_status(self._server.url, sid, status)
        url = f"{self._server.url}/webhooks/whatsapp/status"
        assert httpx.post(url, headers=headers, content=body, timeout=15).status_code == 200

    def messages(self) -> list[dict]:
        return [m for m in list(self._twilio.sent) if m["to"] == f"whatsapp:{self._phone}"]

    def received(self) -> list[str]:
        return [message["body"] for message in self.messages()]


def _choices(twilio: FakeTwilio, message: dict) -> Iterator[dict[str, str]]:
    """What a tap on each button or row of a message posts."""
    fields = message["fields"]
    values = json.loads(fields.get("ContentVariables", "{}"))

    def filled(template: str) -> str:
        return re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], template)

    for content in twilio.contents:
        if content["sid"] == fields.get("ContentSid"):
            for kind in content["types"].values():
                for action in kind.get("actions", ()):
                    yield {
                        "ButtonText": filled(action["title"]),
                        "ButtonPayload": filled(action["id"]),
                        "MessageType": "button",
                    }
                for row in kind.get("items", ()):
                    yield {
                        "ListTitle": filled(row["item"]),
                        "ListId": filled(row["id"]),
                        "MessageType": "interactive",
                    }


class TelegramClient(Client):
    """With ``polled`` the updates wait for the bot's getUpdates, else they are posted to it."""

    def __init__(
        self, server: HelpCare, telegram: FakeTelegram, user: dict, *, polled: bool = False
    ) -> None:
        super().__init__()
        self._server = server
        self._telegram = telegram
        self._user = user
        self._polled = polled
        self.answered: list[str] = []  # methods that came as answers to what was posted

    def says(self, text: str) -> None:
        self._give(telegram_api.message_update(text, user=self._user))

    def taps(self, label: str) -> None:
        for message in reversed(self.messages()):
            for row in message.get("reply_markup", {}).get("inline_keyboard", ()):
                for button in row:
                    if button["text"] == label:
                        data = button["callback_data"]
                        self._give(telegram_api.tap_update(data, message, self._user))
                        return
        raise AssertionError(f"no {label!r} to tap")

    def _give(self, update: dict) -> None:
        if self._polled:
            self._telegram.updates.append(update)
            return
        headers, body = telegram_api.signed_webhook(update)
        url = f"{self._server.url}/webhooks/telegram"
        answer = httpx.post(url, headers=headers, content=body, timeout=15)
        assert answer.status_code == 200, answer.text
        if answer.content:
            self.answered.append(answer.json()["method"])

    def messages(self) -> list[dict]:
        return [m for m in list(self._telegram.sent) if m["chat"]["id"] == self._user["id"]]

    def received(self) -> list[str]:
        return [message["text"] for message in self.messages()]


class MailClient(Client):
    """Answers within the thread, to where the latest mail wants its answers."""

    def __init__(self, imap: ImapServer, smtp: SmtpServer, address: str, name: str) -> None:
        super().__init__()
        self._imap = imap
        self._smtp = smtp
        self._address = address
        self._name = name
        self.written: list[str] = []  # Message-IDs

    def says(self, text: str) -> None:
        mail = EmailMessage()
        mail["From"] = f"{self._name} <{self._address}>"
        mail["To"] = USER
        mail["Subject"] = "No podemos facturar"
        mail["Message-ID"] = make_msgid(domain="cliente.example")
        mail.set_content(text)
        if mails := self.mails():
            last = mails[-1]
            del mail["To"], mail["Subject"]
            mail["To"] = last["Reply-To"] or last["From"]
            mail["Subject"] = f"Re: {last['Subject']}"
            mail["In-Reply-To"] = last["Message-ID"]
            mail["References"] = f"{last['References'] or ''} {last['Message-ID']}".strip()
            quoted = "\n".join(f"> {line}" for line in text_of(last).splitlines())
            mail.set_content(
                f"{text}\n\nEl lun, 23 nov 2026 a las 10:15, Soporte escribió:\n{quoted}"
            )
        self.written.append(mail["Message-ID"])
        self._imap.deliver(mail.as_bytes())

    def mails(self) -> list[EmailMessage]:
        return [m.message for m in list(self._smtp.sent) if self._address in m.recipients]

    def received(self) -> list[str]:
        return [text_of(mail) for mail in self.mails()]


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None, "a mail without plain text"
    return body.get_content()
