from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.database import Base


class InboxThread(Base):
    """Numbers the events of a conversation as they arrive.

    Apart from ``conversations`` so that acknowledging never waits for a turn in progress.
    ``ringing``: a drain job waits already, so no second one is needed.
    """

    __tablename__ = "inbox_threads"
    __table_args__ = (UniqueConstraint("channel", "channel_account", "thread"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    channel: Mapped[str]
    channel_account: Mapped[str]
    thread: Mapped[str]
    last_number: Mapped[int] = mapped_column(BigInteger, server_default="0")
    ringing: Mapped[bool] = mapped_column(server_default="false")


class InboxEvent(Base):
    """One message as the provider sent it, stored before it was acknowledged.

    States: ``new`` → ``done``; ``dead`` after its tries; ``quarantined`` when unreadable.
    """

    __tablename__ = "inbox_events"
    __table_args__ = (
        UniqueConstraint("channel", "channel_account", "provider_id"),
        UniqueConstraint("thread_id", "number"),
        Index("ix_inbox_events_open", "thread_id", "number", postgresql_where="state = 'new'"),
        Index(
            "ix_inbox_events_dead",
            "id",
            postgresql_where="state IN ('dead', 'quarantined')",
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    thread_id: Mapped[int] = mapped_column(ForeignKey("inbox_threads.id"))
    number: Mapped[int] = mapped_column(BigInteger)
    channel: Mapped[str]
    channel_account: Mapped[str]
    provider_id: Mapped[str]
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    message: Mapped[dict[str, Any] | None]  # bot.messages InboundMessage
    received_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default="new")
    attempts: Mapped[int] = mapped_column(server_default="0")
    retry_at: Mapped[datetime | None]
    error: Mapped[str | None]
    handled_at: Mapped[datetime | None]
