from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from backend.database import Base


class Contact(Base):
    """A person. Phone and e-mail are attributes, not identities."""

    __tablename__ = "contacts"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    name: Mapped[str | None]
    phone: Mapped[str | None] = mapped_column(index=True)  # E.164
    email: Mapped[str | None]
    language: Mapped[str] = mapped_column(server_default="es")
    consent: Mapped[str] = mapped_column(server_default="unknown")
    opted_out_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


Index("ix_contacts_email", func.lower(Contact.email))


class Identity(Base):
    """A contact on a channel: ``(channel, channel account, external id)`` is who they are."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("channel", "channel_account", "external_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), index=True)
    channel: Mapped[str]
    channel_account: Mapped[str]
    external_id: Mapped[str]
    created_at: Mapped[datetime]


class ConsentRecord(Base):
    """Proof of a notice or a decision (Ley 1581/2012 art. 9); only ever added to."""

    __tablename__ = "consent_records"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), index=True)
    consent: Mapped[str]  # noticed, granted, refused
    text_version: Mapped[str]
    how: Mapped[str]  # notice_shown, button, words, continued
    channel: Mapped[str]
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"))
    at: Mapped[datetime]
