"""Accounts of the console and their sign-ins."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.agents import passwords
from backend.agents.models import Agent, AgentSession
from backend.database import Database
from backend.problems import Conflict, Forbidden, Invalid, NotFound

Role = Literal["agent", "supervisor", "admin"]
ROLES: tuple[str, ...] = get_args(Role)
FIRST_ADMIN = "admin@helpcare.local"
SESSION_LASTS = timedelta(hours=12)  # a working day; then one signs in again
_EMAIL = re.compile(r"[^@\s<>\"'(),;:\\]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+")
_FIRST_ADMIN_LOCK = 0x41646D69  # any constant


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session. ``token`` goes into the cookie and nowhere else."""

    token: str
    agent: Agent


def token_hash(token: str) -> str:
    """What is stored of a session token: whoever reads the table cannot sign in with it."""
    return hashlib.sha256(token.encode()).hexdigest()


async def create_agent(
    session: AsyncSession, *, email: str, name: str, role: str, now: datetime
) -> str:
    """Add an account; returns its one-time password. Raises Invalid or Conflict."""
    email = email.strip().lower()
    name = " ".join(name.split())
    if not _EMAIL.fullmatch(email) or len(email) > 254:
        raise Invalid("El correo no es válido")
    if not 2 <= len(name) <= 80:
        raise Invalid("El nombre debe tener entre 2 y 80 caracteres")
    if role not in ROLES:
        raise Invalid(f"El rol debe ser uno de: {', '.join(ROLES)}")
    if await session.scalar(select(Agent.id).where(Agent.email == email)):
        raise Conflict(f"Ya hay una cuenta con el correo {email}")
    password = passwords.one_time()
    session.add(
        Agent(
            email=email,
            name=name,
            role=role,
            password_hash=await passwords.hashed(password),
            must_change_password=True,
            active=True,
            created_at=now,
        )
    )
    await session.flush()
    return password


async def create_first_admin(session: AsyncSession, *, now: datetime) -> str | None:
    """On an installation without accounts, make one; its one-time password, else ``None``."""
    await session.execute(select(func.pg_advisory_xact_lock(_FIRST_ADMIN_LOCK)))
    if await session.scalar(select(func.count()).select_from(Agent)):
        return None
    return await create_agent(
        session, email=FIRST_ADMIN, name="Administrador", role="admin", now=now
    )


async def sign_in(
    database: Database, email: str, password: str, *, now: datetime
) -> SignedIn | None:
    """Open a session, or ``None``: which of the two was wrong is nobody's business.

    No transaction is open while the password is checked, which takes its time on purpose.
    """
    by_email = select(Agent).where(Agent.email == email.strip().lower()[:254])
    async with database.transaction() as session:
        found = (await session.execute(by_email)).scalar_one_or_none()
    checked = found.password_hash if found and found.active else None
    if not await passwords.matches(password, checked):
        return None
    async with database.transaction() as session:
        agent = (await session.execute(by_email.with_for_update())).scalar_one_or_none()
        if agent is None or not agent.active or agent.password_hash != checked:
            return None  # changed meanwhile
        await session.execute(delete(AgentSession).where(AgentSession.expires_at <= now))
        return SignedIn(_open_session(session, agent, now=now), agent)


async def agent_of(session: AsyncSession, token: str, *, now: datetime) -> Agent | None:
    """Whose session this is, while it lasts and the account is active."""
    found = await session.execute(
        select(Agent)
        .join(AgentSession, AgentSession.agent_id == Agent.id)
        .where(
            AgentSession.token_hash == token_hash(token),
            AgentSession.expires_at > now,
            Agent.active,
        )
    )
    return found.scalar_one_or_none()


async def sign_out(session: AsyncSession, token: str) -> None:
    """End this session."""
    await session.execute(delete(AgentSession).where(AgentSession.token_hash == token_hash(token)))


async def change_password(
    database: Database, agent_id: int, *, current: str, new: str, now: datetime
) -> SignedIn:
    """Replace one's own password: every session ends, and this one new one begins."""
    async with database.transaction() as session:
        agent = await get_agent(session, agent_id)
    if not await passwords.matches(current, agent.password_hash):
        raise Invalid("La contraseña actual no es correcta")
    if new == current:
        raise Invalid("La contraseña nueva debe ser distinta de la actual")
    passwords.require_good(new, email=agent.email)
    new_hash = await passwords.hashed(new)
    async with database.transaction() as session:
        changed = await get_agent(session, agent_id)
        if changed.password_hash != agent.password_hash:
            raise Conflict("La contraseña cambió entre tanto; inicie sesión otra vez")
        changed.password_hash = new_hash
        changed.must_change_password = False
        await _end_sessions(session, agent_id)
        return SignedIn(_open_session(session, changed, now=now), changed)


async def reset_password(session: AsyncSession, agent_id: int) -> str:
    """Give somebody a new one-time password and end their sessions."""
    agent = await get_agent(session, agent_id)
    password = passwords.one_time()
    agent.password_hash = await passwords.hashed(password)
    agent.must_change_password = True
    await _end_sessions(session, agent_id)
    return password


async def set_access(
    session: AsyncSession, agent_id: int, *, role: str, active: bool, by_id: int
) -> Agent:
    """Change what somebody may do; their sessions end. Nobody can lock themselves out."""
    if role not in ROLES:
        raise Invalid(f"El rol debe ser uno de: {', '.join(ROLES)}")
    if agent_id == by_id:
        raise Forbidden("No puede cambiar su propio acceso; pídaselo a otro administrador")
    agent = await get_agent(session, agent_id)
    if (agent.role, agent.active) != (role, active):
        agent.role = role
        agent.active = active
        await _end_sessions(session, agent_id)
    return agent


async def get_agent(session: AsyncSession, agent_id: int) -> Agent:
    """The account, locked until the commit, or :class:`NotFound`."""
    agent = await session.get(Agent, agent_id, with_for_update=True)
    if agent is None:
        raise NotFound("No existe esa cuenta")
    return agent


async def _end_sessions(session: AsyncSession, agent_id: int) -> None:
    await session.execute(delete(AgentSession).where(AgentSession.agent_id == agent_id))


def _open_session(session: AsyncSession, agent: Agent, *, now: datetime) -> str:
    """A fresh token each time, so that nobody can plant one beforehand (session fixation)."""
    token = secrets.token_urlsafe(32)
    session.add(
        AgentSession(
            token_hash=token_hash(token),
            agent_id=agent.id,
            created_at=now,
            expires_at=now + SESSION_LASTS,
        )
    )
    return token
