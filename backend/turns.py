"""One message becomes one turn: decided and applied in a single transaction.

What is only written down, the messages, the log and the outbox, goes with the commit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts import service as accounts
from backend.arrival import Arrival, arrive
from backend.attachments.models import StoredAttachment
from backend.contacts.models import Contact
from backend.conversations.models import Conversation, Message
from backend.conversations.writing import reply
from backend.database import at_commit, changes_at_commit, jsonb
from backend.facts import load_facts
from backend.gateway import Gateway
from backend.inbox.service import Unread
from backend.outbox import service as outbox
from backend.sla.hours import BusinessHours
from backend.sla.terms import Terms
from backend.ticket_actions import Applied, apply_action
from bot.dialogue.model import DialogueState, Say, Turn
from bot.dialogue.phrases import render
from bot.dialogue.respond import respond
from bot.messages import InboundMessage, MessageKind, OutboundMessage
from nlp.understanding import Understanding

NOT_UNDERSTOOD = Understanding(intent="fuera_de_alcance", confidence=0.0)


@dataclass(frozen=True, slots=True)
class TurnTaker:
    """What turns need besides the message."""

    gateway: Gateway
    hours: BusinessHours
    terms: Terms
    company: dict[str, str]  # values for phrases: company name, privacy link

    async def take(
        self,
        session: AsyncSession,
        event: Unread,
        message: InboundMessage,
        understanding: Understanding | None,
        *,
        now: datetime,
    ) -> Conversation | None:
        """Apply the message; ``None`` when another worker did already.

        ``understanding`` is ``None`` when the model is missing or failed: a person takes over.
        """
        arrival = await arrive(session, event, message, now=now)
        if arrival is None:
            return None
        if event.number > arrival.conversation.handled_number:
            await self._take(session, arrival, event, message, understanding, now=now)
            changes_at_commit(session, arrival.contact, arrival.conversation)
        return arrival.conversation

    async def _take(
        self,
        session: AsyncSession,
        arrival: Arrival,
        event: Unread,
        message: InboundMessage,
        understanding: Understanding | None,
        *,
        now: datetime,
    ) -> None:
        contact, conversation = arrival.contact, arrival.conversation
        stored = await _store(session, arrival, event, message, understanding, now=now)
        conversation.handled_number = event.number
        if conversation.owner_id is None and not message.automatic:
            turn = await self._decide(session, arrival, message, understanding, now=now)
            await self._apply(session, turn, contact, conversation, stored, now=now)
            return
        if message.note == "group" and event.number == 1:
            self._decline_group(session, conversation, stored, now=now)
        if contact.consent != "refused":
            self._log(session, contact, conversation, stored, (), Applied(), now=now)

    def _decline_group(
        self, session: AsyncSession, conversation: Conversation, stored: Message, *, now: datetime
    ) -> None:
        """Say once that cases are private; after that a group is only listened to."""
        key = f"turn:{stored.id}"
        said = render(Say(phrase="smalltalk.private_only"), "es", self.company)
        reply(session, self.gateway, conversation, said, key=key, now=now)

    async def _decide(
        self,
        session: AsyncSession,
        arrival: Arrival,
        message: InboundMessage,
        understanding: Understanding | None,
        *,
        now: datetime,
    ) -> Turn:
        with session.no_autoflush:  # none of it depends on what this turn has changed so far
            facts = await load_facts(
                session,
                contact=arrival.contact,
                conversation=arrival.conversation,
                has_tickets=arrival.has_tickets,
                has_surveys=arrival.has_surveys,
                text=message.text,
                understanding=understanding,
                hours=self.hours,
                terms=self.terms,
                now=now,
            )
        state = DialogueState.model_validate(arrival.conversation.state)
        return respond(state, message, understanding or NOT_UNDERSTOOD, facts)

    async def _apply(
        self,
        session: AsyncSession,
        turn: Turn,
        contact: Contact,
        conversation: Conversation,
        stored: Message,
        *,
        now: datetime,
    ) -> None:
        applied = Applied()
        for action in turn.actions:
            await apply_action(
                session,
                action,
                applied,
                contact=contact,
                conversation=conversation,
                message=stored,
                terms=self.terms,
                now=now,
            )
        with session.no_autoflush:  # the conversation is written once, at the end
            said = self._say(session, turn, applied, conversation, stored, now=now)
            _keep_draft(session, conversation, turn.state, now=now)
            conversation.state = turn.state.model_dump(mode="json", exclude_defaults=True)
            if contact.consent != "refused":
                self._log(session, contact, conversation, stored, said, applied, now=now)

    def _say(
        self,
        session: AsyncSession,
        turn: Turn,
        applied: Applied,
        conversation: Conversation,
        stored: Message,
        *,
        now: datetime,
    ) -> list[str]:
        extra = self.company | applied.phrase_params(turn.state.language)
        replies = [render(say, turn.state.language, extra) for say in turn.replies]
        if self.gateway.channel(conversation.channel).capabilities.one_reply:
            replies = joined(replies)
        said = []
        for number, outbound in enumerate(replies, start=1):
            said += reply(
                session,
                self.gateway,
                conversation,
                outbound.model_copy(update={"reply_to": stored.provider_id}),
                key=f"turn:{stored.id}:{number}",
                now=now,
            )
        return said

    def _log(
        self,
        session: AsyncSession,
        contact: Contact,
        conversation: Conversation,
        stored: Message,
        replies: Sequence[str],
        applied: Applied,
        *,
        now: datetime,
    ) -> None:
        """One interaction per turn: what the client wrote and what was answered."""
        lines = [f"Cliente: {stored.text or '[' + stored.kind + ']'}"]
        lines += [f"Help Care: {said}" for said in replies]
        accounts.record_interaction(
            session,
            key=f"turn:{stored.id}",
            conversation=conversation,
            contact=contact,
            ticket_id=applied.ticket_id,
            direction="inbound",
            subject=_subject(conversation, stored),
            description="\n".join(lines),
            now=now,
        )


_KEEP_DRAFT = """
    INSERT INTO ticket_drafts (conversation_id, type, description, slots, created_at, updated_at)
    VALUES (%(conversation)s, %(type)s, %(description)s, %(slots)s, %(now)s, %(now)s)
    ON CONFLICT (conversation_id) DO UPDATE
    SET type = excluded.type, description = excluded.description, slots = excluded.slots,
        updated_at = excluded.updated_at
