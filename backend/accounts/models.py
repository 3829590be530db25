from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.database import Base


class Account(Base):
    """A client company. ``services``, ``projects`` and ``contracts`` are the names that its people
    use for what we do for them.
    """

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    nit: Mapped[str | None] = mapped_column(unique=True)  # digits-check digit
    farmer_name: Mapped[str | None]
    farmer_email: Mapped[str | None]
    services: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    projects: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    contracts: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    created_at: Mapped[datetime]


class Interaction(Base):
    """One exchange with a client, as it is logged to the CRM and shown on the timeline."""

    __tablename__ = "interactions"
    __table_args__ = (
        Index("ix_interactions_account_at", "account_id", "at"),
        Index("ix_interactions_contact_at", "contact_id", "at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"))
    channel: Mapped[str]
    direction: Mapped[str]  # inbound, outbound
    subject: Mapped[str]
    description: Mapped[str]
    at: Mapped[datetime]
    crm_reference: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
