from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, PrimaryKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.database import Base


class OutboxItem(Base):
    """One effect on the outside, written in the transaction that decided it.

    ``lane`` names where it goes (a channel, ``crm``, ``media``); items with the same
    ``order_key`` in a lane leave one after the other. States: ``queued`` → ``sending`` →
    ``sent`` | ``queued`` again | ``failed`` | ``uncertain`` | ``cancelled``.
    """

    __tablename__ = "outbox_items"
    __table_args__ = (
        Index(
            "ix_outbox_items_due",
            "lane",
            "due_at",
            "id",
            postgresql_where="state IN ('queued', 'sending')",
        ),
        Index("ix_outbox_items_queue", "lane", "id", postgresql_where="state = 'queued'"),
        Index(
            "ix_outbox_items_order",
            "lane",
            "order_key",
            "id",
            postgresql_where="state IN ('queued', 'sending')",
        ),
        Index(
            "ix_outbox_items_trouble",
            "id",
            postgresql_where="state IN ('failed', 'uncertain')",
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    lane: Mapped[str]
    order_key: Mapped[str]
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversations.id"), index=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"), index=True)
    payload: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(server_default="queued")
    attempts: Mapped[int] = mapped_column(server_default="0")  # also the fence of a claim
    due_at: Mapped[datetime]
    claimed_until: Mapped[datetime | None]
    reference: Mapped[str | None] = mapped_column(index=True)  # provider id
    error: Mapped[str | None]
    code: Mapped[str | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class OutboxAttempt(Base):
    """What came of one try."""

    __tablename__ = "outbox_attempts"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("outbox_items.id"), index=True)
    number: Mapped[int]
    outcome: Mapped[str]  # sent, retry, failed, uncertain
    detail: Mapped[str | None]
    at: Mapped[datetime]


class DeliveryReport(Base):
    """The furthest state a provider reported, kept even when it arrives before our receipt."""

    __tablename__ = "delivery_reports"
    __table_args__ = (PrimaryKeyConstraint("channel", "provider_id"),)

    channel: Mapped[str]
    provider_id: Mapped[str]
    state: Mapped[str]
    error_code: Mapped[str | None]
    delivered_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    at: Mapped[datetime]