"""
_DROP_DRAFT = "DELETE FROM ticket_drafts WHERE conversation_id = %(conversation)s"


async def _store(
    session: AsyncSession,
    arrival: Arrival,
    event: Unread,
    message: InboundMessage,
    understanding: Understanding | None,
    *,
    now: datetime,
) -> Message:
    conversation = arrival.conversation
    text = message.text
    if message.location:
        where = message.location
        text = text or f"{where.label or ''} {where.latitude}, {where.longitude}".strip()
    stored = Message(
        id=arrival.message_id,
        conversation_id=conversation.id,
        author="client",
        kind=str(message.kind),
        text=text,
        payload=message.payload,
        provider_id=message.provider_id,
        inbox_id=event.id,
        understanding=understanding.model_dump(mode="json") if understanding else None,
        note=message.note,
        at=message.sent_at,
        stored_at=now,
    )
    if message.attachments:  # their rows refer to it
        session.add(stored)
        await session.flush()
        await _attach(session, stored, message, now=now)
    else:
        at_commit(session, _STORE, _columns(stored))
    conversation.last_message_at = now
    conversation.last_message_text = (text or f"[{message.kind}]")[:200]
    conversation.address = message.sender.external_id
    conversation.subject = conversation.subject or message.subject
    conversation.verified = message.verified
    # a reaction or an edit does not open WhatsApp's 24-hour window again
    if message.kind not in (MessageKind.REACTION, MessageKind.EDIT):
        conversation.last_inbound_at = message.sent_at
        conversation.last_inbound_id = message.provider_id
    return stored


_STORE = """
    INSERT INTO messages (
        id, conversation_id, author, kind, text, payload, provider_id, inbox_id, understanding,
        note, at, stored_at
    ) VALUES (
        %(id)s, %(conversation_id)s, 'client', %(kind)s, %(text)s, %(payload)s, %(provider_id)s,
        %(inbox_id)s, %(understanding)s, %(note)s, %(at)s, %(stored_at)s
    )
"""


def _columns(message: Message) -> dict[str, object]:
    meaning = message.understanding
    return {
        "id": message.id,
        "conversation_id": message.conversation_id,
        "kind": message.kind,
        "text": message.text,
        "payload": message.payload,
        "provider_id": message.provider_id,
        "inbox_id": message.inbox_id,
        "understanding": None if meaning is None else jsonb(meaning),
        "note": message.note,
        "at": message.at,
        "stored_at": message.stored_at,
    }


async def _attach(
    session: AsyncSession, stored: Message, message: InboundMessage, *, now: datetime
) -> None:
    """Note the message's files; those that are still with the provider are fetched."""
    for number, attachment in enumerate(message.attachments, start=1):
        row = StoredAttachment(
            message_id=stored.id,
            ref=attachment.ref,
            filename=attachment.filename,
            content_type=attachment.content_type,
            size=attachment.size,
            state="stored" if attachment.stored_as else "pending",
            stored_as=attachment.stored_as,
            created_at=now,
        )
        session.add(row)
        if not attachment.stored_as:
            await session.flush()
            outbox.enqueue(
                session,
                key=f"media:{stored.id}:{number}",
                lane="media",
                order_key=f"attachment:{row.id}",
                payload={"attachment_id": row.id},
                now=now,
                conversation_id=stored.conversation_id,
            )


def _keep_draft(
    session: AsyncSession, conversation: Conversation, state: DialogueState, *, now: datetime
) -> None:
    """The draft as agents see it: one row per conversation, gone with the draft."""
    mine = {"conversation": conversation.id}
    if state.draft is not None:
        draft = {
            "type": state.draft.type,
            "description": state.draft.description,
            "slots": jsonb(state.draft.model_dump(mode="json")["slots"]),
            "now": now,
        }
        at_commit(session, _KEEP_DRAFT, mine | draft)
    elif conversation.state.get("draft"):
        at_commit(session, _DROP_DRAFT, mine)


def joined(replies: Sequence[OutboundMessage]) -> list[OutboundMessage]:
    """Several replies as one, with the choices of the last that has any. Pure."""
    if len(replies) < 2:
        return list(replies)
    choices = next((reply.choices for reply in reversed(replies) if reply.choices), ())
    text = "\n\n".join(reply.text for reply in replies)
    return [replies[-1].model_copy(update={"text": text, "choices": choices})]


def _subject(conversation: Conversation, stored: Message) -> str:
    text = conversation.subject or stored.text or stored.kind
    return f"Conversación por {conversation.channel}: {' '.join(text.split())[:120]}"
