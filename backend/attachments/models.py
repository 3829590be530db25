from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from backend.database import Base


class StoredAttachment(Base):
    """A file of a message; ``stored_as`` is its name in the store once it is there."""

    __tablename__ = "attachments"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"), index=True)
    ref: Mapped[str]
    filename: Mapped[str | None]
    content_type: Mapped[str]
    size: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[str]  # pending, stored, failed
    reason: Mapped[str | None]
    stored_as: Mapped[str | None] = mapped_column(unique=True)
    created_at: Mapped[datetime]
