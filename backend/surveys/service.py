"""The micro-survey of a resolution: planned with it, asked when due, answered in the dialogue."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import and_, bindparam, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts import service as accounts
from backend.contacts.models import Contact
from backend.conversations.models import Conversation, Message
from backend.conversations.service import locked_conversation, release
from backend.conversations.writing import write
from backend.gateway import Gateway
from backend.outbox import service as outbox
from backend.outbox.models import OutboxItem
from backend.problems import Conflict, Invalid, NotFound
from backend.settings import Settings
from backend.sla.hours import BusinessHours
from backend.surveys.decide import Later, Never, SurveyFacts, decide
from backend.surveys.models import Survey
from backend.tickets.models import Ticket
from backend.timers.service import cancel_timer, set_timer
from bot.dialogue.flows.survey import question
from bot.dialogue.phrases import render
from nlp.understanding import Language

COMMENT_AWAITED = timedelta(hours=12)
"""How long after the score a comment still belongs to it."""

SURVEY, EXPIRE = "survey", "expire_survey"  # kinds of timers


@dataclass(frozen=True, slots=True)
class SurveyRules:
    """When surveys may be asked and answered."""

    contact_hours: BusinessHours
    expires_after: timedelta = timedelta(days=3)
    cooldown: timedelta = timedelta(0)

    @classmethod
    def from_settings(cls, settings: Settings) -> "SurveyRules":
        return cls(
            contact_hours=BusinessHours.parse(
                settings.contact_hours,
                timezone=settings.timezone,
                country=settings.holidays_country,
            ),
            expires_after=timedelta(days=settings.survey_expires_days),
            cooldown=timedelta(days=settings.survey_cooldown_days),
        )


async def plan(
    session: AsyncSession,
    ticket: Ticket,
    conversation: Conversation,
    *,
    agent_id: int | None,
    due_at: datetime,
    now: datetime,
) -> Survey:
    """The survey of the ticket's present cycle and its timer, with what is true now."""
    survey = Survey(
        ticket_id=ticket.id,
        cycle=ticket.cycle,
        conversation_id=conversation.id,
        contact_id=ticket.contact_id,
        agent_id=agent_id,
        channel=conversation.channel,
        address=conversation.address,
        due_at=due_at,
        state="planned",
        created_at=now,
    )
    session.add(survey)
    await session.flush()
    await set_timer(session, SURVEY, str(survey.id), due_at, {"survey_id": survey.id})
    return survey


