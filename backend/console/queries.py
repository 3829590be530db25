"""What the console's lists and pages show."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.models import Account, Interaction
from backend.agents.models import Agent
from backend.attachments.models import StoredAttachment
from backend.contacts.models import Contact
from backend.conversations.models import Conversation, Correction, Message, TicketDraft
from backend.inbox.models import InboxEvent
from backend.outbox.models import OutboxItem
from backend.problems import NotFound
from backend.tickets.models import Ticket, TicketConversation, TicketEvent

Filter = Literal["todas", "espera", "mias", "bot"]
TicketFilter = Literal["abiertos", "mios", "vencidos", "resueltos", "todos"]
ConversationPart = Literal["head", "thread", "side"]
PAGE = 50
THREAD_PAGE = 100
_MAX_SEARCH = 100
_OPEN = ("nuevo", "en_curso", "en_espera_del_cliente")


# --- conversations -----------------------------------------------------------------------


def _unanswered() -> ColumnElement[int]:
    """How many messages of the client nobody has answered yet."""
    ours = (
        select(func.coalesce(func.max(Message.id), 0))
        .where(Message.conversation_id == Conversation.id, Message.author != "client")
        .correlate(Conversation)
        .scalar_subquery()
    )
    return (
        select(func.count())
        .select_from(Message)
        .where(
            Message.conversation_id == Conversation.id,
            Message.author == "client",
            Message.id > ours,
        )
        .correlate(Conversation)
        .scalar_subquery()
    )


def _conversations_in(chosen: Filter, agent_id: int) -> ColumnElement[bool]:
    waiting = Conversation.waiting_since.is_not(None)
    return {
        "todas": Conversation.id.is_not(None),
        "espera": waiting,
        "mias": Conversation.owner_id == agent_id,
        "bot": and_(Conversation.owner_id.is_(None), ~waiting),
    }[chosen]


@dataclass(frozen=True, slots=True)
class ConversationRow:
    conversation: Conversation
    contact: str | None  # name
    phone: str | None
    email: str | None
    account: str | None
    owner: str | None
    unanswered: int


async def conversations(
    session: AsyncSession, chosen: Filter, agent_id: int, *, search: str = "", limit: int = PAGE
) -> list[ConversationRow]:
    """Rows of the list: who waits comes first, the urgent and the longest waiting on top."""
    query = (
        select(
            Conversation,
            Contact.name,
            Contact.phone,
            Contact.email,
            Account.name,
            Agent.name,
            _unanswered(),
        )
        .join(Contact, Contact.id == Conversation.contact_id)
        .outerjoin(Account, Account.id == Contact.account_id)
        .outerjoin(Agent, Agent.id == Conversation.owner_id)
        .where(_conversations_in(chosen, agent_id))
        .order_by(
            Conversation.waiting_since.is_(None),
            Conversation.urgent.desc(),
            Conversation.waiting_since,
            Conversation.last_message_at.desc(),
        )
        .limit(limit)
    )
    if words := search.strip()[:_MAX_SEARCH]:
        linked = (
            select(TicketConversation.conversation_id)
            .join(Ticket, Ticket.id == TicketConversation.ticket_id)
            .where(Ticket.number == words.upper())
        )
        fields = (
            Contact.name,
            Contact.phone,
            Contact.email,
            Account.name,
            Conversation.subject,
            Conversation.last_message_text,
        )
        query = query.where(
            or_(
                *(field.icontains(words, autoescape=True) for field in fields),
                Conversation.id.in_(linked),
            )
        )
    return [ConversationRow(*row) for row in await session.execute(query)]


async def conversation_counts(session: AsyncSession, agent_id: int) -> dict[str, int]:
    """How many are in each filter that is worth a number."""
    row = (
        await session.execute(
            select(
                func.count().filter(_conversations_in("espera", agent_id)).label("espera"),
                func.count().filter(_conversations_in("mias", agent_id)).label("mias"),
            ).where(or_(Conversation.waiting_since.is_not(None), Conversation.owner_id == agent_id))
        )
    ).one()
    return {"espera": row.espera, "mias": row.mias}


@dataclass(frozen=True, slots=True)
class ConversationFacts:
    conversation: Conversation
    contact: Contact
    account: Account | None
    owner: Agent | None


async def conversation(session: AsyncSession, conversation_id: int) -> ConversationFacts:
    """One conversation with its contact, account and owner, or :class:`NotFound`."""
    found = (
        await session.execute(
            select(Conversation, Contact, Account, Agent)
            .join(Contact, Contact.id == Conversation.contact_id)
            .outerjoin(Account, Account.id == Contact.account_id)
            .outerjoin(Agent, Agent.id == Conversation.owner_id)
            .where(Conversation.id == conversation_id)
        )
    ).one_or_none()
    if found is None:
        raise NotFound("No existe esa conversación")
    return ConversationFacts(*found)


@dataclass(frozen=True, slots=True)
class CrmLog:
    """How much of a conversation has reached the CRM."""

    logged: int
    waiting: int
    failed: int


async def crm_log(session: AsyncSession, conversation_id: int) -> CrmLog:
    """Counts of its interactions, by the state of their outbox rows."""
    failed = OutboxItem.state.in_(("failed", "uncertain"))
    row = (
        await session.execute(
            select(
                func.count().filter(Interaction.crm_reference.is_not(None)),
                func.count().filter(Interaction.crm_reference.is_(None), failed.is_not(True)),
                func.count().filter(failed),
            )
            .select_from(Interaction)
            .outerjoin(
                OutboxItem, OutboxItem.key == func.concat("crm:interaction:", Interaction.id)
            )
            .where(Interaction.conversation_id == conversation_id)
        )
    ).one()
    return CrmLog(*row)


@dataclass(frozen=True, slots=True)
class Entry:
    """A message with what belongs to it."""

    message: Message
    agent: str | None
    files: list[StoredAttachment]
    meant: list[str]  # an agent's correction of what was understood, main intent first


async def thread(
    session: AsyncSession, conversation_id: int, *, limit: int = THREAD_PAGE
) -> tuple[list[Entry], bool]:
    """The last messages, oldest first, and whether there are earlier ones."""
    rows = (
        await session.execute(
            select(Message, Agent.name, Correction.intents)
            .outerjoin(Agent, Agent.id == Message.agent_id)
            .outerjoin(Correction, Correction.message_id == Message.id)
            .where(Message.conversation_id == conversation_id)
            .order_by(Message.id.desc())
            .limit(limit + 1)
        )
    ).all()
    earlier = len(rows) > limit
    rows = list(reversed(rows[:limit]))
    files: dict[int, list[StoredAttachment]] = defaultdict(list)
    found = await session.execute(
        select(StoredAttachment)
        .where(StoredAttachment.message_id.in_([message.id for message, _, _ in rows]))
        .order_by(StoredAttachment.id)
    )
    for file in found.scalars():
        files[file.message_id].append(file)
    entries = [
        Entry(message, agent, files[message.id], meant or []) for message, agent, meant in rows
    ]
    return entries, earlier


async def draft(session: AsyncSession, conversation_id: int) -> TicketDraft | None:
    return await session.get(TicketDraft, conversation_id)


async def attachment(session: AsyncSession, attachment_id: int) -> StoredAttachment:
    """Any agent may see any client's file."""
    found = await session.get(StoredAttachment, attachment_id)
    if found is None:
        raise NotFound("No existe ese archivo")
    return found


