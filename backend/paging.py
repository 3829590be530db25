"""Lists in pages, newest first. A cursor is opaque to callers and names the last row they saw, so
that rows added meanwhile neither repeat nor hide others.
"""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, Select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from backend.api_fields import Body
from backend.problems import Invalid

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """``next_cursor`` is null on the last page."""

    items: list[T]
    next_cursor: str | None


class PageQuery(Body):
    """The part of a list's query that every list has."""

    cursor: Annotated[str, Field(max_length=200)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


async def fetch_page(
    session: AsyncSession,
    statement: Select[*tuple[Any, ...]],
    wanted: PageQuery,
    *,
    id_column: InstrumentedAttribute[int],
    at_column: InstrumentedAttribute[datetime] | None = None,
) -> tuple[Sequence[Any], str | None]:
    """One page of rows by falling id, or by falling time and id; and the cursor of the next.

    The statement's rows begin with the entity that has these columns.
    """
    if wanted.cursor is not None:
        statement = statement.where(_before(wanted.cursor, id_column, at_column))
    order = [id_column] if at_column is None else [at_column, id_column]
    statement = statement.order_by(*(column.desc() for column in order)).limit(wanted.limit + 1)
    rows = (await session.execute(statement)).all()
    if len(rows) <= wanted.limit:
        return rows, None
    last = rows[wanted.limit - 1][0]
    at = "" if at_column is None else getattr(last, at_column.key).isoformat()
    return rows[: wanted.limit], _encode(f"{at}|{last.id}")


def _encode(position: str) -> str:
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


def _before(
    cursor: str,
    id_column: InstrumentedAttribute[int],
    at_column: InstrumentedAttribute[datetime] | None,
) -> ColumnElement[bool]:
    position = _decode(cursor)
    if position is None or (position[0] is None) != (at_column is None):
        raise Invalid("The cursor is none of this list's")
    at, row_id = position
    return id_column < row_id if at_column is None else tuple_(at_column, id_column) < (at, row_id)


def _decode(cursor: str) -> tuple[datetime | None, int] | None:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        moment, number = base64.urlsafe_b64decode(padded).decode("ascii").split("|")
        at, row_id = (datetime.fromisoformat(moment) if moment else None), int(number)
    except (ValueError, binascii.Error):
        return None
    naive = at is not None and at.tzinfo is None
    return None if naive or not 0 < row_id < 2**63 else (at, row_id)
