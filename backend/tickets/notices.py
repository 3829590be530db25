"""Telling clients what happened to their ticket, in their channel and language.

Told are: who is in charge (the first time), that work began, a question to the client, news, the
solution, a reopening by us, a merge. Not told is the closing some days after the solution: the
solution and the survey have said it all, one more message would be noise. What the client does in
the dialogue is answered there and not told again.

The status of one's own ticket is asked for, so that opting out of other messages or revoking the
consent does not silence it: a petition must be answered (Ley 1755/2015).
"""

from datetime import datetime
from typing import cast

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.service import record_interaction
from backend.contacts.models import Contact
from backend.conversations.models import Conversation
from backend.conversations.writing import write
from backend.gateway import Gateway
from backend.tickets.models import Ticket, TicketConversation
from backend.tickets.recording import record
from bot.dialogue.model import Say
from bot.dialogue.phrases import render
from nlp.understanding import Language


async def reachable_conversation(
    session: AsyncSession, gateway: Gateway, ticket: Ticket
) -> Conversation | None:
    """Where to tell the client, locked: where the ticket began, else where it was last spoken of.

    ``None`` when no such conversation is on a channel that is configured.
    """
    spoken_of = select(TicketConversation.conversation_id).where(
        TicketConversation.ticket_id == ticket.id
    )
    found = await session.execute(
        select(Conversation)
        .where(
            Conversation.id.in_(spoken_of),
            Conversation.contact_id == ticket.contact_id,
            Conversation.channel.in_([channel.name for channel in gateway]),
        )
        .order_by(
            (Conversation.id == ticket.conversation_id).desc(),
            Conversation.last_inbound_at.desc().nulls_last(),
        )
        .limit(1)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return found.scalar_one_or_none()


async def tell(
    session: AsyncSession,
    gateway: Gateway,
    conversation: Conversation | None,
    ticket: Ticket,
    event_id: int,
    phrase: str,
    *,
    now: datetime,
    **params: str,
) -> bool:
    """Write the notice of one event, once; where that is impossible the thread says so."""
    if conversation is None:
        await record(
            session,
            ticket,
            "not_told",
            actor="system",
            now=now,
            text="No se avisó al cliente: el caso no tiene una conversación en un canal activo",
            event_id=event_id,
        )
        return False
    contact = await session.get_one(Contact, ticket.contact_id)
    say = Say(phrase=f"status.{phrase}", params={"number": ticket.number, **params})
    outbound = render(say, cast("Language", contact.language))
    await write(
        session,
        gateway,
        conversation,
        # one approved template serves all notices: {{1}} the number, {{2}} the news
        outbound.model_copy(
            update={
                "template": "status",
                "variables": {"1": ticket.number, "2": outbound.text},
            }
        ),
        key=f"ticket:{ticket.number}:{event_id}",
        author="system",
        now=now,
    )
    if contact.consent != "refused":
        record_interaction(
            session,
            key=f"ticket:{ticket.number}:{event_id}",
            conversation=conversation,
            contact=contact,
            ticket_id=ticket.id,
            direction="outbound",
            subject=f"Aviso del caso {ticket.number}",
            description=outbound.text,
            now=now,
        )
    return True
