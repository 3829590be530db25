"""Contacts as ``/api/v1`` takes and gives them."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from backend.api_fields import Body, Id, Line, Record, Search
from backend.paging import PageQuery
from nlp.understanding import Language


class ContactQuery(PageQuery):
    """``q`` is a part of the name, the e-mail or the phone."""

    account_id: Id | None = None
    q: Search = ""


class ContactPatch(Body):
    """``account_id`` null takes the contact out of its account."""

    account_id: Id | None = None
    name: Line | None = None
    email: Annotated[Line, Field(pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    phone: Annotated[str, Field(pattern=r"^\+[1-9]\d{6,14}$")] | None = None
    language: Language | None = None


class IdentityRecord(Record):
    channel: str
    external_id: str
    created_at: datetime


class ContactRecord(Record):
    id: int
    name: str | None
    phone: str | None
    email: str | None
    language: str
    consent: str
    opted_out_at: datetime | None
    account_id: int | None
    created_at: datetime


class ContactDetail(ContactRecord):
    identities: list[IdentityRecord]
