"""What the words of a date mean: one resolver for each kind of pattern in ``date_grammar``."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from nlp.entities.calendar_sums import (
    MONTHS_OF,
    Days,
    Loose,
    Stretch,
    add_days,
    add_months,
    full_year,
    make,
    month_span,
    neighbour,
    shift,
    unit_span,
)
from nlp.entities.date_words import Word


@dataclass(frozen=True, slots=True)
class Context:
    """When the message was written, and whether the words around a position look ahead."""

    now: datetime
    ahead: Callable[[int, int], bool | None]

    @property
    def today(self) -> date:
        return self.now.date()


@dataclass(frozen=True, slots=True)
class Parts:
    """The words that a pattern matched, by the name of its groups."""

    groups: dict[str, tuple[Word, ...]]

    def __contains__(self, name: str) -> bool:
        return name in self.groups

    def value(self, name: str, default: object = None) -> Any:  # noqa: ANN401
        return self.groups[name][0].value if name in self.groups else default

    def kind(self, name: str) -> str:
        return self.groups[name][0].kind if name in self.groups else ""

    def kinds(self, name: str) -> tuple[str, ...]:
        return tuple(word.kind for word in self.groups.get(name, ()))

    def number(self, name: str, default: int = 0) -> int:
        """The sum of the numbers of a group: "vigésimo segundo" is 22."""
        if name not in self.groups:
            return default
        return sum(w.value for w in self.groups[name] if isinstance(w.value, int))

    def at(self, name: str) -> tuple[int, int]:
        return self.groups[name][0].start, self.groups[name][-1].end


Resolved = Days | Loose | None
STEPS = {"THIS": 0, "ULT": -1, "PAST": -1, "ANTEPAST": -2, "NEXT": 1, "OTRA": 1, "ULTS": -1,
         "PASTS": -1, "NEXTS": 1}  # fmt: skip


def step(parts: Parts, *names: str) -> int | None:
    """-1 for "pasado", 1 for "próximo" or "que viene", ``None`` where neither is said."""
    for name in names:
        kinds = parts.kinds(name)
        if kinds:
            return STEPS.get(kinds[0], 1 if "VIENE" in kinds else -1)
    return None


def said_year(parts: Parts, today: date) -> int | None:
    if "year" in parts:
        return parts.number("year")
    if "short" in parts:
        return full_year(parts.number("short"))
    if "named" in parts:
        kinds = set(parts.kinds("named"))
        return today.year + (
            1 if kinds & {"NEXT", "VIENE"} else -1 if kinds & {"PAST", "ULT"} else 0
        )
    return None


def _one(day: date | None, confidence: float = 0.97) -> Days | None:
    return None if day is None else Days(day, day, confidence=confidence)


def _yearly(month: int, day: int, today: date, confidence: float = 0.97) -> Loose | None:
    if make(2024, month, day) is None:  # a leap year
        return None

    def occurrence(k: int) -> Stretch | None:
        found = make(today.year + k, month, day)
        return (found, found) if found else None

    return Loose(occurrence, confidence=confidence, reach=8 if (month, day) == (2, 29) else 2)


# --- days that are written out ---------------------------------------------------------------


def written(parts: Parts, ctx: Context) -> Resolved:  # noqa: ARG001
    first, month, last = parts.value("ymd")  # in this order, however it was written
    year = full_year(first)
    # Day first in Colombia; the other order only where this one is no date.
    return _one(make(year, month, last) or make(year, last, month), 0.97)


def day_month(parts: Parts, ctx: Context) -> Resolved:
    day, month = parts.value("dm")
    kind = parts.kind("dm")
    confidence = 0.8 if kind == "DM" else 0.7
    if not (1 <= day <= 31 and 1 <= month <= 31):
        return None
    if month > 12:
        day, month = month, day
    return _yearly(month, day, ctx.today, confidence) if month <= 12 else None


def day_of_month(parts: Parts, ctx: Context) -> Resolved:
    day = parts.number("day")
    month = parts.number("month") or parts.number("number")
    year = said_year(parts, ctx.today)
    if year is not None:
        return _one(make(year, month, day))
    if "weekday" in parts:  # it tells the year, if it is right
        near = (make(ctx.today.year + k, month, day) for k in (0, -1, 1))
        fits = [d for d in near if d and d.weekday() == parts.number("weekday")]
        if fits:
            return _one(min(fits, key=lambda d: abs(d - ctx.today)))
    return _yearly(month, day, ctx.today)


def weekday_number(parts: Parts, ctx: Context) -> Resolved:
    """Reads "viernes 11": of a month in which the 11th is a Friday."""
    weekday, day, first = parts.number("weekday"), parts.number("day"), ctx.today.replace(day=1)

    def occurrence(k: int) -> Stretch | None:
        month = add_months(first, k)
        found = make(month.year, month.month, day)
        return (found, found) if found and found.weekday() == weekday else None

    return Loose(occurrence, confidence=0.9, reach=14)


_OFFSETS = {"HOY": 0, "TONIGHT": 0, "MANANA": 1, "AMANHA": 1, "AYER": -1, "ANTIER": -2,
            "TRASANTIER": -3, "ANOCHE": -1, "ANTENOCHE": -2, "PAST": 2, "ANTES": -2,
            "DIA": 2}  # fmt: skip


def relative(parts: Parts, ctx: Context) -> Resolved:
    kinds = parts.kinds("word")
    offset = (
        -2
        if set(kinds) & {"ANTES"} or (kinds[-1:] == ("AYER",) and len(kinds) > 1)
        else (_OFFSETS[kinds[0]])
    )
    found = _one(add_days(ctx.today, offset))
    night = bool(set(kinds) & {"ANOCHE", "ANTENOCHE", "TONIGHT"})
    return replace(found, part="noche") if found and night else found


def last_night(parts: Parts, ctx: Context) -> Resolved:
    yesterday = add_days(ctx.today, -1)
    return Days(yesterday, yesterday, part=parts.value("part"))


def weekday_again(parts: Parts, ctx: Context) -> Resolved:
    """The weekday of next week for "de hoy en ocho", of the week after for "en quince"."""
    weeks = {8: 1, 15: 2}.get(parts.number("count"))
    if weeks is None:
        return None
    start = ctx.today + timedelta(days=parts.kind("start") == "MANANA")
    if parts.kind("start") in {"WEEKDAY", "WD"}:
        start += timedelta(days=(parts.number("start") - start.weekday()) % 7)
    return _one(start + timedelta(days=7 * weeks), 0.9)


# --- counted from now ------------------------------------------------------------------------


def _moved(parts: Parts, ctx: Context, sign: int) -> tuple[date, datetime | None]:
    day, moment = ctx.today, ctx.now.replace(second=0, microsecond=0)
    if "anchor" in parts and parts.kind("anchor") == "MANANA":
        day = add_days(day, 1)
    exact = False
    for count, unit in (("count", "unit"), ("extra", "unitc"), ("more", "unitb")):
        if unit not in parts:
            continue
        number = parts.number(count) * sign
        name = parts.value(unit)
        if name in {"hour", "minute"}:
            minutes = number * (60 if name == "hour" else 1)
            if parts.kind(count) == "MEDIA":
                minutes = 30 * sign
            elif "half" in parts and unit == "unit":
                minutes += 30 * sign if name == "hour" else 0
            moment, exact = moment + timedelta(minutes=minutes), True
        else:
            day = shift(day, name, number)
            if "half" in parts and name in {"year", "month"} and unit == "unit":
                day = add_months(day, 6 * sign) if name == "year" else add_days(day, 15 * sign)
    return (moment.date(), moment) if exact else (day, None)


def ago(parts: Parts, ctx: Context) -> Resolved:
    if parts.kind("ago") == "MON" and parts.value("ago") != 8:  # "ago" is August too
        return None
    day, moment = _moved(parts, ctx, -1)
    return Days(day, day, confidence=0.93, moment=moment)


def ahead(parts: Parts, ctx: Context) -> Resolved:
    start, end = parts.at("within") if "within" in parts else (0, 0)
    said = ctx.ahead(start, parts.at("unit")[1])
    if end - start == 2 and (
        said is False or (parts.value("unit") == "year" and not said and parts.number("count") > 1)
    ):
        return None  # "me lo resolvieron en dos horas", "en quince años no había visto algo así"
    day, moment = _moved(parts, ctx, 1)
    if "MENOS" in parts.kinds("around") and moment is None:
        return Days(ctx.today, day, confidence=0.85)
    return Days(day, day, confidence=0.9, moment=moment)


def since(parts: Parts, ctx: Context) -> Resolved:
    if parts.value("unit") == "year":  # "llevo doce años con ustedes" dates nothing
        return None
    day, moment = _moved(parts, ctx, -1)
    return Days(day, ctx.today, confidence=0.8, moment=moment, unit="since")


def counted(parts: Parts, ctx: Context) -> Resolved:
    """What ends today, as in "los últimos 3 días", or begins tomorrow, as in "los próximos 3"."""
    count = parts.number("count") or 3  # "los últimos días" are a few
    sure = 0.9 if "count" in parts else 0.6
    unit = parts.value("unit")
    if (step(parts, "side") or 0) < 0:
        return Days(shift(ctx.today, unit, -count), ctx.today, confidence=sure)
    return Days(add_days(ctx.today, 1), shift(ctx.today, unit, count), confidence=sure)


# --- weeks, months, years --------------------------------------------------------------------


def month_of_year(parts: Parts, ctx: Context) -> Resolved:
    year, month = (
        parts.value("my") if "my" in parts else (said_year(parts, ctx.today), parts.number("month"))
    )
    if year is None or not 1 <= month <= 12:
        return None
    return Days(*month_span(year, month), "month", 0.92)


def month(parts: Parts, ctx: Context) -> Resolved:
    number, year = parts.number("month"), ctx.today.year
    return Loose(lambda k: month_span(year + k, number), "month", 0.88)


def month_beside(parts: Parts, ctx: Context) -> Resolved:
    """Reads "este septiembre"; "el pasado" and "el próximo" are never the present month."""
    number, side = parts.number("month"), step(parts, "side") or 0
    year = ctx.today.year
    if side < 0 and number >= ctx.today.month:
        year -= 1
    elif side > 0 and number <= ctx.today.month:
        year += 1
    return Days(*month_span(year, number), "month", 0.92)


def unit_beside(parts: Parts, ctx: Context) -> Resolved:
    unit, side = parts.value("unit"), step(parts, "side") or 0
    return Days(*neighbour(unit, ctx.today, side), unit, 0.93)


def unit_after_next(parts: Parts, ctx: Context) -> Resolved:
    unit = parts.value("unit")
    return Days(*neighbour(unit, ctx.today, 2), unit, 0.9)


def weekend(parts: Parts, ctx: Context) -> Resolved:
    side = step(parts, "side")
    if side is not None:
        return Days(*neighbour("weekend", ctx.today, side), "weekend", 0.93)
    return Loose(lambda k: neighbour("weekend", ctx.today, k), "weekend", 0.85)


def weekend_after_next(parts: Parts, ctx: Context) -> Resolved:  # noqa: ARG001
    return Days(*neighbour("weekend", ctx.today, 2), "weekend", 0.9)


def part_of_year(parts: Parts, ctx: Context) -> Resolved:
    """Reads "el tercer trimestre de 2026"; "cuarto" is also used for a quarter."""
    unit = "quarter" if parts.kind("unit") == "CUARTO" else parts.value("unit")
    if MONTHS_OF.get(unit, 12) in {1, 12}:
        return None
    size, nth = MONTHS_OF[unit], parts.number("nth")
    nth = 12 // size if nth < 0 else nth
    if not 1 <= nth * size <= 12:
        return None

    def occurrence(year: int) -> Stretch:
        first = date(year, (nth - 1) * size + 1, 1)
        return first, add_months(first, size) - timedelta(days=1)

    year = said_year(parts, ctx.today)
    return Days(*occurrence(ctx.today.year if year is None else year), unit, 0.9)


def week_of_year(parts: Parts, ctx: Context) -> Resolved:
    year = said_year(parts, ctx.today) or ctx.today.year
    first = unit_span("week", date(year, 1, 4))[0]  # ISO 8601: the week of the fourth is week 1
    monday = first + timedelta(days=7 * (parts.number("week") - 1))
    return Days(*unit_span("week", monday), "week", 0.85) if parts.number("week") < 54 else None


def year(parts: Parts, ctx: Context) -> Resolved:  # noqa: ARG001
    number = parts.number("year")
    return Days(date(number, 1, 1), date(number, 12, 31), "year", 0.8)


def bare_year(parts: Parts, ctx: Context) -> Resolved:
    found = year(parts, ctx)
    near = abs(parts.number("year") - ctx.today.year) <= 10
    return replace(found, confidence=0.6) if near and isinstance(found, Days) else None


def years(parts: Parts, ctx: Context) -> Resolved:  # noqa: ARG001
    first, last = parts.number("year"), parts.number("last")
    return Days(date(first, 1, 1), date(last, 12, 31), "year", 0.8) if first < last else None


def nothing(parts: Parts, ctx: Context) -> Resolved:  # noqa: ARG001
    """What comes again and again is a word like any other."""
    return Days(ctx.today, ctx.today)


def fortnight(parts: Parts, ctx: Context) -> Resolved:  # noqa: ARG001
    return Loose(lambda k: neighbour("fortnight", ctx.today, k), "fortnight", 0.75)


def unit(parts: Parts, ctx: Context) -> Resolved:
    return Days(*unit_span(parts.value("unit"), ctx.today), parts.value("unit"), 0.6)


# --- weekdays and bare numbers ---------------------------------------------------------------


def weekday(parts: Parts, ctx: Context) -> Resolved:
    number, today = parts.number("weekday"), ctx.today
    side = step(parts, "side", "after")
    base = today + timedelta(days=(number - today.weekday()) % 7)  # today or later
    if side is None:
        return Loose(lambda k: (base + timedelta(days=7 * k),) * 2, confidence=0.9)
    if side == 0:
        return _one(unit_span("week", today)[0] + timedelta(days=number), 0.9)
    if side > 0:
        return _one(base if base > today else base + timedelta(days=7), 0.9)
    return _one(base + timedelta(days=7 * side), 0.9)


def portuguese_weekday(parts: Parts, ctx: Context) -> Resolved:
    """Reads "na quinta", which is the fifth day there: Thursday."""
    number = parts.number("day") - 2
    if number not in {0, 2, 3, 4}:
        return None
    base = ctx.today + timedelta(days=(number - ctx.today.weekday()) % 7)
    return Loose(lambda k: (base + timedelta(days=7 * k),) * 2, confidence=0.8)


def day_in_figures(parts: Parts, ctx: Context) -> Resolved:
    """Reads "el 15"; "el quince" may be a shop, a turn, a floor."""
    start, end = parts.at("day")
    return day(parts, ctx) if end - start <= 2 else None


def day(parts: Parts, ctx: Context) -> Resolved:
    number, first = parts.number("day"), ctx.today.replace(day=1)

    def occurrence(k: int) -> Stretch | None:
        near = add_months(first, k)
        found = make(near.year, near.month, number)
        return (found, found) if found else None

    return Loose(occurrence, confidence=0.7)
