"""Holidays of Colombia, long weekends, and feasts with a name."""

from collections.abc import Iterator
from datetime import date, timedelta

from nlp.entities.calendar_sums import (
    Days,
    Loose,
    Stretch,
    easter,
    feast_days,
    long_weekends,
    make,
    nth_weekday,
)
from nlp.entities.calendar_words import FEASTS, MOVING_FEASTS
from nlp.entities.date_rules import Context, Parts, Resolved, said_year, step


def _feast(name: str, year: int) -> Stretch | None:
    if name == "semana santa":
        return easter(year) - timedelta(days=7), easter(year)
    if name in MOVING_FEASTS:
        day = nth_weekday(year, *MOVING_FEASTS[name])
    else:
        when = FEASTS[name]
        day = easter(year) + timedelta(days=when) if isinstance(when, int) else make(year, *when)
    return (day, day) if day else None


def _holidays(name: str, today: date) -> Iterator[Stretch]:
    """Long weekends, or single holidays, of three years."""
    for near in range(today.year - 1, today.year + 2):
        if "puente" in name:
            yield from long_weekends(near)
        else:
            days = sorted(feast_days(near))
            yield from ((d, d) for d in days if d.weekday() == 0 or "lunes" not in name)


def feast(parts: Parts, ctx: Context) -> Resolved:
    name, today = parts.value("name"), ctx.today
    if parts.value("inside") is not None:
        said: int | None = today.year
    else:
        said = said_year(parts, today)
    if "puente" in name or "festivo" in name:
        if said is not None:
            return None
        every = list(_holidays(name, today))
        begun = sum(stretch[0] <= today for stretch in every)

        def nearest(k: int) -> Stretch | None:
            """The last that has begun for 0, those after it for 1, 2 …"""
            return every[begun - 1 + k] if 0 <= begun - 1 + k < len(every) else None

        side = step(parts, "side", "after")
        if side is not None:
            found = nearest(0 if side < 0 else 1)
            return Days(*found, confidence=0.85) if found else None
        return Loose(nearest, confidence=0.8)
    if said is not None:
        stretch = _feast(name, said)
        return Days(*stretch, confidence=0.9) if stretch else None
    return Loose(lambda k: _feast(name, today.year + k), confidence=0.8)
