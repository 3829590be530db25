"""What every channel is: the small Protocols behind which a vendor hides.

A channel is built by ``backend/runtime.py`` from settings; it holds configuration and an HTTP
client, and no state of a conversation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from bot.messages import (
    Attachment,
    Delivery,
    InboundMessage,
    OutboundMessage,
    Outcome,
    StatusUpdate,
)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the channel can show. Lengths are characters."""

    max_text: int
    max_buttons: int = 0
    max_button_label: int = 20
    max_button_text: int = 1024  # length of the text above buttons
    max_list_rows: int = 0
    session_window: timedelta | None = None  # free-form messages only this long after the client's
    can_open: bool = True  # may write to somebody who never wrote
    one_reply: bool = False  # several replies to one message are sent as one


class Rejected(Exception):
    """The request is not what it claims to be. ``reason`` is safe to show; ``status`` is HTTP's."""

    def __init__(self, reason: str, status: int = 403) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class FetchFailed(Exception):
    """An attachment could not be fetched. ``retry``: whether trying again makes sense."""

    def __init__(self, reason: str, *, retry: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry = retry


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A request as it arrived. Header names are lower case; ``query`` is without ``?``."""

    path: str
    body: bytes
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WebhookReply:
    """What to answer the provider once the event is stored."""

    body: bytes = b""
    content_type: str = "text/plain"


@dataclass(frozen=True, slots=True)
class FetchedFile:
    content: bytes
    content_type: str
    filename: str | None = None


class Channel(Protocol):
    """A way to write to clients."""

    name: str  # "whatsapp", "telegram", "email", "webchat"
    account: str  # our own address on it: number, bot id, mailbox
    capabilities: Capabilities

    def render(self, message: OutboundMessage) -> tuple[OutboundMessage, ...]:
        """Split and reshape one message into parts that the channel can carry. Pure."""
        ...

    async def send(self, delivery: Delivery, *, now: datetime) -> Outcome:
        """Hand one part to the provider, at most one request that could send it."""
        ...

    async def reconcile(self, delivery: Delivery, *, now: datetime) -> Outcome:
        """Find out what became of an uncertain part, without sending it."""
        ...

    async def fetch(self, attachment: Attachment, raw: bytes) -> FetchedFile:
        """Get an attachment's bytes, bounded; ``raw`` is the stored event; or FetchFailed."""
        ...


@runtime_checkable
class WebhookChannel(Channel, Protocol):
    """A channel whose provider posts to ``/webhooks/{name}``."""

    def verify(self, request: WebhookRequest) -> None:
        """Raise :class:`Rejected` unless the provider signed this request."""
        ...

    def parse(
        self, request: WebhookRequest, *, now: datetime
    ) -> Sequence[InboundMessage | StatusUpdate]:
        """Translate a verified request. Pure. Unknown things become ``UNSUPPORTED``, never lost."""
        ...

    def reply(self, request: WebhookRequest) -> WebhookReply:
        """The body of the 200, such as Telegram's answer to a tapped button. Pure."""
        ...
