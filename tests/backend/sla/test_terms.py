from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.sla.terms import Terms, due_date

BOGOTA = ZoneInfo("America/Bogota")

GOLDEN = {
    "2026-03-26": {5: "2026-04-06", 10: "2026-04-13", 15: "2026-04-20", 30: "2026-05-12"},
    "2026-06-30": {5: "2026-07-07", 10: "2026-07-15", 15: "2026-07-23", 30: "2026-08-14"},
    "2026-07-10": {5: "2026-07-21", 10: "2026-07-28", 15: "2026-08-04", 30: "2026-08-27"},
    "2026-12-23": {5: "2026-12-31", 10: "2027-01-08", 15: "2027-01-18", 30: "2027-02-08"},
}


@pytest.mark.parametrize(
    ("received", "days", "due"),
    [(day, days, due) for day, row in GOLDEN.items() for days, due in row.items()],
)
@pytest.mark.parametrize("hour", ["00:00:00", "12:30:00", "23:59:59"])
def test_golden_deadlines(received: str, days: int, due: str, hour: str):
    moment = datetime.fromisoformat(f"{received}T{hour}").replace(tzinfo=BOGOTA)
    assert due_date(moment, days).astimezone(BOGOTA).isoformat() == f"{due}T23:59:59-05:00"


# --- an independent computation of the Colombian calendar -----------------------------------


def easter(year: int) -> date:
    """Gauss's method."""
    a, b, c = year % 19, year % 4, year % 7
    k = year // 100
    m = (15 - (13 + 8 * k) // 25 + k - k // 4) % 30
    n = (4 + k - k // 4) % 7
    d = (19 * a + m) % 30
    e = (2 * b + 4 * c + 6 * d + n) % 7
    if d == 29 and e == 6:
        return date(year, 4, 19)
    if d == 28 and e == 6 and (11 * m + 11) % 30 < 19:
        return date(year, 4, 18)
    return date(year, 3, 22) + timedelta(days=d + e)


def free_days(year: int) -> set[date]:
    fixed = [(1, 1), (5, 1), (7, 20), (8, 7), (12, 8), (12, 25)]
    moved = [(1, 6), (3, 19), (6, 29), (8, 15), (10, 12), (11, 1), (11, 11)]
    if year >= 2026:
        moved.append((7, 9))  # Ley 2578
    days = {date(year, month, day) for month, day in fixed}
    for month, day in moved:
        on = date(year, month, day)
        days.add(on + timedelta(days=-on.weekday() % 7))
    return days | {easter(year) + timedelta(days=offset) for offset in (-3, -2, 43, 64, 71)}


def naive_due_day(received: datetime, n: int) -> date:
    start = (received - timedelta(hours=5)).date()
    following = (start + timedelta(days=i) for i in range(1, 400))
    working = [d for d in following if d.isoweekday() < 6 and d not in free_days(d.year)]
    return working[n - 1]


def test_the_oracle_has_19_holidays_from_2026():
    assert date(2026, 7, 13) in free_days(2026)
    assert date(2027, 7, 12) in free_days(2027)
    assert len(free_days(2027)) == 19


@given(
    st.integers(1_577_836_800, 2_208_988_800).map(lambda s: datetime.fromtimestamp(s, UTC)),
    st.integers(1, 60),
)
def test_every_term_agrees_with_the_naive_count(received: datetime, days: int):
    due = due_date(received, days)
    assert due.utcoffset() == timedelta(0)
    local = due.astimezone(BOGOTA)
    assert local.date() == naive_due_day(received, days)
    assert (local.hour, local.minute, local.second) == (23, 59, 59)


def test_a_term_of_no_days_lasts_the_day_and_a_negative_one_is_refused():
    sunday = datetime(2026, 11, 29, 15, tzinfo=UTC)
    assert due_date(sunday, 0).astimezone(BOGOTA).date() == date(2026, 11, 29)
    with pytest.raises(ValueError, match="-1"):
        due_date(sunday, -1)


def test_terms_by_type():
    terms = Terms({"peticion": 15, "habeas_data": 10})
    received = datetime(2026, 3, 26, 15, tzinfo=UTC)
    assert terms.due("peticion", received) == due_date(received, 15)
    assert terms.due("incidente", received) is None
    assert terms.due_by_type(received) == {
        "peticion": due_date(received, 15),
        "habeas_data": due_date(received, 10),
    }
