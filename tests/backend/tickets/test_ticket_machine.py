"""Any order of what agents, clients and time do to one ticket keeps its promises."""

import asyncio
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import select
from support.desk import Desk
from support.servers import drop_database, fresh_database

from backend.database import Database
from backend.outbox.models import OutboxItem
from backend.problems import Conflict
from backend.surveys.models import Survey
from backend.tickets import service as tickets
from backend.tickets.lifecycle import OPEN, replay
from backend.tickets.models import Ticket, TicketEvent
from backend.timers.models import Timer


class TicketMachine(RuleBasedStateMachine):
    """One client with one ticket; a refused command must change nothing."""

    def __init__(self, database, runner):
        super().__init__()
        self.run = runner.run
        self.desk = Desk(database)
        self.conversation_id = self.run(self.desk.conversation())
        self.number = self.run(self.desk.open(self.conversation_id))
        self.version = 0

    def attempt(self, work):
        async def tried():
            try:
                await work
            except Conflict:
                return False
            return True

        return self.run(tried())

    @rule()
    def resolve(self):
        self.attempt(self.desk.resolve(self.number))

    @rule(by_agent=st.booleans())
    def reopen(self, by_agent):
        actor, gateway = ("agent", self.desk.gateway) if by_agent else ("client", None)
        self.attempt(self.desk.reopen(self.number, actor=actor, gateway=gateway))

    @rule(by_agent=st.booleans())
    def close(self, by_agent):
        async def work():
            async with self.desk.ticket(self.number) as (session, ticket):
                await tickets.close(
                    session,
                    ticket,
                    reason="Listo",
                    actor="agent" if by_agent else "client",
                    gateway=self.desk.gateway if by_agent else None,
                    now=self.desk.now,
                )

        self.attempt(work())

    @rule(status=st.sampled_from(["en_curso", "en_espera_del_cliente"]))
    def set_status(self, status):
        async def work():
            async with self.desk.ticket(self.number) as (session, ticket):
                await tickets.set_status(
                    session,
                    ticket,
                    status,
                    note="¿Qué versión?",
                    agent_id=None,
                    gateway=self.desk.gateway,
                    now=self.desk.now,
                )

        self.attempt(work())

    @rule()
    def client_adds(self):
        async def work():
            async with self.desk.ticket(self.number) as (session, ticket):
                await tickets.add_information(
                    session, ticket, "Y además…", actor="client", now=self.desk.now
                )

        assert self.attempt(work())

    @rule(score=st.integers(1, 5), finished=st.booleans())
    def answer(self, score, finished):
        for survey in self.run(self.desk.surveys(self.number)):
            self.attempt(self.desk.answer(survey.id, score=score, finished=finished))

    @rule(
        after=st.sampled_from(
            [timedelta(seconds=30), timedelta(minutes=2), timedelta(days=3), timedelta(days=6)]
        )
    )
    def time_passes(self, after):
        self.run(self.desk.fire(after=after))

    @rule()
    def the_outbox_leaves(self):
        async def work():
            async with self.desk.database.transaction() as session:
                queued = select(OutboxItem).where(OutboxItem.state == "queued")
                for item in (await session.execute(queued)).scalars():
                    item.state = "sent"

        self.run(work())

    @invariant()
    def promises_hold(self):
        ticket, events, surveys, timers, questions = self.run(self.everything())
        derived = replay((event.kind, event.data) for event in events)
        assert (derived.status, derived.cycle, derived.version, derived.assignee_id) == (
            ticket.status,
            ticket.cycle,
            ticket.version,
            ticket.assignee_id,
        )
        assert ticket.version >= self.version
        self.version = ticket.version
        cycles = [survey.cycle for survey in surveys]
        assert len(cycles) == len(set(cycles))
        for survey in surveys:
            if survey.cycle < ticket.cycle:
                assert survey.state not in ("planned", "sent")
            question = questions.get(survey.id)
            if survey.state in ("sent", "answered", "expired"):
                assert question is not None
            if survey.state == "cancelled" and question is not None:
                assert question.created_at <= survey.finished_at
        assert set(questions) <= {survey.id for survey in surveys}
        if ticket.status in OPEN:
            assert (ticket.resolved_at, ticket.closed_at) == (None, None)
            assert not [t for t in timers if t.kind == "close_ticket" and t.fired_at is None]
        if ticket.status == "resuelto":
            assert [t.key for t in timers if t.kind == "close_ticket" and t.fired_at is None] == [
                f"{ticket.number}:{ticket.cycle}"
            ]

    async def everything(self):
        async with self.desk.database.transaction() as session:
            ticket = (await session.scalars(select(Ticket).filter_by(number=self.number))).one()
            events = await session.scalars(
                select(TicketEvent).filter_by(ticket_id=ticket.id).order_by(TicketEvent.id)
            )
            surveys = (await session.scalars(select(Survey).filter_by(ticket_id=ticket.id))).all()
            mine = [f"{ticket.number}:{cycle}" for cycle in range(1, ticket.cycle + 1)]
            timers = await session.scalars(select(Timer).where(Timer.key.in_(mine)))
            sent = await session.scalars(
                select(OutboxItem).where(OutboxItem.key.in_([f"survey:{s.id}:1" for s in surveys]))
            )
            questions = {int(item.key.split(":")[1]): item for item in sent}
            return ticket, list(events), list(surveys), list(timers), questions


def test_any_order_of_events(template_url):
    url = fresh_database(template_url)
    with asyncio.Runner() as runner:
        database = Database(url, pool_size=3)
        try:
            run_state_machine_as_test(
                lambda: TicketMachine(database, runner),
                settings=settings(
                    max_examples=12,
                    stateful_step_count=15,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(database.dispose())
            drop_database(url)
