"""Days and stretches of days, and the sums that are done with them."""

import calendar
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache

import holidays

Stretch = tuple[date, date]  # first and last day
MONTHS_OF = {"month": 1, "bimonth": 2, "quarter": 3, "third": 4, "half": 6, "year": 12}


@dataclass(frozen=True, slots=True)
class Days:
    """A day or days that are known, both ends included."""

    first: date
    last: date
    unit: str = "day"
    confidence: float = 0.95
    moment: datetime | None = None  # exact, as in "hace 2 horas"
    part: str | None = None  # of the day, as in "anoche"


@dataclass(frozen=True, slots=True)
class Loose:
    """Days that come again: "el lunes", "el 3 de mayo"; ``occurrence(0)`` is the one of now."""

    occurrence: Callable[[int], Stretch | None]
    unit: str = "day"
    confidence: float = 0.9
    reach: int = 2  # how many occurrences to look at on both sides
    part: str | None = None

    def _known(self, stretch: Stretch) -> Days:
        return Days(*stretch, self.unit, self.confidence, part=self.part)

    def near(self, anchor: date, *, ahead: bool) -> Days | None:
        """The first that ends on ``anchor`` or later, or the last that begins on it or before."""
        found = [s for k in range(-self.reach, self.reach + 1) if (s := self.occurrence(k))]
        if ahead:
            return next((self._known(s) for s in found if s[1] >= anchor), None)
        return next((self._known(s) for s in reversed(found) if s[0] <= anchor), None)


def make(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def full_year(written: int) -> int:
    return written if written >= 100 else written + (2000 if written < 70 else 1900)


def add_months(day: date, months: int) -> date:
    """The same day of another month, or the last one of it; the calendar ends in 9999."""
    index = min(max(day.year * 12 + day.month - 1 + months, 12), 9998 * 12)
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def add_days(day: date, days: int) -> date:
    return day + timedelta(days=max(-300_000, min(300_000, days)))


def shift(day: date, unit: str, count: int) -> date:
    """``count`` units later (earlier if negative)."""
    if unit in MONTHS_OF:
        return add_months(day, count * MONTHS_OF[unit])
    return add_days(day, count * {"day": 1, "week": 7, "weekend": 7, "fortnight": 15}[unit])


def month_span(year: int, month: int) -> Stretch:
    return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])


def unit_span(unit: str, day: date) -> Stretch:
    """The week, weekend, fortnight, month … that ``day`` is in."""
    if unit == "day":
        return day, day
    if unit in {"week", "weekend"}:
        monday = day - timedelta(days=day.weekday())
        return monday + timedelta(days=5 if unit == "weekend" else 0), monday + timedelta(days=6)
    if unit == "fortnight":
        first, last = month_span(day.year, day.month)
        return (first, first.replace(day=15)) if day.day <= 15 else (first.replace(day=16), last)
    months = MONTHS_OF[unit]
    first = date(day.year, (day.month - 1) // months * months + 1, 1)
    return first, add_months(first, months) - timedelta(days=1)


def neighbour(unit: str, today: date, step: int) -> Stretch:
    """The unit ``step`` after the one of ``today``."""
    first, last = unit_span(unit, today)
    for _ in range(abs(step)):
        if unit == "weekend":
            edge = first + timedelta(days=7 if step > 0 else -7)
        else:
            edge = last + timedelta(days=1) if step > 0 else first - timedelta(days=1)
        first, last = unit_span(unit, edge)
    return first, last


def nth_weekday(year: int, month: int, weekday: int, which: int) -> date | None:
    """The ``which``-th Friday, say, of a month; the last one for -1."""
    first, last = month_span(year, month)
    if which < 0:
        return last - timedelta(days=(last.weekday() - weekday) % 7)
    day = first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (which - 1))
    return day if day <= last else None


def easter(year: int) -> date:
    """Easter Sunday (Gauss's rule in its anonymous Gregorian form)."""
    a, (b, c) = year % 19, divmod(year, 100)
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    rest = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * rest) // 451
    month, day = divmod(h + rest - 7 * m + 114, 31)
    return date(year, month, day + 1)


@lru_cache(maxsize=64)
def feast_days(year: int) -> frozenset[date]:
    """The public holidays of Colombia."""
    return frozenset(holidays.country_holidays("CO", years=year))


@lru_cache(maxsize=64)
def long_weekends(year: int) -> tuple[Stretch, ...]:
    """Saturday to Monday (or Friday to Sunday) with a holiday, the "puentes" of a year."""
    found = []
    for feast in sorted(feast_days(year)):
        if feast.weekday() == 0:
            found.append((feast - timedelta(days=2), feast))
        elif feast.weekday() == 4:
            found.append((feast, feast + timedelta(days=2)))
    return tuple(found)


def with_confidence(days: Days, confidence: float) -> Days:
    return replace(days, confidence=confidence)
