"""Dates and times resolved against ``now`` in America/Bogota.

Values: ``"2026-11-05"``, ``"2026-11-05T15:00:00-05:00"``, or ``{"start", "end"}`` of either kind,
both ends included. A bare weekday or month is the nearest one in the direction that the words
around it point to, and the past where they point nowhere: clients tell what has happened.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from nlp.entities import periods
from nlp.entities.calendar_words import (
    COUNT_WORDS,
    MONTHS,
    SMALL,
    UNITS,
    WEEKDAYS,
    full_year,
    make,
    number,
    shift,
)
from nlp.entities.clock import Clock, find_clocks
from nlp.entities.found import Found, resolve

BOGOTA = ZoneInfo("America/Bogota")
Value = str | dict[str, str]

_COUNT = rf"(?:\d{{1,4}}|{COUNT_WORDS})"
_UNIT = "|".join(sorted(UNITS, key=len, reverse=True))
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_WEEKDAY = "|".join(sorted(WEEKDAYS, key=len, reverse=True))
_YEAR = r"(?:,?\s*(?:de\s+|del\s+(?:ano\s+)?|of\s+)?(?P<year>(?:19|20)\d\d|'\d\d)\b)?"
_DAY = r"(?P<day>\d{1,2}|primero|1ro|1°|" + "|".join(w for w in SMALL if SMALL[w] > 1) + ")"

_ISO = re.compile(
    r"(?<![\d/.-])(?P<year>(?:19|20)\d\d)[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?![\d/-])"
)
_NUMERIC = re.compile(
    r"(?<![\d/.,$-])(?P<day>\d{1,2})(?P<mark>\s?[/-]\s?|\.)(?P<month>\d{1,2})(?P=mark)(?P<year>(?:19|20)\d\d|\d\d)(?![\d/-])"
    r"|(?<![\d/.,$-])(?P<day2>\d{1,2})/(?P<month2>\d{1,2})(?![\d/%])"
)
_DAY_MONTH = re.compile(
    rf"(?:\b(?:{_WEEKDAY}),?\s+)?(?<![\d.,])\b{_DAY}(?:st|nd|rd|th|\.)?\s*(?:-|/|de\s+|do\s+|of\s+|del\s+mes\s+de\s+)?\s*"
    rf"(?P<month>{_MONTH})\b\.?{_YEAR}"
)
_MONTH_DAY = re.compile(
    rf"\b(?P<month>{_MONTH})\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?!\s*(?:{_UNIT}|usuari\w+|%))(?:,?\s+(?:de\s+|del\s+)?(?P<year>(?:19|20)\d\d)\b)?"
)
_RELATIVE: dict[int, str] = {
    -3: r"trasantier|trasanteayer",
    -2: r"antes\s+de\s+ayer|antes\s+de\s+anoche|anteayer|antier|antiayer|antenoche|anteontem"
        r"|the\s+day\s+before\s+yesterday",
    -1: r"el\s+dia\s+(?:anterior|de\s+ayer)|dia\s+de\s+ayer|ayer|ayercito|anoche|yesterday|ontem"
        r"|last\s+night",
    2: r"pasado\s+manana|el\s+dia\s+despues\s+de\s+manana|depois\s+de\s+amanha"
       r"|the\s+day\s+after\s+tomorrow",
    0: r"dia\s+de\s+hoy|hoy(?!\s+en\s+dia)(?:\s+mismo)?|hoje|today|tonight"
       r"|(?:este|el)\s+mismo\s+dia",
    1: r"dia\s+de\s+manana|(?<!la )(?<!esta )(?<!de )(?<!misma )manana(?:\s+mismo)?"
       r"|amanha(?!\s+de)|tomorrow",
}  # fmt: skip
_WORDS = [(re.compile(rf"\b(?:{pattern})\b"), offset) for offset, pattern in _RELATIVE.items()]
_AGO = re.compile(
    rf"\b(?:hace|hacen|ase|hase|ha|faz)\s+(?:ya\s+)?(?:como\s+|unos\s+|unas\s+|mas\s+de\s+|casi\s+|aproximadamente\s+"
    rf"|cerca\s+de\s+|un\s+)?(?P<count>{_COUNT})\s+(?:de\s+)?(?P<unit>{_UNIT})\b(?P<half>\s+y\s+medi[oa])?"
    rf"|\b(?P<count2>{_COUNT})\s+(?P<unit2>{_UNIT})\s+(?:ago|atras|antes)\b"
)
_SINCE = re.compile(
    rf"\b(?:llev(?:o|a|amos|an)|van|completamos|por)\s+(?:ya\s+)?(?:como\s+|unos\s+|unas\s+|mas\s+de\s+|casi\s+)?(?P<count>{_COUNT})\s+"
    rf"(?P<unit>{_UNIT})\b(?=\s+(?:sin|con|esperando|asi|en|y|que|de\s+retraso|reportando|caid|parad)|[.,;!]|$)"
)
_AHEAD = re.compile(
    rf"\b(?:en|dentro\s+de|de\s+aqui\s+a|in|daqui\s+a|em)\s+(?:unos\s+|unas\s+|menos\s+de\s+)?(?P<count>{_COUNT})\s+(?P<unit>{_UNIT})\b"
    rf"(?!\s+(?:habiles\s+anteriores|que\s+llev|pasad|anterior))"
)
_ON_WEEKDAY = re.compile(
    rf"\b(?:(?P<before>(?:el\s+)?(?:pasado|proximo|ultimo|este|ese|siguiente|last|next|this|proxima|ultima)\s+))?(?P<weekday>{_WEEKDAY})\b"
    r"(?:\s+(?P<after>pasado|pasada|anterior|proximo|que\s+viene|que\s+paso|siguiente|entrante|ultimo|de\s+(?:la\s+|esta\s+)?"
    r"(?:proxima\s+semana|semana\s+(?:que\s+viene|entrante|pasada|proxima)|otra\s+semana|semana))\b)?"
)
_DAY_ONLY = re.compile(
    r"\b(?:(?:desde|hasta|para|antes\s+d)?(?:\s*el|el)\s+(?:pasado\s+|proximo\s+)?dia|desde\s+el|hasta\s+el|para\s+el|antes\s+del|antes\s+de\s+el|el\s+pasado)"
    r"\s+(?P<day>[12]?\d|3[01])\b(?!\s*(?:[:/.,]\d|de\s+|%|am|pm|a\.m|p\.m|usuari|dias|horas))"
)
_FEASTS = {"navidad": (12, 25), "nochebuena": (12, 24), "ano nuevo": (1, 1), "fin de ano": (12, 31)}
_FEAST = re.compile(rf"\b(?:{'|'.join(_FEASTS)})\b")

_FUTURE = re.compile(
    r"\b(?:para|hasta|antes\s+del?|a\s+mas\s+tardar|agend\w+|program\w+|reunion|cita|visita\w*|mantenimiento|veng\w+|vendr\w+|entreg\w+|sera|vamos"
    r"|tenemos|vence|proxim\w+|atienden|abren|abiertos|trabajan|habra|mand\w+|ir|volver\w*|estar[ae]\w*|before|until|by|next|capacitacion|quiero"
    r"|queremos|puede\w*|podemos|necesit\w+|solicit\w+|requer\w+)\b(?:\W+\w+){0,4}\W*$"
)
_PAST = re.compile(
    r"\b(?:desde|hace|fue|paso|pas\w+do|llego|vin(?:o|ieron)|estuv\w+|reporte|reportamos|empezo|comenzo|hubo|radi[cq]\w+|envi[eo]|mande|pag(?:ue|amos)"
    r"|since|last|\w+(?:aron|ieron|amos|aba|aban))\b(?:\W+\w+){0,4}\W*$"
)


@dataclass(frozen=True, slots=True)
class Day:
    """A day or days in the text, both ends included."""

    at: int
    to: int
    first: date
    last: date
    confidence: float = 0.95
    moment: datetime | None = None  # exact, as in "hace 2 horas"


def points_ahead(folded: str, start: int) -> bool:
    """Whether the words around a bare weekday, month or day speak of the future."""
    before = folded[max(0, start - 45) : start]
    past = _PAST.search(before)
    future = _FUTURE.search(before)
    if past and future:
        return future.start() > past.start()
    return future is not None


def nearest(month: int, day: int, today: date, *, ahead: bool) -> date | None:
    """The day and month without a year: within the last eleven months or the next ones."""
    years = (today.year, today.year + 1) if ahead else (today.year, today.year - 1)
    options = [found for year in years if (found := make(year, month, day)) is not None]
    for found in options:
        if (found >= today) == ahead or found == today:
            return found
    return options[0] if options else None


def _written(folded: str, today: date) -> Iterator[Day]:
    for match in _ISO.finditer(folded):
        day = make(int(match["year"]), int(match["month"]), int(match["day"]))
        if day:
            yield Day(*match.span(), day, day, 0.99)
    for match in _NUMERIC.finditer(folded):
        first, second = int(match["day"] or match["day2"]), int(match["month"] or match["month2"])
        if match["year"]:
            year = full_year(match["year"])
            # Day first in Colombia; the other order only where this one is no date.
            day = make(year, second, first) or make(year, first, second)
        else:
            ahead = points_ahead(folded, match.start())
            day = nearest(second, first, today, ahead=ahead) if second <= 12 else None
        if day:
            yield Day(*match.span(), day, day, 0.97 if match["year"] else 0.8)
    for pattern in (_DAY_MONTH, _MONTH_DAY):
        for match in pattern.finditer(folded):
            written = match["day"]
            number_of_day = 1 if written[:1] == "1" and not written.isdigit() else number(written)
            month = MONTHS[match["month"]]
            if match["year"]:
                day = make(full_year(match["year"].strip("'")), month, number_of_day)
            else:
                ahead = points_ahead(folded, match.start())
                day = nearest(month, number_of_day, today, ahead=ahead)
            if day:
                yield Day(match.start(), match.start() + len(match[0].rstrip(".")), day, day, 0.97)


def _relative(folded: str, now: datetime) -> Iterator[Day]:
    today = now.date()
    for pattern, offset in _WORDS:
        for match in pattern.finditer(folded):
            day = today + timedelta(days=offset)
            yield Day(*match.span(), day, day, 0.97)
    for pattern, sign in ((_AGO, -1), (_AHEAD, 1)):
        for match in pattern.finditer(folded):
            groups = match.groupdict()
            count = number(groups["count"] or groups["count2"])
            yield _moved(match.span(), now, UNITS[groups["unit"] or groups["unit2"]], sign * count)
    for match in _SINCE.finditer(folded):
        moved = _moved(match.span(), now, UNITS[match["unit"]], -number(match["count"]))
        yield Day(moved.at, moved.to, moved.first, today, 0.8)


def _moved(span: tuple[int, int], now: datetime, unit: str, count: int) -> Day:
    if unit in {"hour", "minute"}:
        moment = now + timedelta(**{f"{unit}s": count})
        moment = moment.replace(second=0, microsecond=0)
        return Day(*span, moment.date(), moment.date(), 0.93, moment)
    day = shift(now.date(), unit, count)
    return Day(*span, day, day, 0.93)


def _weekdays(folded: str, today: date) -> Iterator[Day]:
    for match in _ON_WEEKDAY.finditer(folded):
        weekday = WEEKDAYS[match["weekday"]]
        said = f"{match['before'] or ''} {match['after'] or ''}"
        days_back = (today.weekday() - weekday) % 7
        before = today - timedelta(days=days_back or 7)
        after = today + timedelta(days=(7 - days_back) % 7 or 7)
        monday = today - timedelta(days=today.weekday())
        if re.search(
            r"proxima\s+semana|semana\s+(?:que\s+viene|entrante|proxima)|otra\s+semana", said
        ):
            day = monday + timedelta(days=7 + weekday)
        elif re.search(r"semana\s+pasada", said):
            day = monday + timedelta(days=weekday - 7)
        elif re.search(r"de\s+(?:la\s+|esta\s+)?semana", said):
            day = monday + timedelta(days=weekday)
        elif re.search(r"pasad|ultim|anterior|que\s+paso|last", said):
            day = before
        elif re.search(r"proxim|que\s+viene|siguiente|entrante|next", said):
            day = after
        elif re.search(r"este|this", said):
            day = monday + timedelta(days=weekday)
        elif points_ahead(folded, match.start()):
            day = today + timedelta(days=(7 - days_back) % 7)
        else:
            day = today - timedelta(days=days_back)
        start = match.start()
        if match["before"] and match["before"].startswith("el "):
            start += 3
        # Short forms ("mar", "dom") are left to dates that are written out.
        if len(match["weekday"]) > 3:
            yield Day(start, match.end(), day, day, 0.9)


def _bare(folded: str, today: date) -> Iterator[Day]:
    for match in _DAY_ONLY.finditer(folded):
        written = int(match["day"])
        ahead = points_ahead(folded, match.start("day"))
        for months in (0, 1) if ahead else (0, -1):
            month = shift(today.replace(day=1), "month", months)
            day = make(month.year, month.month, written)
            if day is not None and ((day >= today) if ahead else (day <= today)):
                yield Day(match.start("day"), match.end("day"), day, day, 0.7)
                break
    for match in _FEAST.finditer(folded):
        feast = _FEASTS[match[0]]
        ahead = points_ahead(folded, match.start())
        found = nearest(*feast, today, ahead=ahead)
        if found:
            yield Day(*match.span(), found, found, 0.8)


def _days(folded: str, now: datetime) -> list[Day]:
    today = now.date()
    found = [*_written(folded, today), *_relative(folded, now), *_weekdays(folded, today)]
    found += _bare(folded, today)
    found += [Day(*period) for period in periods.find(folded, today, points_ahead)]
    kept = resolve(
        Found("fecha", day.at, day.to, day, day.confidence, rank=day.to - day.at) for day in found
    )
    return [find.value for find in kept]


_JOINT = re.compile(
    r"\s*,?\s*(?:(?:a|por|en|de|desde|como|mas|o|menos|a\s+eso\s+de|sobre|hacia|at|in|the|as|aproximadamente)\s+)*(?:la\s+|las\s+|el\s+)?\s*"
)
_OF = re.compile(r"\s*,?\s*(?:(?:de|del|el|dia|do|of|on|este|da)\s+)*")
_RANGE = re.compile(r"\s*(?:-|al?|y|hasta|until|to|e|and|ao)\s+(?:el\s+|las?\s+)?(?:dia\s+)?")


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _value(day: Day) -> Value:
    if day.moment is not None:
        return _iso(day.moment)
    if day.first == day.last:
        return day.first.isoformat()
    return {"start": day.first.isoformat(), "end": day.last.isoformat()}


def _at(day: date, clock: Clock, *, last: bool = False) -> datetime:
    time = clock.last if last else clock.first
    return datetime.combine(day, time, tzinfo=BOGOTA)


def _timed(day: Day, clock: Clock) -> Value:
    if clock.first == clock.last and day.first == day.last:
        return _iso(_at(day.first, clock))
    return {"start": _iso(_at(day.first, clock)), "end": _iso(_at(day.last, clock, last=True))}


def _ranges(folded: str, days: list[Day]) -> list[Day]:
    """Two days joined by "al", "hasta", "y" after "entre" become one interval."""
    joined: list[Day] = []
    for day in days:
        if joined and joined[-1].first <= day.last and day.moment is None:
            gap = folded[joined[-1].to : day.at]
            opening = re.search(
                r"\b(?:del?|desde|entre|from|between)\W+(?:el\s+)?(?:dia\s+)?$",
                folded[: joined[-1].at][-20:],
            )
            if opening and _RANGE.fullmatch(gap) and joined[-1].first < day.last:
                start = joined.pop()
                joined.append(Day(start.at, day.to, start.first, day.last, 0.93))
                continue
        joined.append(day)
    return joined


def find(folded: str, now: datetime) -> Iterator[Found]:
    """Every date, time and interval in folded text; ``now`` is aware."""
    local = now.astimezone(BOGOTA)
    days = _ranges(folded, _days(folded, local))
    used: set[Clock] = set()
    clocks = [c for c in find_clocks(folded) if all(c.to <= d.at or d.to <= c.at for d in days)]
    for day in days:
        for clock in clocks:
            after = clock.at >= day.to and _JOINT.fullmatch(folded[day.to : clock.at])
            before = day.at >= clock.to and _OF.fullmatch(folded[clock.to : day.at])
            if clock not in used and (after or before) and day.moment is None:
                used.add(clock)
                start, end = min(day.at, clock.at), max(day.to, clock.to)
                yield Found("fecha", start, end, _timed(day, clock), 0.93, rank=6)
                break
        else:
            yield Found("fecha", day.at, day.to, _value(day), day.confidence, rank=6)
    for clock in clocks:
        if clock not in used:
            today = Day(clock.at, clock.to, local.date(), local.date())
            yield Found("fecha", clock.at, clock.to, _timed(today, clock), clock.confidence, rank=5)
