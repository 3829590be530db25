"""People, interactions and tickets, and the organisations to log them to."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
import pytest_asyncio
from support.dataverse_organisations import crm_of, with_cases
from support.dataverse_server import DataverseServer

from integrations.crm import Interaction, Person, TicketSnapshot
from integrations.dynamics365 import Dynamics365Crm


@pytest.fixture
def person() -> Person:
    return Person(
        external_id="c-17",
        name="Ana María Gómez Ruiz",
        email="ana.o'neil@cliente.example",
        phone="+573001234567",
        account_name="D'Acosta & Hijos S.A.S.",
        account_nit="900123456-7",
    )


@pytest.fixture
def interaction(person: Person) -> Interaction:
    return Interaction(
        key="message:1",
        person=person,
        channel="whatsapp",
        direction="inbound",
        subject="No puedo facturar",
        description="Buenos días, no puedo facturar desde ayer 😟",
        occurred_at=datetime(2026, 3, 26, 15, 30, tzinfo=UTC),
        conversation_id="42",
    )


@pytest.fixture
def ticket(person: Person) -> TicketSnapshot:
    return TicketSnapshot(
        number="PT-2026-000123",
        version=1,
        person=person,
        type="incidente",
        title="No puedo facturar",
        description="Desde ayer el portal de facturación no abre.",
        status="nuevo",
        priority="alta",
        channel="whatsapp",
        created_at=datetime(2026, 3, 26, 15, 30, tzinfo=UTC),
    )


@pytest.fixture
def dataverse() -> DataverseServer:
    """An organisation with the Service solution."""
    return with_cases()


@pytest_asyncio.fixture
async def crm(dataverse: DataverseServer) -> AsyncIterator[Dynamics365Crm]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(dataverse.app)) as http:
        yield crm_of(http)