# --- tickets -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TicketCard:
    """A ticket with its thread; newest event last."""

    ticket: Ticket
    assignee: str | None
    events: list[tuple[TicketEvent, str | None]]


async def _cards(
    session: AsyncSession, rows: Iterable[tuple[Ticket, str | None]]
) -> list[TicketCard]:
    tickets = list(rows)
    events: dict[int, list[tuple[TicketEvent, str | None]]] = defaultdict(list)
    found = await session.execute(
        select(TicketEvent, Agent.name)
        .outerjoin(Agent, Agent.id == TicketEvent.agent_id)
        .where(TicketEvent.ticket_id.in_([ticket.id for ticket, _ in tickets]))
        .order_by(TicketEvent.id)
    )
    for event, name in found:
        events[event.ticket_id].append((event, name))
    return [TicketCard(ticket, assignee, events[ticket.id]) for ticket, assignee in tickets]


async def cards_of(
    session: AsyncSession, conversation_id: int, contact_id: int
) -> list[TicketCard]:
    """The contact's tickets and those spoken of here: open ones first, then the latest."""
    here = select(TicketConversation.ticket_id).where(
        TicketConversation.conversation_id == conversation_id
    )
    found = await session.execute(
        select(Ticket, Agent.name)
        .outerjoin(Agent, Agent.id == Ticket.assignee_id)
        .where(or_(Ticket.contact_id == contact_id, Ticket.id.in_(here)))
        .order_by(Ticket.status.in_(_OPEN).desc(), Ticket.id.desc())
        .limit(10)
    )
    return await _cards(session, [(ticket, name) for ticket, name in found])


