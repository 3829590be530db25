"""Channel-neutral messages: what came in, what goes out, and how sending ended.

Every channel translates between its vendor's payloads and these value objects, so that nothing
behind the gateway knows where a message came from.
"""

import re
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, field_validator

# PostgreSQL refuses NUL in text, and UTF-8 has no lone surrogates
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _storable(cls, value: object) -> object:
        return _UNSTORABLE.sub("\ufffd", value) if isinstance(value, str) else value


class MessageKind(StrEnum):
    TEXT = "text"
    CHOICE = "choice"  # a button or list row was tapped; ``payload`` carries its id
    IMAGE = "image"
    AUDIO = "audio"
    VOICE = "voice"
    VIDEO = "video"
    DOCUMENT = "document"
    STICKER = "sticker"
    LOCATION = "location"
    CONTACT = "contact"
    REACTION = "reaction"
    EDIT = "edit"
    UNSUPPORTED = "unsupported"


class Sender(_Value):
    """Who wrote. ``external_id`` is the identity on the channel; the rest are attributes."""

    external_id: str
    name: str | None = None
    phone: str | None = None  # E.164
    email: str | None = None  # lower case
    language: str | None = None
    aliases: tuple[str, ...] = ()  # the same person's other ids on this account, by the provider


class Attachment(_Value):
    """A file of a message. ``ref`` is what :meth:`Channel.fetch` needs to get its bytes."""

    ref: str
    content_type: str = "application/octet-stream"
    filename: str | None = None
    size: int | None = None  # bytes, as announced
    stored_as: str | None = None  # name in our store when the bytes are there already


class Location(_Value):
    latitude: float
    longitude: float
    label: str | None = None


class InboundMessage(_Value):
    """One message of a client.

    ``(channel, account, provider_id)`` is unique: a repeat is the same message. ``thread`` names
    the conversation within ``(channel, account)``; on a chat channel it is the sender.
    """

    channel: str
    account: str
    provider_id: str
    thread: str
    sender: Sender
    kind: MessageKind = MessageKind.TEXT
    text: str = ""
    payload: str | None = None
    attachments: tuple[Attachment, ...] = ()
    location: Location | None = None
    reply_to: str | None = None  # provider id of the message answered to
    subject: str | None = None
    sent_at: datetime  # provider's time, aware UTC
    automatic: bool = False  # auto-reply, list, bounce, echo, group: stored, never answered
    verified: bool = True  # False: the sender is not proved (mail without our signature)
    note: str | None = None  # why it is automatic or unsupported, for the agent


class DeliveryState(StrEnum):
    """States of an outgoing message, in order; the last two end it."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


_RANK = {
    DeliveryState.QUEUED: 0,
    DeliveryState.SENT: 1,
    DeliveryState.FAILED: 2,
    DeliveryState.DELIVERED: 3,
    DeliveryState.READ: 4,
}


def advance(current: DeliveryState, reported: DeliveryState) -> DeliveryState:
    """The later of two states: callbacks repeat and overtake each other, state never goes back."""
    return reported if _RANK[reported] > _RANK[current] else current


class StatusUpdate(_Value):
    """A provider's word on a message we sent."""

    channel: str
    account: str
    provider_id: str
    state: DeliveryState
    at: datetime
    error_code: str | None = None


class Choice(_Value):
    """An answer offered to the client. ``id`` ≤ 64 bytes comes back as ``payload``."""

    id: str
    label: str
    description: str = ""


class OutboundMessage(_Value):
    """A message to a client, before or after rendering to what its channel can do.

    ``template`` names the purpose under which the channel's configuration may hold an approved
    template (``"status"``, ``"survey"``, ``"agent"``); ``variables`` are that template's values.
    """

    text: str
    choices: tuple[Choice, ...] = ()
    subject: str | None = None
    reply_to: str | None = None  # provider id
    template: str | None = None
    variables: dict[str, str] = Field(default_factory=dict)
    automatic: bool = True  # False: a person wrote it


class Delivery(_Value):
    """One rendered part on its way: everything a channel may need to send it."""

    key: str  # unique per part, ours
    to: str  # external id of the recipient
    thread: str
    message: OutboundMessage
    last_inbound_at: datetime | None = None
    last_inbound_id: str | None = None  # provider id, for In-Reply-To and quoting
    attempted_at: datetime | None = None  # of an earlier attempt that ended uncertain
    others: frozenset[str] = frozenset()  # provider ids known to be other messages of the thread


class Receipt(_Value):
    """The provider took it. ``provider_id`` is what its status callbacks will name."""

    provider_id: str


class Retryable(_Value):
    """Not sent; try again, not before ``after``."""

    reason: str
    after: timedelta | None = None


class Permanent(_Value):
    """Will never be sent. ``code``: ``window_closed``, ``opted_out``, ``blocked``,
    ``invalid_recipient``, ``rejected``.
    """

    reason: str
    code: str = "rejected"


class Uncertain(_Value):
    """It may have been sent: never repeat it blindly, reconcile."""

    reason: str


Outcome = Receipt | Retryable | Permanent | Uncertain