async def send_due(
    session: AsyncSession,
    gateway: Gateway,
    survey_id: int,
    now: datetime,
    *,
    rules: SurveyRules,
) -> None:
    """Ask, postpone or suppress; nothing when it was decided before. Fired by its timer.

    Rows are locked in the order in which turns and agents lock them: conversation, ticket, survey.
    """
    planned = await session.get(Survey, survey_id)
    if planned is None:
        return
    # two resolutions of one person at once must not both find that nothing else was asked
    one_person = func.hashtextextended(f"survey|{planned.contact_id}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(one_person)))
    conversation = await locked_conversation(session, planned.conversation_id)
    ticket = await session.get_one(
        Ticket, planned.ticket_id, populate_existing=True, with_for_update={"key_share": True}
    )
    survey = await _locked(session, survey_id)
    if survey.state != "planned":
        return
    contact = await session.get_one(Contact, survey.contact_id)
    facts = await _facts(session, gateway, survey, ticket, conversation, contact, rules, now=now)
    match decide(facts):
        case Never(reason):
            survey.state, survey.reason, survey.finished_at = "suppressed", reason, now
        case Later(at, reason):
            survey.reason = reason
            await set_timer(session, SURVEY, str(survey.id), at, {"survey_id": survey.id})
        case _:
            await _ask(session, gateway, survey, ticket, conversation, contact, now=now)
            expires_at = now + rules.expires_after
            await set_timer(session, EXPIRE, str(survey.id), expires_at, {"survey_id": survey.id})


async def cancel(session: AsyncSession, ticket: Ticket, *, reason: str, now: datetime) -> None:
    """Withdraw the survey of the ticket's cycle unless it was answered: nothing was resolved."""
    found = await session.execute(
        select(Survey)
        .where(
            Survey.ticket_id == ticket.id,
            Survey.cycle == ticket.cycle,
            Survey.state.in_(("planned", "sent")),
        )
        .with_for_update()
    )
    survey = found.scalar_one_or_none()
    if survey is None:
        return
    if survey.state == "sent":
        await _withdraw(session, survey, reason=reason, now=now)
    survey.state, survey.reason, survey.finished_at = "cancelled", reason, now
    await cancel_timer(session, SURVEY, str(survey.id))
    await cancel_timer(session, EXPIRE, str(survey.id))


async def of_cycle(session: AsyncSession, ticket: Ticket) -> Survey | None:
    """The survey of the ticket's present cycle, whatever became of it."""
    found = await session.execute(
        select(Survey).where(Survey.ticket_id == ticket.id, Survey.cycle == ticket.cycle)
    )
    return found.scalar_one_or_none()


_WAITING = (
    select(Survey)
    .where(
        Survey.conversation_id == bindparam("conversation"),
        or_(
            Survey.state == "sent",
            and_(
                Survey.state == "answered",
                Survey.finished_at.is_(None),
                Survey.scored_at > bindparam("since"),
            ),
        ),
    )
    .order_by(Survey.sent_at.desc(), Survey.id.desc())
    .limit(1)
)


async def open_survey(
    session: AsyncSession, conversation: Conversation, *, now: datetime
) -> Survey | None:
    """The survey asked last in this conversation that waits for its score or its comment."""
    found = await session.execute(
        _WAITING, {"conversation": conversation.id, "since": now - COMMENT_AWAITED}
    )
    return found.scalar_one_or_none()


async def record_answer(
    session: AsyncSession,
    survey_id: int,
    *,
    contact_id: int,
    score: int | None,
    comment: str | None,
    raw: str,
    finished: bool,
    now: datetime,
) -> Survey:
    """Store the score (1–5), the comment or the end of a survey of this very contact.

    A score may be corrected until the survey is finished; then :class:`Conflict`.
    """
    survey = await _locked(session, survey_id)
    if survey.contact_id != contact_id:
        raise NotFound(f"There is no survey {survey_id}")
    if survey.state not in ("sent", "answered") or survey.finished_at is not None:
        raise Conflict("The survey takes no more answers", state=survey.state)
    if score is not None and not 1 <= score <= 5:
        raise Invalid("A score is a number from 1 to 5")
    if score is not None and score != survey.score:
        survey.score, survey.scored_at, survey.state = score, now, "answered"
    survey.comment = comment or survey.comment
    survey.raw = "\n".join(part for part in (survey.raw, raw) if part) or None
    if finished:
        survey.finished_at = now
        if survey.score is None:
            survey.state, survey.reason = "expired", "la respuesta no se entendió"
        await cancel_timer(session, EXPIRE, str(survey.id))
    return survey


async def expire(session: AsyncSession, survey_id: int, now: datetime) -> None:
    """Stop waiting: without a score it is *expired*, with one it is simply finished."""
    survey = await _locked(session, survey_id)
    if survey.finished_at is not None:
        return
    survey.finished_at = now
    if survey.state == "sent":
        survey.state, survey.reason = "expired", "no hubo respuesta"


async def delivery_failed(
    session: AsyncSession, message_id: int, *, reason: str, now: datetime
) -> None:
    """The question never reached the client: nothing to wait for."""
    await session.execute(
        update(Survey)
        .where(Survey.message_id == message_id, Survey.state == "sent")
        .values(state="failed", reason=reason, finished_at=now)
    )


async def _locked(session: AsyncSession, survey_id: int) -> Survey:
    found = await session.execute(
        select(Survey)
        .where(Survey.id == survey_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    survey = found.scalar_one_or_none()
    if survey is None:
        raise NotFound(f"There is no survey {survey_id}")
    return survey


async def _facts(
    session: AsyncSession,
    gateway: Gateway,
    survey: Survey,
    ticket: Ticket,
    conversation: Conversation,
    contact: Contact,
    rules: SurveyRules,
    *,
    now: datetime,
) -> SurveyFacts:
    others = (Survey.contact_id == contact.id, Survey.id != survey.id)
    asked_at = await session.scalar(
        select(func.max(Survey.sent_at)).where(*others, Survey.state != "cancelled")
    )
    unanswered = await session.scalar(select(func.count()).where(*others, Survey.state == "sent"))
    owner = conversation.owner_id
    return SurveyFacts(
        now=now,
        planned_for=survey.due_at,
        give_up_after=rules.expires_after,
        # Ley 2300/2023 is about reaching people; a page of ours reaches who opens it
        next_contact_time=(
            now if conversation.channel == "webchat" else rules.contact_hours.next_opening(now)
        ),
        survey_cycle=survey.cycle,
        ticket_cycle=ticket.cycle,
        ticket_status=ticket.status,
        ticket_type=ticket.type,
        merged=ticket.merged_into_id is not None,
        consent=contact.consent,
        opted_out=contact.opted_out_at is not None,
        reachable=conversation.channel in gateway and bool(conversation.address),
        asked_at=asked_at,
        cooldown=rules.cooldown,
        other_unanswered=bool(unanswered),
        with_person=conversation.waiting_since is not None
        or (owner is not None and owner != survey.agent_id),
    )


async def _ask(
    session: AsyncSession,
    gateway: Gateway,
    survey: Survey,
    ticket: Ticket,
    conversation: Conversation,
    contact: Contact,
    *,
    now: datetime,
) -> None:
    if conversation.owner_id is not None:
        # the resolving agent is done; only the bot can read the answer
        await release(session, conversation.id, conversation.owner_id)
    language = cast("Language", contact.language)
    outbound = render(question(language, ticket.number), language)
    written = await write(
        session,
        gateway,
        conversation,
        outbound.model_copy(update={"template": "survey", "variables": {"1": ticket.number}}),
        key=f"survey:{survey.id}",
        author="bot",
        now=now,
    )
    survey.state, survey.reason, survey.sent_at = "sent", None, now
    survey.message_id = written[-1]
    survey.address = conversation.address
    accounts.record_interaction(
        session,
        key=f"survey:{survey.id}",
        conversation=conversation,
        contact=contact,
        ticket_id=ticket.id,
        direction="outbound",
        subject=f"Encuesta de satisfacción del caso {ticket.number}",
        description=outbound.text,
        now=now,
    )


async def _withdraw(session: AsyncSession, survey: Survey, *, reason: str, now: datetime) -> None:
    """Hold back the question if it has not left yet."""
    rows = await session.execute(
        select(OutboxItem.key, OutboxItem.message_id).where(
            OutboxItem.key.startswith(f"survey:{survey.id}:"), OutboxItem.state == "queued"
        )
    )
    waiting: dict[str, Any] = {row.key: row.message_id for row in rows}
    if waiting and await outbox.cancel(session, keys=list(waiting), reason=reason, now=now):
        await session.execute(
            update(Message)
            .where(Message.id.in_(waiting.values()))
            .values(delivery="not_sent", delivery_note=reason)
        )
