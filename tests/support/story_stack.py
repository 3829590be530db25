"""Plays a story on a whole stack, and looks at what the client got and what was stored."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from psycopg import AsyncConnection, sql
from support.stack import Stack
from support.stories import Expected, KnownTicket, Step, Story, TicketExpected, pause
from support.story_channels import Browser, MailClient, Phone, Received
from support.story_world import World

from backend.accounts.models import Account
from backend.agents.models import Agent
from backend.contacts.models import Contact, Identity
from backend.conversations import service as conversations
from backend.conversations.models import Conversation
from backend.database import Base
from backend.surveys.models import Survey
from backend.tickets import service as tickets
from backend.tickets.models import Ticket, TicketConversation, TicketEvent
from bot.dialogue.model import DialogueState
from bot.messages import MessageKind
from nlp.understanding import Understanding

_EARLIER = timedelta(hours=6)  # when a known client wrote last: WhatsApp's window is open
_OF_CLIENT = ("consent", "opted_out", "owner", "urgent", "language")
_GREETING = Step(says="Buenos días", intent="saludo")


@dataclass
class Script:
    """Understands each message as the story tells."""

    story: Story
    step: Step = _GREETING

    async def understand(self, text: str, *, now: datetime, gazetteer=None) -> Understanding | None:
        if not self.story.world.model:
            return None
        return World.of(self.story)._understanding(self.step)


async def empty(stack: Stack) -> None:
    """Forget everything: the next story begins in a new world."""
    # 25 times as fast as TRUNCATE for a few rows; in this mode foreign keys are not looked at
    tables = (*Base.metadata.tables, "procrastinate_jobs")
    deletes = [sql.SQL("DELETE FROM {}").format(sql.Identifier(name)) for name in tables]
    async with await AsyncConnection.connect(stack.runtime.database.url) as connection:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(sql.SQL("; ").join(deletes))
    await stack.runtime.redis.flushdb()


@dataclass
class Played:
    """One client living one story. ``said`` is what the last step brought them."""

    stack: Stack
    story: Story
    phone: Phone
    script: Script | None  # None: the model understands
    contact_id: int = 0
    agent_id: int = 0
    said: list[Received] = field(default_factory=list)
    _seen: int = 0

    async def begin(self) -> None:
        """Set the world up: what is there before the first step."""
        spec = self.story.world
        if isinstance(self.phone, Browser):
            await self.phone.open()
        worker = self.stack.worker
        understander = self.script or worker._understander
        worker.drainer = replace(worker.drainer, understander=understander)
        self.stack.now = spec.now - _EARLIER
        await self._people()
        # news of tickets go to a conversation; a mail is proved by answering one of ours
        proved = spec.verified and spec.consent != "unknown"
        if spec.tickets or (proved and self.phone.channel == "email"):
            await self.phone.write(_GREETING)
            await self.stack.settle()
        await self._known_facts()
        self.stack.now = spec.now
        self._seen = len(await self.phone.received())
        if isinstance(self.phone, MailClient):
            self.phone.forged = not spec.verified

    async def play(self, step: Step) -> None:
        self.stack.now += max(pause(step.after), self.phone.rhythm)
        if step.event:
            await self._event(step)
        else:
            if self.script:
                self.script.step = step
            await (self._tap(step.taps) if step.taps else self.phone.write(step))
        await self.stack.settle()
        if step.event == "agent_resolves":
            await self.stack.after(self.stack.runtime.settings.survey_delay)
        everything = await self.phone.received()
        self.said, self._seen = everything[self._seen :], len(everything)

    async def _tap(self, label: str) -> None:
        for shown in reversed(await self.phone.received()):
            for choice in shown.choices:
                if choice.label == label:
                    await self.phone.tap(shown, choice)
                    return
        raise AssertionError(f"{label!r} was never offered")

    # --- the world before ---------------------------------------------------------------

    async def _people(self) -> None:
        """The client as the company knows them, and an agent."""
        spec, now = self.story.world, self.stack.now
        async with self.stack.runtime.database.transaction() as session:
            account = Account(name="Cliente S.A.S.", services=list(spec.services), created_at=now)
            agent = Agent(
                email="luz@helpcare.example", name="Luz Marina", role="agent", password_hash="-",
                created_at=now,
            )  # fmt: skip
            session.add_all([account, agent])
            await session.flush()
            contact = Contact(name=spec.name, account_id=account.id, created_at=now)
            session.add(contact)
            await session.flush()
            session.add(
                Identity(
                    contact_id=contact.id,
                    channel=self.phone.channel,
                    channel_account=self.phone.account,
                    external_id=self.phone.external_id,
                    created_at=now,
                )
            )
            self.contact_id, self.agent_id = contact.id, agent.id

    async def _known_facts(self) -> None:
        spec = self.story.world
        async with self.stack.runtime.database.transaction() as session:
            contact = await session.get_one(Contact, self.contact_id)
            contact.consent, contact.language = spec.consent, "es"
            conversation = await self._conversation(session)
            if conversation is not None:
                conversation.state = {}
            other = Contact(name="Otra Persona", consent="granted", created_at=spec.now)
            session.add(other)
            await session.flush()
            for known in spec.tickets:
                owner = contact.id if known.mine else other.id
                ticket = _ticket(known, owner, self.phone.channel, spec.now)
                if known.status != "nuevo":
                    ticket.assignee_id = self.agent_id
                session.add(ticket)
                await session.flush()
                if known.mine and conversation is not None:
                    ticket.conversation_id = conversation.id
                    link = TicketConversation(ticket_id=ticket.id, conversation_id=conversation.id)
                    session.add(link)
                if known.news:
                    session.add(_news(ticket, known.news))

    async def _conversation(self, session: Any) -> Conversation | None:
        """The one that the client wrote in last."""
        found = await self.stack.rows(Conversation, Conversation.contact_id == self.contact_id)
        if not found:
            return None
        latest = max(found, key=lambda c: (c.last_message_at, c.id))
        return await session.get_one(Conversation, latest.id)  # type: ignore[no-any-return]

    # --- the others ---------------------------------------------------------------------

    async def _event(self, step: Step) -> None:
        runtime, now, agent = self.stack.runtime, self.stack.now, self.agent_id
        async with runtime.database.transaction() as session:
            conversation = await self._conversation(session)
            assert conversation is not None
            match step.event:
                case "agent_claims":
                    await conversations.claim(session, conversation.id, agent, now=now)
                case "agent_releases":
                    await conversations.release(session, conversation.id, agent)
                case "agent_says":
                    await conversations.answer(
                        session, runtime.gateway, conversation.id, agent, step.text,
                        key=f"say-{now.timestamp():.0f}", now=now,
                    )  # fmt: skip
                case "agent_starts" | "agent_asks" | "agent_resolves":
                    await self._ticket_event(session, step)

    async def _ticket_event(self, session: Any, step: Step) -> None:
        runtime = self.stack.runtime
        mine = [t for t in await self._tickets() if t.status != "cerrado"]
        ticket = await tickets.by_number(session, mine[-1].number)
        common = {"agent_id": self.agent_id, "gateway": runtime.gateway, "now": self.stack.now}
        match step.event:
            case "agent_starts":
                await tickets.set_status(session, ticket, "en_curso", **common)
            case "agent_asks":
                status = "en_espera_del_cliente"
                await tickets.set_status(session, ticket, status, note=step.text, **common)
            case _:
                await tickets.resolve(
                    session,
                    ticket,
                    reason=step.text or "Se corrigió la configuración.",
                    survey_delay=runtime.settings.survey_delay,
                    close_after=timedelta(days=runtime.settings.close_after_days),
                    **common,
                )

    # --- what is there ------------------------------------------------------------------

    async def check(self, expects: Expected, *, nameless: tuple[str, ...] = ()) -> None:
        """``nameless``: files whose names the channel does not tell."""
        said = "\n".join(received.text for received in self.said)
        for part in expects.reply:
            assert part in said, f"{part!r} not in {said!r}"
        for part in expects.not_reply:
            assert part not in said, f"{part!r} in {said!r}"
        if expects.silent:
            assert not self.said, said
        offered = next((m.choices for m in reversed(self.said) if m.choices), ())
        labels = [choice.label for choice in offered]
        for label in expects.choices:
            assert label in labels, f"{label!r} not in {labels}"
        await self._check_client(expects)
        await self._check_ticket(expects, nameless)
        await self._check_survey(expects)

    async def _check_client(self, expects: Expected) -> None:
        wanted = expects.model_dump(include=set(_OF_CLIENT), exclude_none=True)
        if not wanted:
            return
        async with self.stack.runtime.database.transaction() as session:
            contact = await session.get_one(Contact, self.contact_id)
            conversation = await self._conversation(session)
        assert conversation is not None
        found = {
            "consent": contact.consent,
            "opted_out": contact.opted_out_at is not None,
            "owner": _owner(conversation),
            "urgent": conversation.urgent,
            "language": DialogueState.model_validate(conversation.state).language,
        }
        for name, value in wanted.items():
            assert found[name] == value, f"{name}: {found[name]}"

    async def _tickets(self) -> list[Ticket]:
        return await self.stack.rows(Ticket, Ticket.contact_id == self.contact_id)

    async def _check_ticket(self, expects: Expected, nameless: tuple[str, ...]) -> None:
        if expects.tickets is None and expects.ticket is None:
            return
        own = await self._tickets()
        numbers = [ticket.number for ticket in own]
        assert expects.tickets is None or len(own) == expects.tickets, numbers
        if expects.ticket is None:
            return
        wanted: TicketExpected = expects.ticket
        [*_, ticket] = [t for t in own if wanted.number in {None, t.number}]
        events = await self.stack.rows(TicketEvent, TicketEvent.ticket_id == ticket.id)
        found = {
            "type": ticket.type,
            "status": ticket.status,
            "urgency": ticket.priority,
            "escalated": any(event.kind == "escalated" for event in events),
        }
        for name, value in found.items():
            meant = getattr(wanted, name)
            assert meant is None or value == meant, f"{name}: {value}"
        assert (wanted.title or "") in ticket.title, ticket.title
        slots = [f"{name}: {value}" for name, value in ticket.slots.items()]
        told = "\n".join([ticket.description, *slots, *(event.text for event in events)])
        for part in wanted.holds:
            assert part in told or part in nameless, f"{part!r} not in {told!r}"

    async def _check_survey(self, expects: Expected) -> None:
        wanted = expects.survey
        if wanted is None:
            return
        surveys = await self.stack.rows(Survey, Survey.contact_id == self.contact_id)
        assert surveys, "no survey was planned"
        survey = surveys[-1]
        assert survey.sent_at is not None, f"{survey.state}: {survey.reason}"
        assert survey.score == wanted.score, f"score: {survey.score}"
        assert (wanted.comment or "") in (survey.comment or ""), f"comment: {survey.comment}"
        if wanted.finished is not None:
            finished = survey.finished_at is not None and survey.state != "cancelled"
            assert finished == wanted.finished, survey.state


def _owner(conversation: Conversation) -> str:
    if conversation.owner_id is not None:
        return "agent"
    return "queue" if conversation.waiting_since is not None else "bot"


def _ticket(known: KnownTicket, contact_id: int, channel: str, now: datetime) -> Ticket:
    at = now - pause(known.age)
    done = known.status in {"resuelto", "cerrado"}
    return Ticket(
        number=known.number,
        type=known.type,
        status=known.status,
        title=known.title,
        description=known.title,
        contact_id=contact_id,
        channel=channel,
        due_at=at + timedelta(days=15),
        created_at=at,
        updated_at=at,
        resolved_at=at if done else None,
        closed_at=at if known.status == "cerrado" else None,
    )


def _news(ticket: Ticket, news: str) -> TicketEvent:
    return TicketEvent(
        ticket_id=ticket.id,
        kind="status",
        actor="agent",
        public=True,
        text=news,
        at=ticket.updated_at,
    )


def _nameless(channel: str, step: Step) -> tuple[str, ...]:
    """Names of the step's files that the channel does not tell."""
    photo = channel == "telegram" and step.sends == MessageKind.IMAGE
    return (step.file,) if step.file and (photo or channel == "whatsapp") else ()


async def play(played: Played) -> None:
    """The whole story; says which step went wrong."""
    await played.begin()
    for number, step in enumerate(played.story.step, start=1):
        await played.play(step)
        try:
            await played.check(step.expects, nameless=_nameless(played.phone.channel, step))
        except AssertionError as error:
            heard = step.says or step.taps or step.sends or step.event
            raise AssertionError(f"step {number} ({heard}): {error}") from error
