"""Accounts as ``/api/v1`` takes and gives them."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from backend.accounts.nit import checked_nit
from backend.api_fields import Body, Line, Record, Search
from backend.paging import PageQuery

Nit = Annotated[Line, AfterValidator(checked_nit)]
Email = Annotated[Line, Field(pattern=r"^[^@\s]+@[^@\s]+$")]
Names = Annotated[list[Line], Field(max_length=100)]


class AccountQuery(PageQuery):
    """``q`` is a part of the name or the NIT."""

    q: Search = ""


class NewAccount(Body):
    name: Line
    nit: Nit | None = None
    farmer_name: Line | None = None
    farmer_email: Email | None = None
    services: Names = Field(default_factory=list)
    projects: Names = Field(default_factory=list)
    contracts: Names = Field(default_factory=list)


class AccountPatch(Body):
    name: Line | None = None
    nit: Nit | None = None
    farmer_name: Line | None = None
    farmer_email: Email | None = None
    services: Names | None = None
    projects: Names | None = None
    contracts: Names | None = None


class AccountRecord(Record):
    id: int
    name: str
    nit: str | None
    farmer_name: str | None
    farmer_email: str | None
    services: list[str]
    projects: list[str]
    contracts: list[str]
    created_at: datetime


class TimelineEntry(Record):
    """One exchange; ``crm_reference`` once the CRM has it."""

    id: int
    at: datetime
    contact_id: int
    conversation_id: int
    ticket_number: str | None
    channel: str
    direction: str
    subject: str
    description: str
    crm_reference: str | None
