"""Dates and times resolved against ``now`` in America/Bogota.

Values: ``"2026-11-05"``, ``"2026-11-05T15:00:00-05:00"``, or ``{"start", "end"}`` of either kind,
both ends included. What comes again (a bare weekday, a day without its year) is the nearest one in
the direction that the words around it point to, and the past where they point nowhere: clients
tell what has happened. The grammar stands in ``date_grammar``, the sums in ``date_rules``.

In scope are dates, times and stretches that can be laid on the calendar from ``now``. Not: mere
durations ("dura dos horas"), what comes again and again ("los lunes"), seasons, decades and
centuries, feasts of other countries, and what points back at something told ("aquel día").
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from nlp.entities import clock as clocks
from nlp.entities import date_feasts, date_narrowing, date_rules
from nlp.entities.calendar_sums import Days, Loose
from nlp.entities.clock import Clock
from nlp.entities.date_direction import points_ahead
from nlp.entities.date_grammar import CODE, Rule
from nlp.entities.date_patterns import STAGES
from nlp.entities.date_rules import Context, Parts
from nlp.entities.date_words import Word, words
from nlp.entities.found import LOOSE, Found

BOGOTA = ZoneInfo("America/Bogota")
Value = str | dict[str, str]

_SPEAKING = frozenset(
    """
    MONTH MONTHEN MON AT NA
    WEEKDAY HOY MANANA AMANHA AYER ANTIER TRASANTIER ANOCHE ANTENOCHE TONIGHT MINS HORAS
    DIAS SEMANA UNITS UNIT ANO FINDE PART NOON LAS FEAST HOLIDAY AMPM YMD MY DM DOTTED DASHED CLOCK
    YEAR N12 N24 N31 DIA LA H MEDIO QUINCENA
    """.split()  # noqa: SIM905 - read as running words
)


@dataclass(frozen=True, slots=True)
class Moments:
    """From one moment to another, or a single one."""

    first: datetime
    last: datetime
    confidence: float = 0.93


_JUST_AGO, _LONG_UNTIL = 60, 240  # days


def _ahead(value: Loose, start: int, end: int, ctx: Context) -> bool:
    """By the words around it; where they say nothing, a day of the year may be the next one.

    What was some weeks ago and is not again for most of a year is meant as it was, whatever the
    words around it: "mándeme el acta del 14 de octubre".
    """
    said = ctx.ahead(start, end)
    if value.reach < 2 or value.unit not in ("day", "month"):
        return bool(said)
    before, after = (value.near(ctx.today, ahead=ahead) for ahead in (False, True))
    if before is None or after is None or (after.first - before.first).days < 300:
        return bool(said)
    if said is not None:
        ago, until = (ctx.today - before.last).days, (after.first - ctx.today).days
        return bool(said) and not (ago < _JUST_AGO and until > _LONG_UNTIL)
    if value.unit == "month":
        return False
    return 2 * (after.first - ctx.today) < ctx.today - before.last


def _settled(word: Word, ctx: Context) -> Days | None:
    """The days that a word means; those that come again by the direction of the message."""
    value = word.value
    if isinstance(value, Loose):
        return value.near(ctx.today, ahead=_ahead(value, word.start, word.end, ctx))
    return value if isinstance(value, Days) else None


def _ends(a: Word, b: Word, ctx: Context) -> tuple[Days, Days] | None:
    """Both ends of a stretch: loose ones lie next to each other, around today where they can."""
    first, last = a.value, b.value
    if isinstance(first, Days) and isinstance(last, Days):
        return first, last
    if isinstance(first, Days):
        end = last.near(first.first, ahead=True)
        return (first, end) if end else None
    if isinstance(last, Days):
        start = first.near(last.first, ahead=False)
        return (start, last) if start else None
    ahead = _ahead(first, a.start, b.end, ctx)
    if (
        not ahead
        and first.unit == "day"
        and first.reach < 14
        and first.occurrence(1)
        and (first.occurrence(1)[0] - first.occurrence(0)[0]).days > 27
    ):
        begun = first.near(ctx.today, ahead=False)  # "del 28 de octubre al 5 de noviembre", today
        end = last.near(begun.first, ahead=True) if begun else None
        if begun and end and end.last >= ctx.today and (end.last - begun.first).days < 100:
            return begun, end
    if ahead:
        start = first.near(ctx.today, ahead=True)
        end = last.near(start.first, ahead=True) if start else None
    else:
        end = last.near(ctx.today, ahead=False)
        start = first.near(end.first, ahead=False) if end else None
    return (start, end) if start and end else None


def days_between(parts: Parts, ctx: Context) -> Days | None:
    ends = _ends(parts.groups["a"][0], parts.groups["b"][0], ctx)
    if ends is None or ends[0].moment or ends[1].moment or ends[0].first >= ends[1].last:
        return None
    return Days(ends[0].first, ends[1].last, "range", 0.93)


def two_months(parts: Parts, ctx: Context) -> Days | None:
    """Reads "agosto y septiembre"; whatever else "y" joins are two dates."""
    if {parts.value("a").unit, parts.value("b").unit} != {"month"}:
        return None
    found = days_between(parts, ctx)
    return found if found and (found.last - found.first).days < 63 else None


def same_day(parts: Parts, ctx: Context) -> Days | None:  # noqa: ARG001
    """Reads "mañana martes", "hoy 3 de noviembre": said twice."""
    a, b = parts.value("a"), parts.value("b")
    known, other = (a, b) if isinstance(a, Days) else (b, a)
    if not isinstance(known, Days) or known.first != known.last or known.moment:
        return None
    if isinstance(other, Loose):
        other = other.near(known.first, ahead=True)
    return known if other and (other.first, other.last) == (known.first, known.last) else None


def _at(day: date, moment: time) -> datetime:
    return datetime.combine(day, moment, tzinfo=BOGOTA)


def _on(day: Days, clock: Clock) -> Moments:
    clock = clocks.within(clock, day.part)
    last = day.last + timedelta(days=clock.last < clock.first)
    return Moments(_at(day.first, clock.first), _at(last, clock.last))


def timed(parts: Parts, ctx: Context) -> Moments | None:
    day, clock = _settled(parts.groups["day"][0], ctx), parts.value("clock")
    if day is None or day.moment is not None or (day.last - day.first).days > 7:
        return None
    return _on(day, clock)


def moments(parts: Parts, ctx: Context) -> Moments | None:  # noqa: ARG001
    first, second = parts.value("a"), parts.value("b")
    if isinstance(second, Clock):
        second = _on(Days(first.first.date(), first.first.date()), second)
    return Moments(first.first, second.last) if first.first < second.last else None


Resolver = Callable[[Parts, Context], Days | Loose | Clock | Moments | None]
_HERE: dict[str, Resolver] = {
    "days_between": days_between,
    "two_months": two_months,
    "same_day": same_day,
    "timed": timed,
    "moments": moments,
}


def _resolver(rule: Rule) -> Resolver:
    """The function of that name: clocks for times of the day, else the rules of days."""
    if rule.resolver in _HERE:
        return _HERE[rule.resolver]
    modules = (clocks,) if rule.kind == "T" else (date_rules, date_narrowing, date_feasts)
    found: Resolver = next(
        getattr(module, rule.resolver) for module in modules if hasattr(module, rule.resolver)
    )
    return found


_RESOLVERS = {(rule.kind, rule.resolver): _resolver(rule) for stage in STAGES for rule in stage}


def _matches(row: list[Word], rules: Iterable[Rule]) -> Iterator[tuple[int, int, Rule, Parts]]:
    kinds = "".join([CODE[word.kind] for word in row])
    for rule in rules:
        for match in rule.pattern.finditer(kinds):
            groups = {
                name: tuple(row[slice(*match.span(name))])
                for name in rule.pattern.groupindex
                if match.start(name) >= 0 and match.end(name) > match.start(name)
            }
            start, end = match.span("x" if "x" in groups else 0)
            yield start, end, rule, Parts(groups)


def _reduce(row: list[Word], rules: Iterable[Rule], ctx: Context) -> list[Word]:
    """The row with what the rules find in it put in place; the longest first."""
    taken = [False] * len(row)
    found: dict[int, tuple[int, Word]] = {}
    for start, end, rule, parts in sorted(_matches(row, rules), key=lambda m: (m[0] - m[1], m[0])):
        if any(taken[start:end]):
            continue
        value = _RESOLVERS[rule.kind, rule.resolver](parts, ctx)
        if value is not None:
            taken[start:end] = [True] * (end - start)
            kind = "LOOSE" if isinstance(value, Loose) else rule.kind
            found[start] = (end, Word(kind, row[start].start, row[end - 1].end, value))
    if not found:
        return row
    reduced, i = [], 0
    while i < len(row):
        if i in found:
            i, word = found[i]
            reduced.append(word)
        else:
            reduced.append(row[i])
            i += 1
    return reduced


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _value(found: Days | Moments, now: datetime) -> Value:
    if isinstance(found, Moments):
        if found.first == found.last:
            return _iso(found.first)
        return {"start": _iso(found.first), "end": _iso(found.last)}
    if found.moment is not None:
        if found.unit == "since":
            return {"start": _iso(found.moment), "end": _iso(now.replace(second=0, microsecond=0))}
        return _iso(found.moment)
    if found.first == found.last:
        return found.first.isoformat()
    return {"start": found.first.isoformat(), "end": found.last.isoformat()}


def _trimmed(folded: str, word: Word) -> tuple[int, int]:
    start, end = word.start, word.end
    if folded[end - 1] == "." and not folded[start:end].endswith((". m.", ".m.")):
        end -= 1
    return start, end


def find(folded: str, now: datetime) -> Iterator[Found]:
    """Every date, time and interval in folded text; ``now`` is aware."""
    row = list(words(folded))
    if not any(word.kind in _SPEAKING for word in row):
        return
    ctx = Context(now.astimezone(BOGOTA), lambda start, end: points_ahead(folded, start, end))
    for stage in STAGES:
        row = _reduce(row, stage, ctx)
    for word in row:
        value = word.value
        if isinstance(value, Clock):
            value = replace(_on(Days(ctx.today, ctx.today), value), confidence=value.confidence)
        elif isinstance(value, Loose):
            value = _settled(word, ctx)
        if isinstance(value, Days) and value.part and value.first == value.last:
            value = _on(value, clocks.of_part(value.part))
        if isinstance(value, Days | Moments) and word.kind != "W":
            start, end = _trimmed(folded, word)
            rank = LOOSE if value.confidence < 0.65 else 6
            yield Found("fecha", start, end, _value(value, ctx.now), value.confidence, rank)
