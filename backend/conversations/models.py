from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.database import Base


class Conversation(Base):
    """A thread on a channel. Owned by the bot or one agent, changed by compare-and-set."""

    __tablename__ = "conversations"
    __table_args__ = (
        UniqueConstraint("channel", "channel_account", "thread"),
        Index("ix_conversations_last_message_at", "last_message_at"),
        Index(
            "ix_conversations_waiting_since",
            "waiting_since",
            postgresql_where="waiting_since IS NOT NULL",
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    channel: Mapped[str]
    channel_account: Mapped[str]
    thread: Mapped[str]
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), index=True)
    address: Mapped[str]  # external id that we write to
    subject: Mapped[str | None]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"), index=True)  # null: bot
    owned_since: Mapped[datetime | None]
    waiting_since: Mapped[datetime | None]  # in the queue for a person
    waiting_reason: Mapped[str | None]
    urgent: Mapped[bool] = mapped_column(server_default="false")
    state: Mapped[dict[str, Any]] = mapped_column(server_default="{}")  # bot.dialogue DialogueState
    handled_number: Mapped[int] = mapped_column(BigInteger, server_default="0")  # fence of turns
    last_inbound_at: Mapped[datetime | None]
    last_inbound_id: Mapped[str | None]  # provider id
    last_message_at: Mapped[datetime]
    last_message_text: Mapped[str] = mapped_column(server_default="")
    verified: Mapped[bool] = mapped_column(server_default="true")
    created_at: Mapped[datetime]


class Message(Base):
    """One message, either way. Outgoing ones carry the state of their outbox row."""

    __tablename__ = "messages"
    __table_args__ = (Index("ix_messages_conversation_id_id", "conversation_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"))
    author: Mapped[str]  # client, bot, agent, system
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    kind: Mapped[str] = mapped_column(server_default="text")
    text: Mapped[str]
    payload: Mapped[str | None]
    choices: Mapped[list[Any]] = mapped_column(server_default="[]")  # bot.messages Choice
    provider_id: Mapped[str | None] = mapped_column(index=True)
    inbox_id: Mapped[int | None] = mapped_column(ForeignKey("inbox_events.id"), unique=True)
    understanding: Mapped[dict[str, Any] | None]  # nlp Understanding
    delivery: Mapped[str | None]  # queued, sent, delivered, read, failed, uncertain, not_sent
    delivery_note: Mapped[str | None]  # why it was not sent, for the agent
    note: Mapped[str | None]  # automatic or unsupported, and why
    at: Mapped[datetime]  # provider's time
    stored_at: Mapped[datetime]


class TicketDraft(Base):
    """The ticket in the making of a conversation: at most one, by its key."""

    __tablename__ = "ticket_drafts"

    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), primary_key=True)
    type: Mapped[str]
    description: Mapped[str]
    slots: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Correction(Base):
    """What an agent says a client's message meant: one per message, the last word counts."""

    __tablename__ = "corrections"

    message_id: Mapped[int] = mapped_column(
        ForeignKey("messages.id"), primary_key=True, autoincrement=False
    )
    intents: Mapped[list[Any]]  # labels of nlp.understanding.INTENTS, the main one first
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id"))
    at: Mapped[datetime]
