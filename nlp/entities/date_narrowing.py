"""Dates inside longer stretches: "el viernes de la próxima semana", "del 3 al 5 de mayo"."""

from collections.abc import Callable
from datetime import date, timedelta

from nlp.entities.calendar_sums import (
    Days,
    Loose,
    Stretch,
    add_days,
    add_months,
    make,
    month_span,
    nth_weekday,
    shift,
    unit_span,
)
from nlp.entities.date_rules import Context, Parts, Resolved, said_year

Narrowing = Callable[[Stretch, str], Stretch | None]  # of a stretch and its unit


def _stretch(parts: Parts, ctx: Context) -> Days | Loose:
    """The month, week … that is narrowed; one that is only named comes again every year."""
    value = parts.value("stretch")
    if isinstance(value, Days | Loose):
        return value
    kind, today = parts.kind("stretch"), ctx.today
    if kind in {"MONTH", "MONTHEN", "MON"}:
        year = said_year(parts, today)
        if year is not None:
            return Days(*month_span(year, value), "month")
        return Loose(lambda k: month_span(today.year + k, value), "month")
    if kind == "YEAR":
        return Days(*unit_span("year", today.replace(year=value, day=1)), "year")
    return Days(*unit_span(value, today), value)


def _inside(parts: Parts, ctx: Context, part: Narrowing) -> Resolved:
    """``part`` of the stretch; of every year's where it comes again."""
    outer = _stretch(parts, ctx)
    if isinstance(outer, Days):
        found = part((outer.first, outer.last), outer.unit)
        return Days(*found, confidence=0.9) if found else None

    def occurrence(k: int) -> Stretch | None:
        whole = outer.occurrence(k)
        return part(whole, outer.unit) if whole else None

    return Loose(occurrence, confidence=0.9)


def _day_in(whole: Stretch, day: int) -> date | None:
    return make(whole[0].year, whole[0].month, day)


def days_of(parts: Parts, ctx: Context) -> Resolved:
    first, last = parts.value("pair") or (parts.number("a"), parts.number("b"))

    def part(whole: Stretch, unit: str) -> Stretch | None:
        a, b = _day_in(whole, first), _day_in(whole, last)
        return (a, b) if unit == "month" and a and b and a <= b else None

    return _inside(parts, ctx, part)


def day_of(parts: Parts, ctx: Context) -> Resolved:
    def part(whole: Stretch, unit: str) -> Stretch | None:
        day = _day_in(whole, parts.number("day")) if unit == "month" else None
        return (day, day) if day else None

    return _inside(parts, ctx, part)


def weekday_of(parts: Parts, ctx: Context) -> Resolved:
    def part(whole: Stretch, unit: str) -> Stretch | None:
        day = whole[0] + timedelta(days=parts.number("weekday"))
        return (day, day) if unit == "week" else None

    return _inside(parts, ctx, part)


def weekdays_of(parts: Parts, ctx: Context) -> Resolved:
    a, b = parts.number("a"), parts.number("b")

    def part(whole: Stretch, unit: str) -> Stretch | None:
        first, last = (whole[0] + timedelta(days=day) for day in (a, b))
        return (first, last) if unit == "week" and a <= b else None

    return _inside(parts, ctx, part)


def nth_weekday_of(parts: Parts, ctx: Context) -> Resolved:
    def part(whole: Stretch, unit: str) -> Stretch | None:
        day = None
        if unit == "month":
            year, month = whole[0].year, whole[0].month
            day = nth_weekday(year, month, parts.number("weekday"), parts.number("nth"))
        return (day, day) if day else None

    return _inside(parts, ctx, part)


def nth_day(parts: Parts, ctx: Context) -> Resolved:
    """Reads "el último día del mes", "el primer día de la semana"."""
    nth = parts.number("nth")

    def part(whole: Stretch, unit: str) -> Stretch | None:  # noqa: ARG001
        day = whole[1] if nth < 0 else add_days(whole[0], nth - 1)
        return (day, day) if whole[0] <= day <= whole[1] else None

    return _inside(parts, ctx, part)


def nth_week(parts: Parts, ctx: Context) -> Resolved:
    """Reads "la tercera semana de este mes": weeks are those of which most days are inside."""
    nth, unit_meant = parts.number("nth"), parts.value("unit")

    def part(whole: Stretch, unit: str) -> Stretch | None:
        if unit_meant == "fortnight" and unit == "month":
            return _half(whole, unit, nth)
        if unit_meant != "week" or unit not in {"month", "year"}:
            return None
        if nth < 0:
            last = unit_span("week", whole[1])
            return (
                last if (whole[1] - last[0]).days >= 3 else unit_span("week", add_days(last[0], -1))
            )
        monday = unit_span("week", add_days(whole[0], 3))[0]
        return unit_span("week", add_days(monday, 7 * (nth - 1)))

    return _inside(parts, ctx, part)


