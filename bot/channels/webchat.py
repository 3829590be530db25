"""Web chat: our own page and terminal client, served by ``backend/chat``.

The messages table itself is the medium: a reply is "sent" as soon as its row may be shown, so
sending asks nobody, and a visitor's page fetches what is new.
"""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

from bot.channels.channel import Capabilities, FetchedFile, FetchFailed
from bot.messages import (
    Attachment,
    Delivery,
    InboundMessage,
    MessageKind,
    OutboundMessage,
    Outcome,
    Receipt,
    Sender,
)
from bot.rendering import render

NAME = "webchat"
ACCOUNT = "webchat"
MAX_TEXT = 4000

ClientId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{8,64}$")]
Text = Annotated[str, StringConstraints(max_length=MAX_TEXT, strip_whitespace=True)]


class ChatMessage(BaseModel):
    """What the page posts. ``id`` is made by the page, so that a resend is the same message.

    ``text`` is what the visitor sees as their own words: the label, when a choice was tapped.
    """

    model_config = ConfigDict(extra="forbid")

    id: ClientId
    text: Annotated[Text, StringConstraints(min_length=1)]
    payload: Annotated[str, StringConstraints(max_length=64)] | None = None


def to_inbound(
    message: ChatMessage, *, thread: str, language: str, now: datetime
) -> InboundMessage:
    """A visitor's message as the rest of the system knows messages. Pure.

    ``thread`` is the hash of the visitor's secret.
    """
    return InboundMessage(
        **_whose(message.id, thread, language, now),
        kind=MessageKind.CHOICE if message.payload else MessageKind.TEXT,
        text=message.text,
        payload=message.payload,
    )


def file_to_inbound(
    client_id: str,
    attachment: Attachment,
    *,
    caption: str,
    kind: MessageKind,
    thread: str,
    language: str,
    now: datetime,
) -> InboundMessage:
    """The same for an uploaded file, which lies in the store already. Pure."""
    return InboundMessage(
        **_whose(client_id, thread, language, now),
        kind=kind,
        text=caption,
        attachments=(attachment,),
    )


def _whose(client_id: str, thread: str, language: str, now: datetime) -> dict[str, Any]:
    return {
        "channel": NAME,
        "account": ACCOUNT,
        # within the visitor's own space: nobody can occupy another's ids
        "provider_id": f"{thread[:32]}:{client_id}",
        "thread": thread,
        "sender": Sender(external_id=thread, language=language),
        "sent_at": now,
    }


class WebChatChannel:
    """The page ``/chat`` and ``helpcare chat``."""

    name = NAME
    account = ACCOUNT
    # as many buttons as a 0–10 scale needs; the page lays them out by number and length
    capabilities = Capabilities(
        max_text=MAX_TEXT,
        max_buttons=12,
        max_button_label=40,
        max_button_text=MAX_TEXT,
        max_list_rows=20,
        can_open=False,
    )

    def render(self, message: OutboundMessage) -> tuple[OutboundMessage, ...]:
        """Split long texts; choices stay choices."""
        return render(message, self.capabilities)

    async def send(self, delivery: Delivery, *, now: datetime) -> Outcome:  # noqa: ARG002
        """The row is there: from now on it may be shown."""
        return Receipt(provider_id=delivery.key)

    async def reconcile(self, delivery: Delivery, *, now: datetime) -> Outcome:  # noqa: ARG002
        """Nothing can be lost between us and ourselves."""
        return Receipt(provider_id=delivery.key)

    async def fetch(self, attachment: Attachment, raw: bytes) -> FetchedFile:  # noqa: ARG002
        """Uploads are stored before they are acknowledged; there is nowhere else to get them."""
        raise FetchFailed("the upload is not in the store", retry=False)
