"""``helpcare demo``: a month in the life of a support desk, played through the real services.

Each story waits for its next moment; all are played in the order of time until now, so that the
newest are still under way. Nothing of it ever leaves: what the services queue is marked as sent
in the same transaction.
"""

import heapq
import random
import tomllib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from importlib import resources
from typing import Any, Protocol

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.models import Account
from backend.accounts.nit import check_digit
from backend.agents import passwords
from backend.agents.models import Agent
from backend.agents.service import FIRST_ADMIN, create_first_admin
from backend.clock import Clock
from backend.contacts.models import Contact
from backend.database import Database
from backend.demo_desk import DemoDesk
from backend.problems import Conflict
from backend.sla.hours import BusinessHours
from backend.sla.terms import Terms
from backend.surveys.models import Survey
from backend.surveys.service import SURVEY
from backend.tickets.models import Ticket
from backend.timers.models import Timer

DAYS = 30
STORIES = 64
_AGENTS = ("Andrés Galvis", "Natalia Cano", "Julián Ríos", "Tatiana Herrera")
_CHANNELS = ("whatsapp", "whatsapp", "whatsapp", "webchat", "telegram", "email")
_SEED = 20  # the same desk each time


class Parts(Protocol):
    """What of the runtime the demo needs."""

    @property
    def database(self) -> Database: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def hours(self) -> BusinessHours: ...
    @property
    def terms(self) -> Terms: ...


async def load(parts: Parts) -> str:
    """Fill an empty installation; says what is there now. :class:`Conflict` if it is not empty."""
    now = parts.clock()
    data = tomllib.loads(resources.files("backend").joinpath("demo_data.toml").read_text("utf-8"))
    dice = random.Random(_SEED)  # noqa: S311  invents stories, not secrets
    async with parts.database.transaction() as session:
        if await session.scalar(select(func.count()).select_from(Contact)):
            raise Conflict("There is data already: the demo fills an empty installation only")
        password = await create_first_admin(session, now=now)
        desk = DemoDesk(session, data, parts.hours, parts.terms, dice)
        begin = now - timedelta(days=DAYS)
        agents = await _agents(session, begin)
        people = await _people(session, data, begin)
        # some are still under way, and the last begin so late that nobody has taken them up yet
        starts = sorted(begin + timedelta(days=DAYS) * dice.random() ** 0.8 for _ in range(STORIES))
        starts[-13:] = [now - timedelta(hours=h) for h in (52, 47, 30, 28, 27, 25, 24, 6, 5, 4)] + [
            now - timedelta(minutes=m) for m in (50, 25, 8)
        ]
        await _play(
            desk,
            now,
            [
                _Story(desk, dice, people[n % len(people)], data["stories"], agents)
                .told(start if start > now - timedelta(hours=1) else desk.at_work(start))
                for n, start in enumerate(starts)
            ],
        )  # fmt: skip
        await _nothing_follows(session, now)
        summary = await _summary(session)
    if password is None:
        return summary
    return f"{summary} Sign in as {FIRST_ADMIN} with the one-time password {password}"


async def _play(desk: DemoDesk, now: datetime, stories: list[AsyncIterator[datetime]]) -> None:
    """Run all stories in step, each up to its first moment after ``now``."""
    waiting = [(await anext(story), n, story) for n, story in enumerate(stories)]
    heapq.heapify(waiting)
    while waiting:
        at, n, story = heapq.heappop(waiting)
        if at > now:
            break
        following = await anext(story, None)
        await desk.all_sent()
        if following is not None:
            heapq.heappush(waiting, (following, n, story))


