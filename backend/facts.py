"""Loads what a decision may depend on: this contact's own tickets, survey, services, the hour."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, or_, select
from sqlalchemy import text as text_of
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.models import Account
from backend.contacts.models import Contact
from backend.conversations.models import Conversation
from backend.similarity.service import as_vector
from backend.sla.hours import BusinessHours
from backend.sla.terms import Terms
from backend.surveys import service as surveys
from backend.tickets.models import Ticket, TicketEvent
from bot.dialogue.model import Facts, SurveyFact, TicketFact
from nlp.similarity import same_problem
from nlp.understanding import Understanding

_REMEMBERED = timedelta(days=90)
_MOST_TICKETS = 10


async def load_facts(
    session: AsyncSession,
    *,
    contact: Contact,
    conversation: Conversation,
    has_tickets: bool,
    has_surveys: bool,
    text: str,
    understanding: Understanding | None,
    hours: BusinessHours,
    terms: Terms,
    now: datetime,
) -> Facts:
    """Only what belongs to this contact, and read only where it has any; ``text`` and what was
    understood of it are compared with its tickets.
    """
    open_now = hours.is_open(now)
    return Facts(
        now=now,
        channel=conversation.channel,
        contact_name=contact.name,
        consent=contact.consent,
        verified=conversation.verified,
        open_now=open_now,
        next_opening=None if open_now else hours.next_opening(now),
        tickets=await _tickets(session, contact, text, understanding, now=now)
        if has_tickets
        else (),
        survey=await _survey(session, conversation, now=now) if has_surveys else None,
        services=await _services(session, contact),
        waiting_for_agent=conversation.waiting_since is not None,
        understood=understanding is not None,
        due_by_type=terms.due_by_type(now),
    )


_NEWS = (
    select(TicketEvent.text)
    .where(TicketEvent.ticket_id == Ticket.id, TicketEvent.public, TicketEvent.text != "")
    .order_by(TicketEvent.id.desc())
    .limit(1)
    .scalar_subquery()
)
_OWN = (
    select(Ticket, _NEWS)
    .where(
        Ticket.contact_id == bindparam("contact"),
        Ticket.merged_into_id.is_(None),
        or_(Ticket.status != "cerrado", Ticket.updated_at > bindparam("since")),
    )
    .order_by(Ticket.id.desc())
    .limit(_MOST_TICKETS)
)


async def _tickets(
    session: AsyncSession,
    contact: Contact,
    text: str,
    understanding: Understanding | None,
    *,
    now: datetime,
) -> tuple[TicketFact, ...]:
    found = await session.execute(_OWN, {"contact": contact.id, "since": now - _REMEMBERED})
    rows = found.all()
    meaning = understanding.meaning if understanding else None
    cosines = await _cosines(session, [ticket.id for ticket, _ in rows], meaning)
    systems = understanding.values("servicio") if understanding else ()
    return tuple(
        TicketFact(
            number=ticket.number,
            type=ticket.type,
            status=ticket.status,
            title=ticket.title,
            created_at=ticket.created_at,
            updated_at=ticket.updated_at,
            due_at=ticket.due_at,
            last_news=last_news,
            similarity=same_problem(
                text,
                f"{ticket.title}. {ticket.description}",
                cosine=cosines.get(ticket.id, 0.0),
                systems=systems,
                others=[named] if (named := ticket.slots.get("servicio")) else (),
            ),
        )
        for ticket, last_news in rows
    )


_COSINES = text_of(
    "SELECT ticket_id, cosine FROM ticket_cosines(CAST(:meaning AS text), CAST(:ids AS bigint[]))"
)


async def _cosines(
    session: AsyncSession, ticket_ids: list[int], meaning: Sequence[float] | None
) -> dict[int, float]:
    """Of those tickets that the workers have embedded already."""
    if not ticket_ids or meaning is None:
        return {}
    asked = {"meaning": as_vector(meaning), "ids": ticket_ids}
    return {row[0]: row[1] for row in await session.execute(_COSINES, asked)}


async def _survey(
    session: AsyncSession, conversation: Conversation, *, now: datetime
) -> SurveyFact | None:
    survey = await surveys.open_survey(session, conversation, now=now)
    if survey is None or survey.sent_at is None:
        return None
    number = await session.scalar(select(Ticket.number).where(Ticket.id == survey.ticket_id))
    return SurveyFact(
        id=survey.id,
        ticket_number=number or "",
        sent_at=survey.sent_at,
        awaiting="score" if survey.score is None else "comment",
        score=survey.score,
    )


async def _services(session: AsyncSession, contact: Contact) -> tuple[str, ...]:
    if contact.account_id is None:
        return ()
    found = await session.scalar(select(Account.services).where(Account.id == contact.account_id))
    return tuple(found or ())
