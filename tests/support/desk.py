"""A help desk on a real database: contacts, conversations and a clock that the test moves."""

import itertools
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from backend.agents.models import Agent
from backend.contacts.models import Contact
from backend.conversations.models import Conversation, Message
from backend.database import Database
from backend.gateway import Gateway
from backend.outbox.models import OutboxItem
from backend.sla.hours import BusinessHours
from backend.sla.terms import Terms
from backend.surveys import service as surveys
from backend.surveys.models import Survey
from backend.tickets import service as tickets
from backend.tickets.models import Ticket, TicketEvent
from backend.timers.service import fire_due
from bot.channels.webchat import WebChatChannel

TERMS = Terms({"peticion": 15, "incidente": 2, "felicitacion": 15})
ALWAYS = BusinessHours.parse("always", timezone="America/Bogota", country="CO")
LEY_2300 = BusinessHours.parse(
    "mon-fri 07:00-19:00, sat 08:00-15:00", timezone="America/Bogota", country="CO"
)
_numbers = itertools.count(1)
TUESDAY = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)  # ten in the morning in Bogotá


class PaperMail(WebChatChannel):
    """A channel that reaches people, who may be asleep."""

    name = "email"


@dataclass
class Desk:
    """What agents and the worker do, one transaction each."""

    database: Database
    gateway: Gateway = field(default_factory=lambda: Gateway([WebChatChannel(), PaperMail()]))
    now: datetime = TUESDAY
    hours: BusinessHours = ALWAYS
    cooldown: timedelta = timedelta(0)

    @asynccontextmanager
    async def ticket(self, number):
        async with self.database.transaction() as session:
            yield session, await tickets.by_number(session, number)

    async def agent(self, name="Ana Ruiz", *, active=True) -> int:
        async with self.database.transaction() as session:
            agent = Agent(
                email=f"agent{next(_numbers)}@help.example",
                name=name,
                role="agent",
                password_hash="-",
                active=active,
                created_at=self.now,
            )
            session.add(agent)
            await session.flush()
            return agent.id

    async def conversation(self, channel="webchat", contact_id=None, **contact_values) -> int:
        async with self.database.transaction() as session:
            if contact_id is None:
                contact = Contact(
                    **{"name": "Luz Marina", "consent": "granted", "created_at": self.now}
                    | contact_values
                )
                session.add(contact)
                await session.flush()
                contact_id = contact.id
            n = next(_numbers)
            conversation = Conversation(
                channel=channel,
                channel_account="main",
                thread=f"thread-{n}",
                contact_id=contact_id,
                address=f"address-{n}",
                last_inbound_at=self.now,
                last_message_at=self.now,
                created_at=self.now,
            )
            session.add(conversation)
            await session.flush()
            return conversation.id

    async def open(self, conversation_id=None, *, kind="incidente", title="No abre SAP") -> str:
        """A ticket as the dialogue opens it; its number."""
        conversation_id = conversation_id or await self.conversation()
        async with self.database.transaction() as session:
            conversation = await session.get_one(Conversation, conversation_id)
            ticket = await tickets.open_ticket(
                session,
                type=kind,
                title=title,
                description="Desde ayer no abre SAP en Bogotá",
                slots={"servicio": "SAP"},
                urgency="media",
                contact=await session.get_one(Contact, conversation.contact_id),
                conversation=conversation,
                channel=conversation.channel,
                terms=TERMS,
                now=self.now,
            )
            return ticket.number

    async def resolve(self, number, *, agent_id=None, reason="Se reinició el servicio", **more):
        async with self.ticket(number) as (session, ticket):
            await tickets.resolve(
                session,
                ticket,
                reason=reason,
                agent_id=agent_id,
                gateway=self.gateway,
                now=self.now,
                survey_delay=timedelta(seconds=60),
                close_after=timedelta(days=5),
                **more,
            )

    async def reopen(self, number, *, actor="client", gateway=None):
        async with self.ticket(number) as (session, ticket):
            await tickets.reopen(
                session, ticket, reason="Sigue fallando", actor=actor, gateway=gateway, now=self.now
            )

    async def fire(self, *, after=timedelta(0)) -> int:
        """Let time pass, then run the worker's timers."""
        self.now += after
        rules = surveys.SurveyRules(self.hours, cooldown=self.cooldown)

        async def survey(session, payload, now):
            await surveys.send_due(session, self.gateway, payload["survey_id"], now, rules=rules)

        async def expire(session, payload, now):
            await surveys.expire(session, payload["survey_id"], now)

        async def close(session, payload, now):
            await tickets.close_due(session, payload["number"], payload["cycle"], now)

        handlers = {surveys.SURVEY: survey, surveys.EXPIRE: expire, tickets.CLOSE: close}
        return await fire_due(self.database, handlers, now=self.now, limit=100)

    async def answer(self, survey_id, *, score=None, comment=None, finished=False):
        async with self.database.transaction() as session:
            survey = await session.get_one(Survey, survey_id)
            await surveys.record_answer(
                session,
                survey_id,
                contact_id=survey.contact_id,
                score=score,
                comment=comment,
                raw=str(score or comment or ""),
                finished=finished,
                now=self.now,
            )

    # --- what is there ----------------------------------------------------------------------

    async def read(self, number) -> Ticket:
        async with self.ticket(number) as (_, ticket):
            return ticket

    async def events(self, number) -> list[TicketEvent]:
        async with self.ticket(number) as (session, ticket):
            return await self._all(session, TicketEvent, TicketEvent.ticket_id == ticket.id)

    async def surveys(self, number) -> list[Survey]:
        async with self.ticket(number) as (session, ticket):
            return await self._all(session, Survey, Survey.ticket_id == ticket.id)

    async def texts(self, conversation_id=None) -> list[str]:
        """What was written to clients, oldest first."""
        return [message.text for message in await self.messages(conversation_id)]

    async def messages(self, conversation_id=None) -> list[Message]:
        async with self.database.transaction() as session:
            here = [Message.conversation_id == conversation_id] if conversation_id else []
            return await self._all(session, Message, *here)

    async def outbox(self, lane=None) -> list[OutboxItem]:
        async with self.database.transaction() as session:
            return await self._all(
                session, OutboxItem, *([OutboxItem.lane == lane] if lane else [])
            )

    @staticmethod
    async def _all(session, model, *where):
        return list(
            (await session.execute(select(model).where(*where).order_by(model.id))).scalars()
        )