class _Story:
    """One matter of one client, from the first message to the closing."""

    def __init__(
        self,
        desk: DemoDesk,
        dice: random.Random,
        person: tuple[Contact, Account, str],
        plots: list[dict[str, Any]],
        agents: list[Agent],
    ) -> None:
        contact, account, channel = person
        self._desk, self._dice = desk, dice
        self._agent = dice.choice(agents)
        self._plot, self._service = dice.choice(
            [
                (plot, service)
                for plot in plots
                for service in account.services
                if any(word in service for word in plot.get("fits", [""]))
            ]
        )
        self._client = desk.client(contact, channel)

    def _later(self, at: datetime, least: float, most: float) -> datetime:
        """Some hours on, when the desk is at work."""
        return self._desk.at_work(at + timedelta(hours=self._dice.uniform(least, most)))

    async def told(self, at: datetime) -> AsyncIterator[datetime]:
        """Each value is the moment at which the story goes on."""
        dice, client, plot = self._dice, self._client, self._plot
        yield at
        said = plot["says"].format(service=self._service)
        title = plot["title"].format(service=self._service)
        number = await client.reports(said, title, plot, self._service, at)
        if dice.random() < 0.12:
            yield (at := at + timedelta(minutes=2))
            await client.asks_for_a_person(at)
        yield (at := self._later(at, 0.2, 5))
        await client.is_taken_up(number, self._agent, at)
        if dice.random() < 0.5:
            yield (at := self._later(at, 0.3, 4))
            await client.is_asked(number, plot["question"], self._agent, at)
            yield (at := self._later(at, 0.5, 30))
            await client.answers(number, plot["answers"], at)
        while True:
            yield (at := self._later(at, 1, 70 if plot["type"] != "incidente" else 20))
            await client.is_helped(number, plot["solution"], self._agent, at)
            yield (at := self._desk.may_ask(at + timedelta(minutes=1)))
            survey = await client.is_surveyed(number, at)
            if survey and dice.random() < 0.7:
                yield (at := at + timedelta(minutes=dice.uniform(1, 240)))
                await client.rates(survey, at)
            if dice.random() > 0.12:
                break
            yield (at := self._later(at, 2, 40))
            await client.complains(number, at)
        yield (at := at + timedelta(days=5))
        await client.hears_no_more(number, at)


async def _agents(session: AsyncSession, now: datetime) -> list[Agent]:
    nobody_knows = await passwords.hashed(passwords.one_time())
    agents = [
        Agent(
            email=f"{name.split()[0].lower().replace('é', 'e').replace('á', 'a')}@demo.example",
            name=name,
            role="agent",
            password_hash=nobody_knows,
            created_at=now,
        )
        for name in _AGENTS
    ]
    session.add_all(agents)
    await session.flush()
    return agents


async def _people(
    session: AsyncSession, data: dict[str, Any], now: datetime
) -> list[tuple[Contact, Account, str]]:
    people: list[tuple[Contact, Account, str]] = []
    for row in data["accounts"]:
        account = Account(
            name=row["name"],
            nit=f"{row['nit']}-{check_digit(row['nit'])}",
            farmer_name=row["farmer"],
            services=row["services"],
            created_at=now,
        )
        session.add(account)
        await session.flush()
        for name in row["people"]:
            channel = _CHANNELS[len(people) % len(_CHANNELS)]
            contact = Contact(name=name, account_id=account.id, consent="granted", created_at=now)
            contact.email = f"persona{len(people) + 1}@{row['domain']}"
            session.add(contact)
            people.append((contact, account, channel))
    await session.flush()
    return people


async def _nothing_follows(session: AsyncSession, now: datetime) -> None:
    """No survey is asked by a real timer later."""
    await session.execute(update(Timer).where(Timer.kind == SURVEY).values(fired_at=now))
    await session.execute(
        update(Survey)
        .where(Survey.state == "planned")
        .values(state="suppressed", reason="datos de ejemplo", finished_at=now)
    )


async def _summary(session: AsyncSession) -> str:
    counts = [
        await session.scalar(select(func.count()).select_from(table))
        for table in (Account, Contact, Ticket, Survey)
    ]
    accounts, contacts, tickets, surveys = counts
    return (
        f"Loaded {accounts} accounts, {contacts} contacts, {tickets} tickets and {surveys} surveys "
        f"of the last {DAYS} days; nothing was sent to anybody."
    )
