"""Buttons and lists on WhatsApp: Twilio shows them only from a Content resource.

https://www.twilio.com/docs/content/twilio-quick-reply and /twiliolist-picker. Within a session a
content needs no approval. What changes from client to client (text, ids, list rows) is a variable,
so that a few contents serve every message; they are found again by their name, a hash.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.channels.channel import Capabilities, FetchFailed
from bot.channels.twilio_client import TwilioClient
from bot.messages import Choice, OutboundMessage
from bot.rendering import LIST_DESCRIPTION, choice_style

PREFIX = "helpcare-"
BUTTON = "Ver opciones"  # ≤ 20 characters, opens a list
PAUSE = timedelta(minutes=5)  # with numbered text instead, after a failure


@dataclass(frozen=True, slots=True)
class Interactive:
    """A content and the values of this message in it."""

    name: str
    content: Mapping[str, Any]
    variables: Mapping[str, str]


class _Variables:
    """Numbers the values in the order of their use."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def take(self, value: str) -> str:
        number = str(len(self.values) + 1)
        self.values[number] = one_line(value)
        return "{{" + number + "}}"

    def body(self, text: str) -> str:
        """One variable per line: a value must not hold a line break, the content may."""
        return "\n".join(self.take(line) if line.strip() else "" for line in text.split("\n"))


def one_line(value: str) -> str:
    """As WhatsApp takes a variable: no line breaks or tabs, no runs of spaces, not empty."""
    return " ".join(value.split()) or "-"


def interactive(message: OutboundMessage, capabilities: Capabilities) -> Interactive:
    """The content for a message with choices that fit into buttons or a list. Pure."""
    variables = _Variables()
    body = variables.body(message.text)
    types: dict[str, Any]
    if choice_style(message.choices, capabilities) == "buttons":
        # A label is not a variable: WhatsApp's own buttons have fixed titles.
        actions = [
            {"type": "QUICK_REPLY", "title": choice.label, "id": variables.take(choice.id)}
            for choice in message.choices
        ]
        types = {"twilio/quick-reply": {"body": body, "actions": actions}}
    else:
        items = [_row(choice, variables) for choice in message.choices]
        types = {"twilio/list-picker": {"body": body, "button": BUTTON, "items": items}}
    digest = hashlib.sha256(json.dumps(types, sort_keys=True).encode()).hexdigest()
    name = PREFIX + digest[:32]
    content = {
        "friendly_name": name,
        "language": "es",
        # Samples, the same for all: a client's words do not belong into the account's templates.
        "variables": {number: f"valor {number}" for number in variables.values},
        "types": types,
    }
    return Interactive(name, content, variables.values)


def _row(choice: Choice, variables: _Variables) -> dict[str, str]:
    row = {"item": variables.take(choice.label), "id": variables.take(choice.id)}
    if choice.description.strip():
        row["description"] = variables.take(choice.description[:LIST_DESCRIPTION])
    return row


class ContentCatalog:
    """Finds or creates contents, each once. Knows when to give up for a while."""

    def __init__(self, client: TwilioClient, limit: int = 500) -> None:
        self._client = client
        self._limit = limit  # of contents of ours in the account
        self._sids: dict[str, str] = {}
        self._loaded = False
        self._paused_until: datetime | None = None

    async def sid(self, wanted: Interactive, *, now: datetime) -> str | None:
        """The ContentSid, or ``None``: then the choices must go as text."""
        if known := self._sids.get(wanted.name):
            return known
        if self._paused_until and now < self._paused_until:
            return None
        try:
            await self._load()
        except FetchFailed:
            self._paused_until = now + PAUSE
            return None
        if wanted.name in self._sids:
            return self._sids[wanted.name]
        if len(self._sids) >= self._limit:
            return None
        sid = await self._client.create_content(wanted.content)
        if sid is None:
            self._paused_until = now + PAUSE
            return None
        self._sids[wanted.name] = sid
        return sid

    async def _load(self) -> None:
        """What earlier runs and other processes have created."""
        if self._loaded:
            return
        async for content in self._client.contents():
            name, sid = content.get("friendly_name") or "", content.get("sid")
            if name.startswith(PREFIX) and isinstance(sid, str):
                self._sids[name] = sid
        self._loaded = True
