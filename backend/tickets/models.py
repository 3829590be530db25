from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Computed, ForeignKey, Index, PrimaryKeyConstraint
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from backend.database import Base


class TicketCounter(Base):
    """The last number given in a year; a row lock keeps numbers without gaps."""

    __tablename__ = "ticket_counters"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(server_default="0")


class Ticket(Base):
    """A Periticket. State is derived from its events and stored here."""

    __tablename__ = "tickets"
    __table_args__ = (
        Index("ix_tickets_contact_id_status", "contact_id", "status"),
        Index("ix_tickets_account_id_id", "account_id", "id"),
        Index("ix_tickets_status_id", "status", "id"),
        Index("ix_tickets_assignee_id_id", "assignee_id", "id"),
        Index("ix_tickets_updated_at", "updated_at"),
        Index("ix_tickets_search", "search", postgresql_using="gin"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)  # PT-2026-000123
    type: Mapped[str]
    status: Mapped[str]  # nuevo, en_curso, en_espera_del_cliente, resuelto, cerrado
    title: Mapped[str]
    description: Mapped[str]
    slots: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    priority: Mapped[str] = mapped_column(server_default="media")  # baja, media, alta, critica
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversations.id"))  # origin
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"))
    channel: Mapped[str]
    cycle: Mapped[int] = mapped_column(server_default="1")  # grows with each reopening
    version: Mapped[int] = mapped_column(server_default="1")  # grows with each event
    due_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    resolution: Mapped[str | None]
    resolved_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    search: Mapped[Any] = mapped_column(
        TSVECTOR,
        Computed(
            "to_tsvector('spanish', number || ' ' || title || ' ' || description)", persisted=True
        ),
        deferred=True,  # only ever compared inside the database
    )


class TicketEvent(Base):
    """What happened to a ticket; only ever added to. ``public``: news that its client may read."""

    __tablename__ = "ticket_events"
    __table_args__ = (Index("ix_ticket_events_ticket_id_id", "ticket_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"))
    kind: Mapped[str]  # opened, assigned, status, note, client_added, resolved, reopened, …
    actor: Mapped[str]  # client, bot, system, agent
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    public: Mapped[bool] = mapped_column(server_default="false")
    text: Mapped[str] = mapped_column(server_default="")
    data: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    at: Mapped[datetime]


class TicketConversation(Base):
    """Where a ticket was talked about; many to many."""

    __tablename__ = "ticket_conversations"
    __table_args__ = (PrimaryKeyConstraint("ticket_id", "conversation_id"),)

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"))
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
