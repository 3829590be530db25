from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.sla.hours import BusinessHours

BOGOTA = ZoneInfo("America/Bogota")
OFFICE = BusinessHours.parse(
    "mon-fri 08:00-12:00 14:00-18:00, sat 08:00-12:00", timezone="America/Bogota", country="CO"
)
LEY_2300 = BusinessHours.parse(
    "mon-fri 07:00-19:00, sat 08:00-15:00", timezone="America/Bogota", country="CO"
)


def bogota(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BOGOTA).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "opening"),
    [
        ("2026-11-24T08:00:00", "2026-11-24T08:00:00"),  # Tuesday, the first minute
        ("2026-11-24T07:59:59", "2026-11-24T08:00:00"),
        ("2026-11-24T12:00:00", "2026-11-24T14:00:00"),  # lunch begins
        ("2026-11-24T18:00:00", "2026-11-25T08:00:00"),
        ("2026-11-28T11:59:00", "2026-11-28T11:59:00"),  # Saturday
        ("2026-11-28T12:00:00", "2026-11-30T08:00:00"),  # to Monday
        ("2026-11-16T10:00:00", "2026-11-17T08:00:00"),  # Monday, Independencia de Cartagena
        ("2026-07-11T13:00:00", "2026-07-14T08:00:00"),  # Ley 2578: Monday 13 July 2026
        ("2026-04-01T19:00:00", "2026-04-04T08:00:00"),  # Maundy Thursday and Good Friday
    ],
)
def test_next_opening(moment: str, opening: str):
    assert OFFICE.next_opening(bogota(moment)) == bogota(opening)
    assert OFFICE.is_open(bogota(moment)) == (moment == opening)


@pytest.mark.parametrize(
    ("moment", "allowed"),
    [
        ("2026-11-24T07:00:00", True),
        ("2026-11-24T18:59:59", True),
        ("2026-11-24T19:00:00", False),
        ("2026-11-28T07:30:00", False),  # Saturdays from eight
        ("2026-11-28T14:59:00", True),
        ("2026-11-29T10:00:00", False),  # Sunday
        ("2026-12-08T10:00:00", False),  # Inmaculada, a Tuesday
    ],
)
def test_contact_hours_of_ley_2300(moment: str, allowed: bool):
    assert LEY_2300.is_open(bogota(moment)) is allowed


def test_always_is_open_on_a_holiday_night():
    always = BusinessHours.parse(" Always ", timezone="America/Bogota", country="CO")
    night = bogota("2026-12-25T03:00:00")
    assert always.is_open(night)
    assert always.next_opening(night) == night


def test_midnight_to_midnight_is_one_day():
    sunday = BusinessHours.parse("sun 00:00-24:00", timezone="America/Bogota", country="CO")
    assert sunday.is_open(bogota("2026-11-29T23:59:59"))
    assert not sunday.is_open(bogota("2026-11-30T00:00:00"))


def test_daylight_saving_keeps_the_wall_clock():
    berlin = BusinessHours.parse("mon-sun 08:00-18:00", timezone="Europe/Berlin", country="")
    winter, summer = datetime(2026, 3, 28, 3, tzinfo=UTC), datetime(2026, 3, 29, 3, tzinfo=UTC)
    assert berlin.next_opening(winter) == datetime(2026, 3, 28, 7, tzinfo=UTC)
    assert berlin.next_opening(summer) == datetime(2026, 3, 29, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mon",
        "lun-vie 08:00-18:00",
        "mon-fri 8-18",
        "mon-fri 18:00-08:00",
        "mon-fri 08:00-12:00 11:00-18:00",
        "fri-mon 08:00-12:00",
        "mon-fri 08:00-25:00",
        "mon-fri 08:00-24:30",
        "mon-fri 08:00-18:00, fri 08:00-12:00",
        "mon-fri 08:00-18:00,",
    ],
)
def test_a_week_that_makes_no_sense_is_refused(text: str):
    with pytest.raises(ValueError, match=r"\S"):
        BusinessHours.parse(text, timezone="America/Bogota", country="CO")


@given(st.integers(1_577_836_800, 2_051_222_400).map(lambda s: datetime.fromtimestamp(s, UTC)))
def test_the_next_opening_is_open_and_nothing_before_it_is(moment: datetime):
    opening = OFFICE.next_opening(moment)
    assert moment <= opening <= moment + timedelta(days=8)
    assert OFFICE.is_open(opening)
    probe = moment
    while probe < opening:
        assert not OFFICE.is_open(probe)
        probe += timedelta(hours=1, minutes=7)
