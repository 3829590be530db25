from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.database import Base


class Timer(Base):
    """Something that must happen at ``due_at``, once. Removed with what it waited for."""

    __tablename__ = "timers"
    __table_args__ = (
        UniqueConstraint("kind", "key"),
        Index("ix_timers_due", "due_at", postgresql_where="fired_at IS NULL"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[str]  # survey, close_ticket, …
    key: Mapped[str]
    due_at: Mapped[datetime]
    fired_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(server_default="0")
    error: Mapped[str | None]
    payload: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
