from datetime import datetime

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from backend.database import Base


class HelpArticle(Base):
    """A solution that agents look up and send on. Only a published one is proposed."""

    __tablename__ = "help_articles"
    __table_args__ = (Index("ix_help_articles_updated_at", "updated_at"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    title: Mapped[str]
    body: Mapped[str]
    language: Mapped[str] = mapped_column(server_default="es")
    published: Mapped[bool] = mapped_column(server_default="true")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
