"""Carries out the actions of a turn: each is a row change of the turn's own transaction."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.contacts import service as contacts
from backend.contacts.models import Contact
from backend.conversations import service as conversations
from backend.conversations.models import Conversation, Message
from backend.sla.terms import Terms
from backend.surveys import service as surveys
from backend.tickets import service as tickets
from backend.tickets.models import Ticket
from bot.dialogue.model import (
    Action,
    AddToTicket,
    CloseTicket,
    EscalateTicket,
    HandToAgent,
    OpenTicket,
    OptOut,
    RecordConsent,
    RecordSurveyAnswer,
    ReopenTicket,
    SetLanguage,
)
from bot.dialogue.phrases import local_date
from nlp.understanding import Language


@dataclass(slots=True)
class Applied:
    """What the actions of a turn led to, for its replies and its log."""

    ticket_id: int | None = None
    number: str | None = None
    due_at: datetime | None = field(default=None)

    def phrase_params(self, language: Language) -> dict[str, str]:
        """Values that only exist once the ticket does."""
        params = {}
        if self.number:
            params["ticket"] = self.number
        if self.due_at:
            params["due"] = local_date(self.due_at, language)
        return params

    def about(self, ticket: Ticket) -> None:
        self.ticket_id, self.number, self.due_at = ticket.id, ticket.number, ticket.due_at


async def apply_action(
    session: AsyncSession,
    action: Action,
    applied: Applied,
    *,
    contact: Contact,
    conversation: Conversation,
    message: Message,
    terms: Terms,
    now: datetime,
) -> None:
    """Do one thing; ``applied`` learns which ticket it was about."""
    match action:
        case OpenTicket():
            ticket = await tickets.open_ticket(
                session,
                type=action.draft.type,
                title=action.title,
                description=action.draft.description,
                slots=action.draft.model_dump(mode="json")["slots"],
                urgency=action.draft.urgency,
                contact=contact,
                conversation=conversation,
                channel=conversation.channel,
                terms=terms,
                now=now,
            )
            applied.about(ticket)
        case AddToTicket() | ReopenTicket() | CloseTicket() | EscalateTicket():
            ticket = await _own_ticket(session, contact, action.number)
            await _change(session, action, ticket, now=now)
            await tickets.link(session, ticket, conversation)
            applied.about(ticket)
        case HandToAgent():
            conversations.wait_for_agent(
                conversation, reason=action.reason, urgent=action.urgent, now=now
            )
        case RecordConsent():
            contacts.record_consent(
                session,
                contact,
                consent=action.consent,
                text_version=action.text_version,
                how=action.how,
                channel=conversation.channel,
                message_id=message.id,
                now=now,
            )
        case RecordSurveyAnswer():
            await surveys.record_answer(
                session,
                action.survey_id,
                contact_id=contact.id,
                score=action.score,
                comment=action.comment,
                raw=action.raw,
                finished=action.finished,
                now=now,
            )
        case OptOut():
            contact.opted_out_at = contact.opted_out_at or now
        case SetLanguage():
            contact.language = action.language


async def _own_ticket(session: AsyncSession, contact: Contact, number: str) -> Ticket:
    """The ticket, if it is this contact's: the dialogue only ever names those it was given."""
    found = await session.execute(
        select(Ticket)
        .where(Ticket.number == number, Ticket.contact_id == contact.id)
        .with_for_update()
    )
    return found.scalar_one()


async def _change(
    session: AsyncSession,
    action: AddToTicket | ReopenTicket | CloseTicket | EscalateTicket,
    ticket: Ticket,
    *,
    now: datetime,
) -> None:
    match action:
        case AddToTicket():
            await tickets.add_information(session, ticket, action.text, actor="client", now=now)
        case ReopenTicket():
            await tickets.reopen(session, ticket, reason=action.reason, actor="client", now=now)
        case CloseTicket():
            await tickets.close(session, ticket, reason=action.reason, actor="client", now=now)
        case EscalateTicket():
            await tickets.escalate(session, ticket, reason=action.reason, actor="client", now=now)
