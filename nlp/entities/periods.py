"""Stretches of days: weeks, months, years, "del 3 al 5 de noviembre", "los últimos 3 días"."""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from nlp.entities.calendar_words import (
    COUNT_WORDS,
    MONTHS,
    UNITS,
    add_months,
    make,
    month_span,
    number,
    shift,
    week_span,
)

Period = tuple[int, int, date, date, float]  # start, end, first day, last day, confidence
Ahead = Callable[[str, int], bool]

_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_LONG_MONTH = "|".join(sorted((m for m in MONTHS if len(m) > 3), key=len, reverse=True))
_UNIT = "|".join(sorted(UNITS, key=len, reverse=True))
_PAST = r"pasad[oa]|anterior|que\s+paso|ultim[oa]|antepasad[oa]|last|passad[oa]|previous"
_NEXT = r"proxim[oa]|que\s+viene|entrante|siguiente|next|que\s+vem|otr[oa]"
_THIS = r"est[ea]|presente|actual|this|en\s+curso|desta|deste"

_DAYS = re.compile(
    rf"\b(?:del?|desde\s+el|entre\s+(?:el\s+)?|el|from|between)\s*(?P<a>\d{{1,2}})\s+(?:al|y\s+(?:el\s+)?|hasta\s+el|a|to|and|e|ao)\s*(?P<b>\d{{1,2}})"
    rf"\s+(?:de\s+)?(?P<month>{_MONTH})\b(?:\s+(?:de\s+|del\s+)?(?P<year>(?:19|20)\d\d))?"
)
_NAMED = re.compile(
    rf"\b(?P<before>{_PAST}|{_NEXT}|{_THIS})\s+(?P<unit>fin\s+de\s+semana|semana|mes|ano|quincena|trimestre|semestre|week|month|year|weekend)\b"
    rf"|\b(?P<unit2>fin\s+de\s+semana|finde|semana|mes|ano|quincena|trimestre|semestre|week|month|year)\s+(?P<after>{_PAST}|{_NEXT}|{_THIS})\b"
)
_COUNTED = re.compile(
    rf"\b(?P<which>ultim[oa]s|pasad[oa]s|proxim[oa]s|siguientes|last|next|past)\s+(?P<count>\d{{1,3}}|{COUNT_WORDS})\s+(?P<unit>{_UNIT})\b"
    rf"|\b(?P<count2>\d{{1,3}}|{COUNT_WORDS})\s+(?P<which2>ultim[oa]s|proxim[oa]s)\s+(?P<unit2>{_UNIT})\b"
    r"|\b(?P<which3>ultim[oa]s|proxim[oa]s)\s+(?P<unit3>dias|semanas|meses)\b"
)
_OF_MONTH = re.compile(
    rf"\b(?:(?:en|de|desde|hasta|para|durante|del?\s+mes\s+de|mes\s+de|in|since|a|entre|y)\s+)(?:el\s+mes\s+de\s+)?(?P<month>{_LONG_MONTH})\b"
    rf"(?:\s+(?:de\s+|del\s+)?(?P<year>(?:19|20)\d\d|ano\s+pasado|este\s+ano|proximo\s+ano))?"
    rf"|\b(?P<month2>{_LONG_MONTH})\s+(?:de\s+|del\s+)?(?P<year2>(?:19|20)\d\d)\b"
    rf"|\b(?P<month3>{_LONG_MONTH})\s+(?P<which>pasado|proximo|que\s+viene)\b"
)
_OF_YEAR = re.compile(
    r"\b(?:en|del?|ano|desde|in|durante)\s+(?:el\s+)?(?:ano\s+)?(?P<year>20[0-4]\d)\b(?![-/.,]\d)"
)
_PART_OF_YEAR = re.compile(
    r"\b(?P<which>primer|segundo|tercer|cuarto|ultimo)\s+(?P<part>trimestre|semestre)(?:\s+(?:de\s+|del\s+(?:ano\s+)?)?(?P<year>20\d\d|este\s+ano))?"
)
_EDGE_OF_MONTH = re.compile(
    rf"\b(?P<edge>fin(?:ales)?|principios?|comienzos?|mitad|mediados|inicios?)\s+de(?:l)?\s+(?P<month>mes(?:\s+pasado)?|{_LONG_MONTH})\b"
)


def _month_near(month: int, today: date, *, ahead: bool) -> tuple[date, date]:
    year = today.year
    if ahead and month < today.month:
        year += 1
    elif not ahead and month > today.month:
        year -= 1
    return month_span(year, month)


def _ranges(folded: str, today: date, ahead: Ahead) -> Iterator[Period]:
    for match in _DAYS.finditer(folded):
        month = MONTHS[match["month"]]
        year = int(match["year"]) if match["year"] else 0
        if not year:
            year = _month_near(month, today, ahead=ahead(folded, match.start()))[0].year
        first, last = make(year, month, int(match["a"])), make(year, month, int(match["b"]))
        if first and last and first <= last:
            yield match.start("a"), match.end(), first, last, 0.95


