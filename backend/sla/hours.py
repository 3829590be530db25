"""Opening hours as a week of local intervals, closed on holidays. Pure: the moment is passed in.

The same class says when agents work and when a client may be contacted with something that they
did not ask for (Ley 2300/2023: Mon–Fri 7–19, Sat 8–15, never on Sundays or holidays).
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import count
from zoneinfo import ZoneInfo

import holidays

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ALWAYS = "always"

_INTERVAL = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)-([01]?\d|2[0-4]):([0-5]\d)")
_DAY_MINUTES = 24 * 60

Interval = tuple[int, int]  # minutes of the local day: from, to (exclusive)


@cache
def holiday_calendar(country: str) -> holidays.HolidayBase:
    """A country's public holidays, years computed as asked for. Empty country: none."""
    return holidays.country_holidays(country) if country else holidays.HolidayBase()


def is_holiday(day: date, country: str) -> bool:
    """Whether the local ``day`` is a public holiday of ``country`` (ISO 3166-1 alpha-2)."""
    return day in holiday_calendar(country)


@dataclass(frozen=True, slots=True)
class BusinessHours:
    """A week of open intervals, Monday first; ``None`` is open always, holidays included."""

    week: tuple[tuple[Interval, ...], ...] | None
    timezone: str
    country: str

    @classmethod
    def parse(cls, text: str, *, timezone: str, country: str) -> "BusinessHours":
        """Read ``mon-fri 08:00-12:00 14:00-18:00, sat 08:00-12:00`` or ``always``.

        ValueError, naming the part, for anything else: an empty week, a day twice, an interval
        that ends before it begins or overlaps another.
        """
        if text.strip().lower() == ALWAYS:
            return cls(None, timezone, country)
        week: list[tuple[Interval, ...]] = [()] * len(DAYS)
        for part in text.lower().split(","):
            days, *spans = part.split() or [""]
            if not spans:
                raise ValueError(f"{part.strip()!r} needs days and hours, such as `sat 8:00-12:00`")
            intervals = _intervals(spans, part)
            for day in _days(days):
                if week[day]:
                    raise ValueError(f"{DAYS[day]!r} is given twice in {text!r}")
                week[day] = intervals
        return cls(tuple(week), timezone, country)

    def is_open(self, now: datetime) -> bool:
        """Whether the moment lies in an open interval; the end of one is closed already."""
        return self.next_opening(now) == now

    def next_opening(self, now: datetime) -> datetime:
        """The earliest open moment from ``now`` on, in UTC: ``now`` itself when open."""
        if self.week is None:
            return now
        zone = ZoneInfo(self.timezone)
        today = now.astimezone(zone).date()
        for offset in count():  # ends: a week has an interval, and no country rests all year
            day = today + timedelta(days=offset)
            if is_holiday(day, self.country):
                continue
            for start, end in self.week[day.weekday()]:
                opens, closes = (_moment(day, minutes, zone) for minutes in (start, end))
                if now < closes:
                    return max(now, opens)
        raise AssertionError("unreachable")


def _moment(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    if minutes == _DAY_MINUTES:
        day, minutes = day + timedelta(days=1), 0
    return datetime.combine(day, time(minutes // 60, minutes % 60), zone).astimezone(UTC)


def _days(text: str) -> range:
    first, _, last = text.partition("-")
    if first not in DAYS or (last and last not in DAYS):
        raise ValueError(f"{text!r} is no day or range of days; days are {', '.join(DAYS)}")
    start, end = DAYS.index(first), DAYS.index(last or first)
    if end < start:
        raise ValueError(f"{text!r} runs over the week's end: write it as two parts")
    return range(start, end + 1)


def _intervals(spans: list[str], part: str) -> tuple[Interval, ...]:
    intervals: list[Interval] = []
    for span in spans:
        match = _INTERVAL.fullmatch(span)
        if match is None:
            raise ValueError(f"{span!r} in {part.strip()!r} is no interval such as 08:00-12:00")
        hours = [int(group) for group in match.groups()]
        start, end = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
        if not start < end <= _DAY_MINUTES or (intervals and start < intervals[-1][1]):
            raise ValueError(f"{span!r} in {part.strip()!r} ends before it begins or overlaps")
        intervals.append((start, end))
    return tuple(intervals)