async def card(session: AsyncSession, number: str) -> TicketCard:
    """One ticket, or :class:`NotFound`."""
    found = await session.execute(
        select(Ticket, Agent.name)
        .outerjoin(Agent, Agent.id == Ticket.assignee_id)
        .where(Ticket.number == number)
    )
    cards = await _cards(session, [(ticket, name) for ticket, name in found])
    if not cards:
        raise NotFound("No existe ese ticket")
    return cards[0]


def _tickets_in(chosen: TicketFilter, agent_id: int, now: datetime) -> ColumnElement[bool]:
    is_open = Ticket.status.in_(_OPEN)
    return {
        "abiertos": is_open,
        "mios": and_(is_open, Ticket.assignee_id == agent_id),
        "vencidos": and_(is_open, Ticket.due_at < now),
        "resueltos": Ticket.status.in_(("resuelto", "cerrado")),
        "todos": Ticket.id.is_not(None),
    }[chosen]


@dataclass(frozen=True, slots=True)
class TicketRow:
    ticket: Ticket
    contact: str | None
    account: str | None
    assignee: str | None


async def tickets(
    session: AsyncSession,
    chosen: TicketFilter,
    agent_id: int,
    *,
    now: datetime,
    search: str = "",
    limit: int = PAGE,
) -> list[TicketRow]:
    """Rows of the list, what falls due first on top; searched in Spanish or by number."""
    query = (
        select(
            Ticket,
            Contact.name,
            Account.name,
            Agent.name,
        )
        .join(Contact, Contact.id == Ticket.contact_id)
        .outerjoin(Account, Account.id == Ticket.account_id)
        .outerjoin(Agent, Agent.id == Ticket.assignee_id)
        .where(_tickets_in(chosen, agent_id, now))
        .limit(limit)
    )
    by_due = chosen in ("abiertos", "mios", "vencidos")
    query = query.order_by(*([Ticket.due_at.nulls_last()] if by_due else []), Ticket.id.desc())
    if words := search.strip()[:_MAX_SEARCH]:
        query = query.where(
            or_(
                Ticket.search.op("@@")(func.websearch_to_tsquery("spanish", words)),
                Ticket.number.icontains(words, autoescape=True),
                Contact.name.icontains(words, autoescape=True),
                Account.name.icontains(words, autoescape=True),
            )
        )
    return [TicketRow(*row) for row in await session.execute(query)]


# --- trouble and people ------------------------------------------------------------------


async def trouble_count(session: AsyncSession) -> int:
    """Messages in and out that wait for a person's decision."""
    inbox = select(func.count()).where(InboxEvent.state.in_(("dead", "quarantined")))
    outbox = select(func.count()).where(OutboxItem.state.in_(("failed", "uncertain")))
    both = select(inbox.scalar_subquery() + outbox.scalar_subquery())
    return int(await session.scalar(both) or 0)


async def dead_events(session: AsyncSession) -> Sequence[InboxEvent]:
    found = await session.execute(
        select(InboxEvent)
        .where(InboxEvent.state.in_(("dead", "quarantined")))
        .order_by(InboxEvent.id.desc())
        .limit(PAGE)
    )
    return found.scalars().all()


async def stuck_items(session: AsyncSession) -> Sequence[OutboxItem]:
    found = await session.execute(
        select(OutboxItem)
        .where(OutboxItem.state.in_(("failed", "uncertain")))
        .order_by(OutboxItem.id.desc())
        .limit(PAGE)
    )
    return found.scalars().all()


async def agents(session: AsyncSession) -> Sequence[Agent]:
    found = await session.execute(select(Agent).order_by(Agent.active.desc(), Agent.name))
    return found.scalars().all()
