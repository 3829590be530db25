"""Legal and own terms: by when a ticket must be answered. Pure.

Business days are Monday to Friday without public holidays, counted from the day after receipt
(Ley 1755/2015 art. 14; Ley 1581/2012 arts. 14 and 15). Days are local days.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from backend.sla.hours import is_holiday

_SATURDAY = 5
_END_OF_DAY = time(23, 59, 59)  # a term lasts all of its last day, and reads as that day


def is_business_day(day: date, country: str = "CO") -> bool:
    """Monday to Friday and no public holiday."""
    return day.weekday() < _SATURDAY and not is_holiday(day, country)


def due_date(
    received: datetime,
    business_days: int,
    *,
    timezone: str = "America/Bogota",
    country: str = "CO",
) -> datetime:
    """The last second, in UTC, of the ``business_days``-th local business day after ``received``.

    ``received`` is aware. With 0 it is the day of receipt itself, business day or not.
    """
    if business_days < 0:
        raise ValueError(f"a term of {business_days} business days")
    zone = ZoneInfo(timezone)
    day = _last_day(received.astimezone(zone).date(), business_days, country)
    return datetime.combine(day, _END_OF_DAY, zone).astimezone(UTC)


@lru_cache(maxsize=1024)  # each turn asks for the terms of all types from the same day
def _last_day(day: date, business_days: int, country: str) -> date:
    left = business_days
    while left:
        day += timedelta(days=1)
        left -= is_business_day(day, country)
    return day


@dataclass(frozen=True, slots=True)
class Terms:
    """Business days to answer, by ticket type, and where they are counted."""

    days: Mapping[str, int]
    timezone: str = "America/Bogota"
    country: str = "CO"

    def due(self, ticket_type: str, received: datetime) -> datetime | None:
        """By when a ticket of this type is to be answered; ``None`` where no term is set."""
        days = self.days.get(ticket_type)
        if days is None:
            return None
        return due_date(received, days, timezone=self.timezone, country=self.country)

    def due_by_type(self, received: datetime) -> dict[str, datetime]:
        """The due dates of all types, were they filed at ``received``."""
        return {
            kind: due_date(received, days, timezone=self.timezone, country=self.country)
            for kind, days in self.days.items()
        }