def week_of(parts: Parts, ctx: Context) -> Resolved:
    """Reads "la semana del 18"."""
    if parts.kind("day") in {"D", "LOOSE"}:
        known: Days | Loose = parts.value("day")
    else:
        number, first = parts.number("day"), ctx.today.replace(day=1)

        def monthly(k: int) -> Stretch | None:
            near = add_months(first, k)
            day = make(near.year, near.month, number)
            return (day, day) if day else None

        known = Loose(monthly)
    if isinstance(known, Days):
        return Days(*unit_span("week", known.first), "week", 0.85)

    def occurrence(k: int) -> Stretch | None:
        day = known.occurrence(k)
        return unit_span("week", day[0]) if day else None

    return Loose(occurrence, "week", 0.85)


def month_with(parts: Parts, ctx: Context) -> Resolved:  # noqa: ARG001
    """Reads "mes del 16 de septiembre"."""
    known: Days | Loose = parts.value("day")
    if known.unit != "day":
        return None
    if isinstance(known, Days):
        return Days(*unit_span("month", known.first), "month", 0.8)

    def occurrence(k: int) -> Stretch | None:
        day = known.occurrence(k)
        return unit_span("month", day[0]) if day else None

    return Loose(occurrence, "month", 0.8)


def _half(whole: Stretch, unit: str, nth: int) -> Stretch | None:
    """The first or second half."""
    if unit == "year":
        middle = whole[0].replace(month=7)
    elif unit == "month":
        middle = whole[0].replace(day=16)
    else:
        middle = whole[0] + timedelta(days=((whole[1] - whole[0]).days + 1) // 2)
    if nth == 1:
        return whole[0], middle - timedelta(days=1)
    return (middle, whole[1]) if nth in {2, -1} else None


def mitad(parts: Parts, ctx: Context) -> Resolved:
    """Reads "la segunda mitad de 2016", "la primera quincena del mes que viene"."""

    def part(whole: Stretch, unit: str) -> Stretch | None:
        return _half(whole, unit, parts.number("nth"))

    return _inside(parts, ctx, part)


def edge(parts: Parts, ctx: Context) -> Resolved:
    """Reads "a mediados de marzo", "a finales de mes"; "fin de mes" are the very last days."""
    kind, last_days = parts.kind("edge"), parts.value("edge") == "fin"

    def part(whole: Stretch, unit: str) -> Stretch | None:
        first, last = whole
        if kind in {"MED", "MITAD"}:
            if unit == "week":
                return add_days(first, 1), add_days(first, 4)
            if unit == "year":
                return first.replace(month=6), first.replace(month=7, day=31)
            return first.replace(day=11), first.replace(day=20)
        if unit == "week":
            return (
                (add_days(first, 3), last)
                if kind in {"FIN", "ULTS"}
                else (first, add_days(first, 2))
            )
        if last_days:
            return add_days(last, -4 if unit == "month" else -14), last
        return _half(whole, unit, -1 if kind in {"FIN", "ULTS"} else 1)

    return _inside(parts, ctx, part)


def first_months(parts: Parts, ctx: Context) -> Resolved:
    """Reads "los primeros seis meses del próximo año", "los últimos 5 días del mes"."""
    count, unit_meant = parts.number("count"), parts.value("unit")

    def part(whole: Stretch, unit: str) -> Stretch | None:  # noqa: ARG001
        if parts.kind("edge") == "ULTS":
            first = add_days(shift(add_days(whole[1], 1), unit_meant, -count), 0)
            return (first, whole[1]) if first >= whole[0] else None
        last = add_days(shift(whole[0], unit_meant, count), -1)
        return (whole[0], last) if last <= whole[1] else None

    return _inside(parts, ctx, part)


def rest(parts: Parts, ctx: Context) -> Resolved:
    outer = _stretch(parts, ctx)
    known = outer if isinstance(outer, Days) else outer.near(ctx.today, ahead=True)
    if known is None or known.last < ctx.today:
        return None
    return Days(max(ctx.today, known.first), known.last, confidence=0.85)


def so_far(parts: Parts, ctx: Context) -> Resolved:
    outer = _stretch(parts, ctx)
    known = outer if isinstance(outer, Days) else outer.near(ctx.today, ahead=False)
    return Days(known.first, min(ctx.today, known.last), confidence=0.85) if known else None
