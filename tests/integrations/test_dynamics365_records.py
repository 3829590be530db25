"""Our values as rows: bounds and round trips for whatever people write."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.crm import Interaction, Person, TicketSnapshot
from integrations.dynamics365_records import (
    Customer,
    account_filters,
    activity_record,
    case_changes,
    clean,
    contact_filters,
    contact_record,
    is_ours,
    record_id,
    split_stamp,
    utf16_length,
)

ANY_TEXT = st.text(st.characters(), max_size=3000)  # lone surrogates and control characters too
KEY = UUID(int=1)
NOW = datetime(2026, 3, 26, 15, 30, tzinfo=UTC)


@settings(deadline=None)
@given(text=ANY_TEXT, limit=st.integers(1, 300), lines=st.booleans())
def test_clean_text_fits_and_can_be_sent(text: str, limit: int, lines: bool) -> None:
    cleaned = clean(text, limit, lines=lines)

    assert utf16_length(cleaned) <= limit
    assert not [c for c in cleaned if c < " " and c not in "\n\t"]
    assert lines or "\n" not in cleaned
    assert clean(cleaned, limit, lines=lines) == cleaned


def test_short_clean_text_is_unchanged() -> None:
    text = "Señor, ¿cuándo?\n\tGracias 👍🏽"

    assert clean(text, 200) == text


@settings(deadline=None)
@given(title=ANY_TEXT, text=ANY_TEXT, version=st.integers(0, 10**12))
def test_a_case_carries_its_version_and_is_known_as_ours(
    title: str, text: str, version: int
) -> None:
    ticket = TicketSnapshot(
        number="PT-2026-000001",
        version=version,
        person=Person(external_id="1"),
        type="queja",
        title=title,
        description=text,
        status="en_curso",
        priority="media",
        channel="telegram",
        created_at=NOW,
    )
    row = case_changes(ticket)
    body, stamp = split_stamp(row["description"])

    assert stamp is not None
    assert (stamp.version, stamp.status) == (version, "en_curso")
    assert utf16_length(row["description"]) <= 2000
    assert utf16_length(row["title"]) <= 200
    assert is_ours(row, body.replace("\n", "\r\n"), stamp)
    assert not is_ours({**row, "title": "Editado"}, body, stamp)
    assert not is_ours({**row, "prioritycode": 1}, body, stamp)


@settings(deadline=None)
@given(subject=ANY_TEXT, text=ANY_TEXT, channel=st.sampled_from(["email", "whatsapp", "sms"]))
def test_an_activity_fits_its_columns(subject: str, text: str, channel: str) -> None:
    interaction = Interaction(
        key="k",
        person=Person(external_id="1", phone="+573001234567"),
        channel=channel,
        direction="inbound",
        subject=subject,
        description=text,
        occurred_at=NOW,
        conversation_id="7",
    )
    row = activity_record(interaction, KEY, Customer(), None)

    assert utf16_length(row["subject"]) <= 200
    assert channel == "email" or utf16_length(row["description"]) <= 2000
    assert channel != "email" or "<" not in row["description"].replace("<br>", "")
    assert not [name for name in row if name.endswith("@odata.bind")]


@settings(deadline=None)
@given(name=ANY_TEXT, phone=st.text(max_size=30), mail=st.text(max_size=200), nit=ANY_TEXT)
def test_any_person_can_be_looked_up_and_made(name: str, phone: str, mail: str, nit: str) -> None:
    person = Person(external_id="c" * 80, name=name, phone=phone, email=mail, account_nit=nit)
    row = contact_record(person, KEY, None)

    assert 1 <= len(row["lastname"]) <= 50
    assert len(row.get("firstname") or "") <= 50
    for condition in [*contact_filters(person), *account_filters(person)]:
        assert condition.count("'") % 2 == 0


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Ana", None, "Ana"),
        ("Ana Gómez", "Ana", "Gómez"),
        ("Ana Gómez Ruiz", "Ana", "Gómez Ruiz"),
        ("Ana María Gómez Ruiz", "Ana María", "Gómez Ruiz"),
        ("  ", None, "Cliente 8"),
    ],
)
def test_names_are_parted_as_colombians_write_them(name: str, first: str | None, last: str) -> None:
    row = contact_record(Person(external_id="8", name=name), KEY, None)

    assert (row.get("firstname"), row["lastname"]) == (first, last)


def test_keys_of_different_kinds_and_installations_never_meet() -> None:
    parts = [(where, kind) for where in ("a", "b") for kind in ("activity", "contact", "ticket")]

    assert len({record_id(*part, "1") for part in parts}) == 6
    # Rows in customers' organisations hang on these: they may never change.
    key = record_id("help-care", "ticket", "PT-2026-000123")
    assert str(key) == "15a8fd57-77e8-592a-ba95-a11a935fb114"
