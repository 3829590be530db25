"""The desk of the demo: what its invented clients and agents do, through the real services."""

import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.service import record_interaction
from backend.agents.models import Agent
from backend.contacts import service as contacts
from backend.contacts.models import Contact, Identity
from backend.conversations import service as conversations
from backend.conversations.models import Conversation, Message
from backend.conversations.writing import write
from backend.database import run_postponed
from backend.gateway import Gateway
from backend.outbox.models import OutboxItem
from backend.settings import Settings
from backend.sla.hours import BusinessHours
from backend.sla.terms import Terms
from backend.surveys import service as surveys
from backend.surveys.models import Survey
from backend.tickets import service as tickets
from backend.tickets.models import Ticket
from bot.channels.channel import Capabilities, FetchedFile, FetchFailed
from bot.dialogue.flows.consent import NOTICE_VERSION
from bot.dialogue.model import Say
from bot.dialogue.phrases import local_date, render
from bot.messages import Attachment, Delivery, OutboundMessage, Outcome, Permanent

_ACCOUNT = "demo"
_ADDRESSES = {  # none of them belongs to anybody
    "whatsapp": "CO.demo{:04d}",
    "telegram": "demo-{:04d}",
    "email": "persona{}@demo.example",
    "webchat": "demo-{:04d}",
}


class _PaperChannel:
    """Takes messages as they are and sends none."""

    account = _ACCOUNT
    capabilities = Capabilities(max_text=4096)

    def __init__(self, name: str) -> None:
        self.name = name

    def render(self, message: OutboundMessage) -> tuple[OutboundMessage, ...]:
        return (message,)

    async def send(self, delivery: Delivery, *, now: datetime) -> Outcome:  # noqa: ARG002  protocol
        return Permanent(reason="demo")

    async def reconcile(self, delivery: Delivery, *, now: datetime) -> Outcome:
        return await self.send(delivery, now=now)

    async def fetch(self, attachment: Attachment, raw: bytes) -> FetchedFile:  # noqa: ARG002  protocol
        raise FetchFailed("demo", retry=False)


class DemoDesk:
    """The invented company's hours, terms and channels, in one transaction."""

    def __init__(
        self,
        session: AsyncSession,
        data: dict[str, Any],
        hours: BusinessHours,
        terms: Terms,
        dice: random.Random,
    ) -> None:
        self.session = session
        self.words: dict[str, Any] = data["words"]
        self.terms = terms
        self.dice = dice
        self.gateway = Gateway(_PaperChannel(name) for name in _ADDRESSES)
        self.rules = surveys.SurveyRules(
            BusinessHours.parse(
                str(Settings.model_fields["contact_hours"].default),
                timezone=terms.timezone,
                country=terms.country,
            )
        )
        self._hours = hours
        self._clients: dict[int, DemoClient] = {}

    def at_work(self, at: datetime) -> datetime:
        """The moment, or a little after the next opening."""
        opening = self._hours.next_opening(at)
        return at if opening == at else opening + timedelta(minutes=self.dice.uniform(1, 45))

    def may_ask(self, at: datetime) -> datetime:
        """The moment, or the next at which clients may be contacted."""
        return self.rules.contact_hours.next_opening(at)

    async def all_sent(self) -> None:
        """What was queued up to now has "left", without anybody having sent it."""
        await run_postponed(self.session)
        await self.session.execute(
            update(OutboxItem)
            .where(OutboxItem.state == "queued")
            .values(state="sent", reference="demo", finished_at=OutboxItem.created_at)
        )
        await self.session.execute(
            update(Message).where(Message.delivery == "queued").values(delivery="delivered")
        )

    def client(self, contact: Contact, channel: str) -> "DemoClient":
        return self._clients.setdefault(contact.id, DemoClient(self, contact, channel))


