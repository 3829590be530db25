"""One message becomes one turn: decided and applied in a single transaction.

The inbox event's row is the claim: it is marked done first, so that a second worker with the same
event waits for the commit and then finds nothing to do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts import service as accounts
from backend.attachments.models import StoredAttachment
from backend.contacts import service as contacts
from backend.contacts.models import Contact
from backend.conversations import service as conversations
from backend.conversations.models import Conversation, Message, TicketDraft
from backend.conversations.writing import store, write
from backend.database import table
from backend.facts import load_facts
from backend.gateway import Gateway
from backend.inbox.models import InboxEvent
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
        if not await _claim(session, event, now=now):
            return None
        contact = await contacts.contact_of(
            session, message.channel, message.account, message.sender, now=now
        )
        conversation = await conversations.conversation_of(session, message, contact.id, now=now)
        if event.number <= conversation.handled_number:
            return conversation
        stored = await _store(session, conversation, event, message, understanding, now=now)
        conversation.handled_number = event.number
        if conversation.owner_id is None and not message.automatic:
            turn = await self._decide(
                session, contact, conversation, message, understanding, now=now
            )
            await self._apply(session, turn, contact, conversation, stored, now=now)
            return conversation
        if message.note == "group" and event.number == 1:
            await self._decline_group(session, conversation, stored, now=now)
        if contact.consent != "refused":
            await self._log(session, contact, conversation, stored, (), Applied(), now=now)
        return conversation

    async def _decline_group(
        self, session: AsyncSession, conversation: Conversation, stored: Message, *, now: datetime
    ) -> None:
        """Say once that cases are private; after that a group is only listened to."""
        key = f"turn:{stored.id}"
        said = render(Say(phrase="smalltalk.private_only"), "es", self.company)
        await write(session, self.gateway, conversation, said, key=key, author="bot", now=now)

    async def _decide(
        self,
        session: AsyncSession,
        contact: Contact,
        conversation: Conversation,
        message: InboundMessage,
        understanding: Understanding | None,
        *,
        now: datetime,
    ) -> Turn:
        with session.no_autoflush:  # none of it depends on what this turn has changed so far
            facts = await load_facts(
                session,
                contact=contact,
                conversation=conversation,
                text=message.text,
                meaning=understanding.meaning if understanding else None,
                understood=understanding is not None,
                hours=self.hours,
                terms=self.terms,
                now=now,
            )
        state = DialogueState.model_validate(conversation.state)
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
            said = await self._say(session, turn, applied, conversation, stored, now=now)
            await _keep_draft(session, conversation, turn.state, now=now)
            conversation.state = turn.state.model_dump(mode="json", exclude_defaults=True)
            if contact.consent != "refused":
                texts = tuple(reply.text for reply in said)
                await self._log(session, contact, conversation, stored, texts, applied, now=now)

    async def _say(
        self,
        session: AsyncSession,
        turn: Turn,
        applied: Applied,
        conversation: Conversation,
        stored: Message,
        *,
        now: datetime,
    ) -> list[Message]:
        extra = self.company | applied.phrase_params(turn.state.language)
        replies = [render(say, turn.state.language, extra) for say in turn.replies]
        if self.gateway.channel(conversation.channel).capabilities.one_reply:
            replies = joined(replies)
        said = []
        for number, reply in enumerate(replies, start=1):
            outbound = reply.model_copy(update={"reply_to": stored.provider_id})
            said += await write(
                session,
                self.gateway,
                conversation,
                outbound,
                key=f"turn:{stored.id}:{number}",
                author="bot",
                now=now,
            )
        return said

    async def _log(
        self,
        session: AsyncSession,
        contact: Contact,
        conversation: Conversation,
        stored: Message,
        replies: tuple[str, ...],
        applied: Applied,
        *,
        now: datetime,
    ) -> None:
        """One interaction per turn: what the client wrote and what was answered."""
        lines = [f"Cliente: {stored.text or '[' + stored.kind + ']'}"]
        lines += [f"Help Care: {reply}" for reply in replies]
        await accounts.record_interaction(
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


_events = table(InboxEvent)
_MARK_DONE = (
    update(_events)
    .where(_events.c.id == bindparam("event"), _events.c.state == "new")
    .values(state="done", handled_at=bindparam("now"), error=None)
    .returning(_events.c.id)
)
_drafts = table(TicketDraft)
_new_draft = insert(_drafts)
_KEEP_DRAFT = _new_draft.on_conflict_do_update(
    index_elements=["conversation_id"],
    set_={
        name: _new_draft.excluded[name] for name in ("type", "description", "slots", "updated_at")
    },
)
_DROP_DRAFT = delete(_drafts).where(_drafts.c.conversation_id == bindparam("conversation"))


async def _claim(session: AsyncSession, event: Unread, *, now: datetime) -> bool:
    marked = await session.execute(_MARK_DONE, {"event": event.id, "now": now})
    return marked.scalar_one_or_none() is not None


async def _store(
    session: AsyncSession,
    conversation: Conversation,
    event: Unread,
    message: InboundMessage,
    understanding: Understanding | None,
    *,
    now: datetime,
) -> Message:
    text = message.text
    if message.location:
        where = message.location
        text = text or f"{where.label or ''} {where.latitude}, {where.longitude}".strip()
    stored = await store(
        session,
        conversation_id=conversation.id,
        author="client",
        kind=message.kind,
        text=text,
        payload=message.payload,
        provider_id=message.provider_id,
        inbox_id=event.id,
        understanding=understanding.model_dump(mode="json") if understanding else None,
        note=message.note,
        at=message.sent_at,
        stored_at=now,
    )
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
            await outbox.enqueue(
                session,
                key=f"media:{stored.id}:{number}",
                lane="media",
                order_key=f"attachment:{row.id}",
                payload={"attachment_id": row.id},
                now=now,
                conversation_id=conversation.id,
            )
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


async def _keep_draft(
    session: AsyncSession, conversation: Conversation, state: DialogueState, *, now: datetime
) -> None:
    """The draft as agents see it: one row per conversation, gone with the draft."""
    if state.draft is None:
        if conversation.state.get("draft"):
            await session.execute(_DROP_DRAFT, {"conversation": conversation.id})
        return
    await session.execute(
        _KEEP_DRAFT,
        {
            "conversation_id": conversation.id,
            "type": state.draft.type,
            "description": state.draft.description,
            "slots": state.draft.model_dump(mode="json")["slots"],
            "created_at": now,
            "updated_at": now,
        },
    )


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