def _unit_span(unit: str, day: date) -> tuple[date, date]:
    if unit in {"week", "semana"}:
        return week_span(day)
    if unit in {"fin de semana", "finde", "weekend"}:
        monday, sunday = week_span(day)
        return monday + timedelta(days=5), sunday
    if unit == "quincena":
        first, last = month_span(day.year, day.month)
        return (first, first.replace(day=15)) if day.day <= 15 else (first.replace(day=16), last)
    if unit in {"trimestre", "semestre"}:
        months = 3 if unit == "trimestre" else 6
        first = date(day.year, (day.month - 1) // months * months + 1, 1)
        return first, add_months(first, months) - timedelta(days=1)
    if unit in {"ano", "year"}:
        return date(day.year, 1, 1), date(day.year, 12, 31)
    return month_span(day.year, day.month)


def _neighbour(unit: str, today: date, step: int) -> tuple[date, date]:
    first, last = _unit_span(unit, today)
    for _ in range(abs(step)):
        if unit in {"fin de semana", "finde", "weekend"}:
            first, last = _unit_span(unit, first + timedelta(days=7 if step > 0 else -7))
        else:
            first, last = _unit_span(
                unit, (last if step > 0 else first) + timedelta(days=1 if step > 0 else -1)
            )
    return first, last


def _named(folded: str, today: date) -> Iterator[Period]:
    for match in _NAMED.finditer(folded):
        unit = re.sub(r"\s+", " ", match["unit"] or match["unit2"])
        said = match["before"] or match["after"]
        step = -1 if re.fullmatch(_PAST, said) else 1 if re.fullmatch(_NEXT, said) else 0
        step -= said.startswith("antepasad")
        yield *match.span(), *_neighbour(unit, today, step), 0.93


def _counted(folded: str, today: date) -> Iterator[Period]:
    for match in _COUNTED.finditer(folded):
        which = match["which"] or match["which2"] or match["which3"]
        unit = UNITS[match["unit"] or match["unit2"] or match["unit3"]]
        written = match["count"] or match["count2"]
        count = number(written) if written else 3  # "los últimos días" are a few
        if unit in {"hour", "minute"}:
            continue
        if which.startswith(("ult", "pas", "las")):
            yield *match.span(), shift(today, unit, -count), today, 0.9 if written else 0.6
        else:
            yield *match.span(), today, shift(today, unit, count), 0.9 if written else 0.6


def _months(folded: str, today: date, ahead: Ahead) -> Iterator[Period]:
    for match in _OF_MONTH.finditer(folded):
        name = next(n for n in ("month", "month2", "month3") if match[n])
        month, written = MONTHS[match[name]], match["year"] or match["year2"]
        start = match.start(name)
        if written and written.isdigit():
            first, last = month_span(int(written), month)
        elif written:
            year = today.year + ("proximo" in written) - ("pasado" in written)
            first, last = month_span(year, month)
        else:
            future = (match["which"] or "").startswith(("prox", "que"))
            first, last = _month_near(month, today, ahead=future or ahead(folded, start))
        yield start, match.end(), first, last, 0.9


def _years(folded: str, today: date) -> Iterator[Period]:
    for match in _OF_YEAR.finditer(folded):
        year = int(match["year"])
        yield match.start("year"), match.end(), date(year, 1, 1), date(year, 12, 31), 0.85
    for match in _PART_OF_YEAR.finditer(folded):
        year = int(match["year"]) if (match["year"] or "").isdigit() else today.year
        months = 3 if match["part"] == "trimestre" else 6
        order = {"primer": 0, "segundo": 1, "tercer": 2, "cuarto": 3, "ultimo": 12 // months - 1}
        if order[match["which"]] * months < 12:
            first = date(year, order[match["which"]] * months + 1, 1)
            last = add_months(first, months) - timedelta(days=1)
            yield *match.span(), first, last, 0.9


def _edges(folded: str, today: date, ahead: Ahead) -> Iterator[Period]:
    for match in _EDGE_OF_MONTH.finditer(folded):
        if match["month"].startswith("mes"):
            base = add_months(today, -1) if "pasado" in match["month"] else today
            first, last = month_span(base.year, base.month)
        else:
            towards = ahead(folded, match.start())
            first, last = _month_near(MONTHS[match["month"]], today, ahead=towards)
        if match["edge"].startswith("fin"):
            first = last - timedelta(days=4)
        elif match["edge"].startswith("m"):
            first, last = first.replace(day=11), first.replace(day=20)
        else:
            last = first.replace(day=10)
        yield *match.span(), first, last, 0.75


def find(folded: str, today: date, ahead: Ahead) -> Iterator[Period]:
    """Every stretch of days; ``ahead`` says whether a bare name points to the future."""
    yield from _ranges(folded, today, ahead)
    yield from _named(folded, today)
    yield from _counted(folded, today)
    yield from _months(folded, today, ahead)
    yield from _years(folded, today)
    yield from _edges(folded, today, ahead)
