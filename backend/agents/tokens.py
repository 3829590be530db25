"""Bearer tokens of ``/api/v1``: 256 random bits, shown once, kept as a hash."""

import hmac
import secrets
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from backend.agents.models import ApiToken
from backend.agents.service import token_hash
from backend.problems import Conflict, Invalid, NotFound, Unauthenticated
from backend.runtime_protocol import runtime_of

_PREFIX = "hc_"  # so that secret scanners can tell what it is
_NOTED_EVERY = timedelta(minutes=1)
_bearer = HTTPBearer(auto_error=False, description="`helpcare token create NAME`")


async def create(session: AsyncSession, *, name: str, now: datetime) -> str:
    """A new token, to be shown once. Names are unique, revoked ones included."""
    if not 0 < len(name.strip()) <= 100:
        raise Invalid("A token needs a name of at most 100 characters")
    token = _PREFIX + secrets.token_urlsafe(32)
    added = await session.execute(
        insert(ApiToken)
        .values(name=name.strip(), token_hash=token_hash(token), created_at=now)
        .on_conflict_do_nothing(index_elements=["name"])
        .returning(ApiToken.id)
    )
    if added.scalar_one_or_none() is None:
        raise Conflict(f"There is a token named {name.strip()!r} already")
    return token


async def verify(session: AsyncSession, token: str, *, now: datetime) -> ApiToken | None:
    """The token's row unless it is unknown or revoked; notes its use, to the minute."""
    digest = token_hash(token)
    found = await session.execute(select(ApiToken).where(ApiToken.token_hash == digest))
    row = found.scalar_one_or_none()
    if row is None or row.revoked_at is not None or not hmac.compare_digest(row.token_hash, digest):
        return None
    if row.last_used_at is None or row.last_used_at < now - _NOTED_EVERY:
        stale = or_(ApiToken.last_used_at.is_(None), ApiToken.last_used_at < now - _NOTED_EVERY)
        await session.execute(
            update(ApiToken).where(ApiToken.id == row.id, stale).values(last_used_at=now)
        )
    return row


async def revoke(session: AsyncSession, name: str, *, now: datetime) -> None:
    """Make a token useless, at once."""
    gone = await session.execute(
        update(ApiToken)
        .where(ApiToken.name == name, ApiToken.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(ApiToken.id)
    )
    if gone.scalar_one_or_none() is None:
        raise NotFound(f"There is no valid token named {name[:100]!r}")


async def require_token(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> str:
    """The name of the caller's token, or :class:`Unauthenticated`."""
    runtime = runtime_of(request)
    if credentials is not None:
        async with runtime.database.transaction() as session:
            row = await verify(session, credentials.credentials, now=runtime.clock())
        if row is not None:
            return row.name
    raise Unauthenticated("Send `Authorization: Bearer` with a valid token")
