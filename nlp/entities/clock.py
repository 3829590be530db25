"""Times of the day: "a las 3:15 pm", "diez y media de la mañana", "por la tarde", "de 8 a 10"."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time

from nlp.entities.calendar_words import SMALL, number


@dataclass(frozen=True, slots=True)
class Clock:
    """A time, or with ``first != last`` a stretch, of the day."""

    at: int
    to: int
    first: time
    last: time
    confidence: float = 0.85


_HOURS = "|".join(
    sorted((w for w, n in SMALL.items() if 1 <= n <= 12 and len(w) > 2), key=len, reverse=True)
)
_HALF_DAY = (
    r"(?:\s*(?P<half>[ap]\s?\.?\s?m\b\.?|(?:de|en|por|da)\s+(?:la\s+)?(?:manana|tarde"
    r"|noche|madrugada|manha|noite)|del\s+(?:dia|mediodia)"
    r"|m\b\.?))"
)
_MINUTES = (
    r"(?:\s*[:.h]\s*(?P<minutes>[0-5]\d)(?::[0-5]\d)?|\s+(?P<plus>y\s+media|y\s+cuarto"
    r"|y\s+(?:diez|veinte|cinco)|menos\s+cuarto"
    r"|en\s+punto))"
)
_TIME = re.compile(
    rf"\b(?:a|desde|hasta|sobre|tipo|para)\s+(?:eso\s+de\s+)?(?P<cue>las?)\s+(?P<hour>[01]?\d|2[0-4]|{_HOURS}|una)\b(?![/-]\d|\s*%){_MINUTES}?{_HALF_DAY}?"
    rf"|(?<![\d.,:/$-])(?P<hour2>[01]?\d|2[0-3])(?:\s*[:h]\s*(?P<minutes2>[0-5]\d))?\s*(?P<half2>[ap]\s?\.?\s?m\b\.?)"
    rf"|(?<![\d.,:/$-])(?P<hour3>[01]?\d|2[0-3]):(?P<minutes3>[0-5]\d)(?::[0-5]\d)?(?![\d:])"
    rf"{_HALF_DAY.replace('<half>', '<half3>')}?"
    rf"|\b(?P<hour4>[01]?\d|{_HOURS}|una)(?:\s+(?P<plus4>y\s+media|y\s+cuarto))?\s+(?P<half4>de\s+la\s+(?:manana|tarde|noche|madrugada))\b"
    rf"|\b(?:at|as)\s+(?P<hour5>[01]?\d|2[0-3])(?:[:h](?P<minutes5>[0-5]\d))?\s*(?P<half5>[ap]\.?m\b\.?|o'clock|da\s+(?:manha|tarde|noite))?"
    r"(?=[\s.,;!?]|$)"
)
_PARTS = {
    "manana": (time(6), time(11, 59, 59)), "manha": (time(6), time(11, 59, 59)),
    "morning": (time(6), time(11, 59, 59)), "tarde": (time(12), time(17, 59, 59)),
    "afternoon": (time(12), time(17, 59, 59)), "noche": (time(18), time(23, 59, 59)),
    "noite": (time(18), time(23, 59, 59)), "evening": (time(18), time(23, 59, 59)),
    "night": (time(18), time(23, 59, 59)), "madrugada": (time(0), time(5, 59, 59)),
    "mediodia": (time(12), time(12)), "medio dia": (time(12), time(12)),
    "noon": (time(12), time(12)),
    "medianoche": (time(0), time(0)),
}  # fmt: skip
_PART = re.compile(
    r"\b(?:(?:esta|por\s+la|en\s+la|this|de\s+la|in\s+the|toda\s+la|a\s+la|desta|esta\s+misma)\s+(?P<part>manana|tarde|noche|madrugada|manha|noite"
    r"|morning|afternoon|evening)|(?P<noon>medio\s?dia|noon|medianoche))\b"
)
_SPAN = re.compile(r"\s*(?:a|-|hasta|y|to|until)\s*(?:las?\s+)?")


def _hour(written: str, half: str | None) -> tuple[int, bool]:
    """(hour 0–23, whether the half of the day was said)."""
    hour = number(written) % 24
    half = (half or "").replace(" ", "").replace(".", "")
    if half.startswith(("p",)) or half.endswith(("tarde", "noche", "noite")):
        return (hour + 12 if hour < 12 else hour), True
    if half.startswith("a") or half.endswith(("manana", "madrugada", "manha")):
        return (0 if hour == 12 else hour), True
    if half in {"m", "delmediodia", "deldia"}:
        return 12 if hour == 12 else hour, True
    # Offices are at work from seven to six: "a las 3" is the afternoon.
    return (hour + 12 if 1 <= hour <= 6 and len(written) < 3 else hour), hour > 12


_PLUS = {"media": 30, "cuarto": 15, "diez": 10, "veinte": 20, "cinco": 5, "punto": 0}


def _clock(match: re.Match[str]) -> Clock | None:
    groups = match.groupdict()

    def said(name: str) -> str | None:
        keys = (name, *(f"{name}{i}" for i in range(2, 6)))
        return next((groups[key] for key in keys if groups.get(key)), None)

    written = said("hour")
    if written is None:
        return None
    hour, sure = _hour(written, said("half"))
    minutes = int(said("minutes") or 0)
    plus = said("plus")
    if plus:
        minutes = _PLUS[plus.split()[-1]]
        if plus.startswith("menos"):
            hour, minutes = (hour - 1) % 24, 60 - minutes
    moment = time(hour, minutes)
    start = match.start("cue") if groups.get("cue") else match.start()
    if groups.get("cue"):
        start = match.start("hour")
    return Clock(
        start, match.start() + len(match[0].rstrip()), moment, moment, 0.9 if sure else 0.8
    )


def find_clocks(folded: str) -> Iterator[Clock]:
    """Times in reading order; two joined by "a" or "hasta" are one stretch."""
    found = sorted(
        (clock for match in _TIME.finditer(folded) if (clock := _clock(match))), key=lambda c: c.at
    )
    parts = []
    for match in _PART.finditer(folded):
        name = match["part"] or match["noon"].replace("  ", " ")
        if all(match.end() <= c.at or c.to <= match.start() for c in found):
            first, last = _PARTS[name]
            parts.append(Clock(*match.span(), first, last, 0.85))
    joined: list[Clock] = []
    for clock in found:
        if joined and _SPAN.fullmatch(folded[joined[-1].to : clock.at]):
            start = joined.pop()
            first = start.first
            if first > clock.last and first.hour >= 12:  # "de 8 a 10 pm" said the half once
                first = first.replace(hour=first.hour - 12)
            joined.append(Clock(start.at, clock.to, first, clock.last, 0.85))
        else:
            joined.append(clock)
    yield from sorted([*joined, *parts], key=lambda c: c.at)
