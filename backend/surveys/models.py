from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.database import Base


class Survey(Base):
    """The survey of one resolution, with what was true then.

    States: ``planned`` → ``sent`` → ``answered``; or ``cancelled``, ``suppressed``, ``expired``,
    ``failed``, each with its reason.
    """

    __tablename__ = "surveys"
    __table_args__ = (UniqueConstraint("ticket_id", "cycle"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"))
    cycle: Mapped[int]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), index=True)
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    channel: Mapped[str]
    address: Mapped[str]
    due_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default="planned")
    reason: Mapped[str | None]
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"))
    sent_at: Mapped[datetime | None]
    score: Mapped[int | None]  # CSAT 1–5
    scored_at: Mapped[datetime | None]
    comment: Mapped[str | None]
    raw: Mapped[str | None]  # the answer as written
    finished_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
