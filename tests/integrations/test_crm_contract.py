"""What every CRM promises, over each of them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio
from support.dataverse_organisations import crm_of, with_cases, without_cases
from support.dataverse_server import DataverseServer

from integrations.console_crm import ConsoleCrm
from integrations.crm import Crm, Interaction, TicketSnapshot


@dataclass
class Subject:
    """A CRM and how to see its activities' subjects and its cases' titles, ended or not."""

    crm: Crm
    activities: Callable[[], list[str]]
    cases: Callable[[], list[tuple[str, bool]]] | None


def _on_console() -> Subject:
    crm = ConsoleCrm()
    ended = {"resuelto", "cerrado"}
    return Subject(
        crm,
        lambda: [i.subject for i in crm.interactions],
        lambda: [(t.title, t.status in ended) for t in crm.tickets],
    )


def _on_dynamics(server: DataverseServer, http: httpx.AsyncClient, *, cases: bool) -> Subject:
    return Subject(
        crm_of(http),
        lambda: [row["subject"] for row in server.rows("phonecalls") + server.rows("emails")],
        (lambda: [(row["title"], row["statecode"] == 1) for row in server.rows("incidents")])
        if cases
        else None,
    )


@pytest_asyncio.fixture(params=["console", "dynamics", "dynamics without cases"])
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    if request.param == "console":
        yield _on_console()
        return
    cases = request.param == "dynamics"
    server = with_cases() if cases else without_cases()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(server.app)) as http:
        yield _on_dynamics(server, http, cases=cases)


async def test_an_interaction_logged_twice_is_one_activity(
    subject: Subject, interaction: Interaction
) -> None:
    first = await subject.crm.log_interaction(interaction)
    again = await subject.crm.log_interaction(interaction)

    assert first == again
    (logged,) = subject.activities()
    assert interaction.subject in logged


async def test_ten_at_once_with_the_same_key_are_one_activity(
    subject: Subject, interaction: Interaction
) -> None:
    calls = (subject.crm.log_interaction(interaction) for _ in range(10))

    assert len(set(await asyncio.gather(*calls))) == 1
    assert len(subject.activities()) == 1


@pytest.mark.parametrize("channel", ["whatsapp", "telegram", "email", "webchat"])
@pytest.mark.parametrize("direction", ["inbound", "outbound"])
async def test_each_key_is_an_activity_of_its_own(
    subject: Subject, interaction: Interaction, channel: str, direction: str
) -> None:
    update = {"channel": channel, "direction": direction}
    for number in range(3):
        await subject.crm.log_interaction(
            interaction.model_copy(update={**update, "key": f"message:{number}"})
        )

    assert len(subject.activities()) == 3


async def test_a_ticket_is_one_case_that_follows_it(
    subject: Subject, ticket: TicketSnapshot
) -> None:
    first = await subject.crm.sync_ticket(ticket)
    resolved = ticket.model_copy(update={"version": 2, "status": "resuelto"})
    again = await subject.crm.sync_ticket(resolved)

    if subject.cases is None:
        assert first is again is None
        return
    assert first == again is not None
    ((title, ended),) = subject.cases()
    assert ticket.title in title
    assert ended


async def test_an_older_snapshot_never_overwrites_a_newer(
    subject: Subject, ticket: TicketSnapshot
) -> None:
    newer = ticket.model_copy(update={"version": 3, "title": "Factura ya"})
    older = ticket.model_copy(update={"version": 2, "title": "Vieja", "status": "resuelto"})
    await subject.crm.sync_ticket(newer)
    await subject.crm.sync_ticket(older)

    if subject.cases is not None:
        ((title, ended),) = subject.cases()
        assert "Factura ya" in title
        assert not ended


async def test_a_reopened_ticket_is_open_there_too(
    subject: Subject, ticket: TicketSnapshot
) -> None:
    for version, status in enumerate(["nuevo", "resuelto", "en_curso"], start=1):
        snapshot = ticket.model_copy(update={"version": version, "status": status})
        await subject.crm.sync_ticket(snapshot)
        await subject.crm.sync_ticket(snapshot)

    if subject.cases is not None:
        ((_, ended),) = subject.cases()
        assert not ended


async def test_the_check_says_what_is_there(subject: Subject) -> None:
    assert await subject.crm.check()
    await subject.crm.aclose()