class DemoClient:
    """One person and their conversation."""

    def __init__(self, desk: DemoDesk, contact: Contact, channel: str) -> None:
        self._desk, self._session = desk, desk.session
        self._contact, self._channel = contact, channel
        self._found: Conversation | None = None
        self._written = 0

    async def reports(
        self, said: str, title: str, plot: dict[str, Any], service: str, at: datetime
    ) -> str:
        """The client writes, the bot files it and answers; the ticket's number."""
        conversation = await self._conversation(at)
        ticket = await tickets.open_ticket(
            self._session,
            type=plot["type"],
            title=title,
            description=said,
            slots={"servicio": service},
            urgency=plot["urgency"],
            contact=self._contact,
            conversation=conversation,
            channel=self._channel,
            terms=self._desk.terms,
            now=at,
        )
        params = {"ticket": ticket.number}
        if ticket.due_at:
            params["due"] = local_date(ticket.due_at, "es")
        phrase = "normal_due" if ticket.due_at else "normal"
        if plot["type"] in ("felicitacion", "sugerencia"):
            phrase = plot["type"]
        await self._turn(said, [Say(phrase=f"opened.{phrase}", params=params)], at, ticket)
        return ticket.number

    async def asks_for_a_person(self, at: datetime) -> None:
        conversation = await self._conversation(at)
        await self._turn(self._desk.words["wants_person"], [Say(phrase="handoff.open")], at)
        if conversation.owner_id is None:
            conversations.wait_for_agent(
                conversation, reason="lo pidió el cliente", urgent=False, now=at
            )

    async def is_taken_up(self, number: str, agent: Agent, at: datetime) -> None:
        """Assigned, begun, and greeted unless another agent is talking already."""
        ticket = await tickets.by_number(self._session, number)
        common: dict[str, Any] = {"agent_id": agent.id, "gateway": self._desk.gateway, "now": at}
        await tickets.assign(self._session, ticket, assignee_id=agent.id, **common)
        await tickets.set_status(self._session, ticket, "en_curso", **common)
        hello = self._desk.words["agent_hello"].format(
            name=(self._contact.name or "").split()[0], agent=agent.name
        )
        await self._agent_says(hello, agent, at)

    async def is_asked(self, number: str, question: str, agent: Agent, at: datetime) -> None:
        ticket = await tickets.by_number(self._session, number)
        await tickets.set_status(
            self._session,
            ticket,
            "en_espera_del_cliente",
            note=question,
            agent_id=agent.id,
            gateway=self._desk.gateway,
            now=at,
        )

    async def answers(self, number: str, said: str, at: datetime) -> None:
        ticket = await tickets.by_number(self._session, number)
        await tickets.add_information(self._session, ticket, said, actor="client", now=at)
        added = Say(phrase="ticket.added", params={"number": number})
        await self._turn(said, [added], at, ticket)

    async def is_helped(self, number: str, solution: str, agent: Agent, at: datetime) -> None:
        ticket = await tickets.by_number(self._session, number)
        await tickets.resolve(
            self._session,
            ticket,
            reason=solution,
            agent_id=agent.id,
            gateway=self._desk.gateway,
            now=at,
            survey_delay=timedelta(minutes=1),
            close_after=timedelta(days=5),
        )
        conversation = await self._conversation(at)
        if conversation.owner_id is not None:
            await conversations.release(self._session, conversation.id, conversation.owner_id)

    async def is_surveyed(self, number: str, at: datetime) -> int | None:
        """The id of the survey if it was sent."""
        conversation = await self._conversation(at)
        ticket = await tickets.by_number(self._session, number)
        planned = await surveys.of_cycle(self._session, ticket)
        if planned is None:
            return None
        await surveys.send_due(
            self._session, self._desk.gateway, planned.id, at, rules=self._desk.rules
        )
        asked = await surveys.open_survey(self._session, conversation, now=at)
        return planned.id if asked is not None and asked.id == planned.id else None

    async def rates(self, survey_id: int, at: datetime) -> None:
        """Mostly content, as people are; some say why."""
        survey = await self._session.get_one(Survey, survey_id)
        if survey.state != "sent":
            return
        dice = self._desk.dice
        score = dice.choices((1, 2, 3, 4, 5), (5, 6, 12, 30, 47))[0]
        comments = self._desk.words["comments"][score - 1]
        comment = dice.choice(comments) if dice.random() < 0.4 else None
        said = f"{score}, {comment}" if comment else str(score)
        await surveys.record_answer(
            self._session,
            survey_id,
            contact_id=self._contact.id,
            score=score,
            comment=comment,
            raw=said,
            finished=True,
            now=at,
        )
        thanks = "survey.thanks_low" if score <= 2 else "survey.thanks"
        ticket = await self._session.get_one(Ticket, survey.ticket_id)
        await self._turn(said, [Say(phrase=thanks)], at, ticket)

    async def complains(self, number: str, at: datetime) -> None:
        """It still fails: reopened."""
        ticket = await tickets.by_number(self._session, number)
        said = self._desk.words["fails_again"]
        await tickets.reopen(self._session, ticket, reason=said, actor="client", now=at)
        reopened = Say(phrase="ticket.reopened", params={"number": number})
        await self._turn(said, [reopened], at, ticket)

    async def hears_no_more(self, number: str, at: datetime) -> None:
        """Days later: the survey expired, the ticket closes by itself."""
        ticket = await tickets.by_number(self._session, number)
        survey = await surveys.of_cycle(self._session, ticket)
        if survey is not None and survey.sent_at is not None:
            await surveys.expire(self._session, survey.id, survey.sent_at + timedelta(days=3))
        await tickets.close_due(self._session, number, ticket.cycle, at)

    # --- writing ----------------------------------------------------------------------------

    async def _turn(
        self, said: str, replies: Iterable[Say], at: datetime, ticket: Ticket | None = None
    ) -> None:
        conversation = await self._conversation(at)
        self._written += 1
        message = Message(
            conversation_id=conversation.id,
            author="client",
            text=said,
            provider_id=f"demo-{conversation.id}-{self._written}",
            at=at,
            stored_at=at,
        )
        self._session.add(message)
        await self._session.flush()
        conversation.last_inbound_at = conversation.last_message_at = at
        conversation.last_inbound_id = message.provider_id
        conversation.last_message_text = said[:200]
        lines = [f"Cliente: {said}"]
        for number, say in enumerate(replies, start=1):
            outbound = render(say, "es")
            await write(
                self._session,
                self._desk.gateway,
                conversation,
                outbound,
                key=f"turn:{message.id}:{number}",
                author="bot",
                now=at + timedelta(seconds=1),
            )
            lines.append(f"Help Care: {outbound.text}")
        record_interaction(
            self._session,
            key=f"turn:{message.id}",
            conversation=conversation,
            contact=self._contact,
            ticket_id=ticket.id if ticket else None,
            direction="inbound",
            subject=f"Conversación por {self._channel}: {said[:120]}",
            description="\n".join(lines),
            now=at,
        )

    async def _agent_says(self, text: str, agent: Agent, at: datetime) -> None:
        conversation = await self._conversation(at)
        if conversation.owner_id not in (None, agent.id):
            return
        self._written += 1
        await conversations.answer(
            self._session,
            self._desk.gateway,
            conversation.id,
            agent.id,
            text,
            key=f"demo-{conversation.id}-{self._written}",
            now=at,
        )

    async def _conversation(self, at: datetime) -> Conversation:
        if self._found is None:
            address = _ADDRESSES[self._channel].format(self._contact.id)
            self._found = Conversation(
                channel=self._channel,
                channel_account=_ACCOUNT,
                thread=address,
                contact_id=self._contact.id,
                address=address,
                last_message_at=at,
                created_at=at,
            )
            self._session.add(self._found)
            self._session.add(
                Identity(
                    contact_id=self._contact.id,
                    channel=self._channel,
                    channel_account=_ACCOUNT,
                    external_id=address,
                    created_at=at,
                )
            )
            contacts.record_consent(
                self._session,
                self._contact,
                consent="granted",
                text_version=NOTICE_VERSION,
                how="continued",
                channel=self._channel,
                message_id=None,
                now=at,
            )
            await self._session.flush()
        return self._found
