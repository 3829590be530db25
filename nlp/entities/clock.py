"""Times of the day: "a las 3:15 pm", "diez y media de la mañana", "por la tarde", "de 8 a 10"."""

from dataclasses import dataclass, replace
from datetime import time

from nlp.entities.date_rules import Context, Parts

_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Clock:
    """A time or, with ``first != last``, a stretch of the day."""

    first: time
    last: time
    sure: bool = True  # whether the half of the day was said
    part: str | None = None
    confidence: float = 0.9


_PARTS = {
    "manana": (time(6), time(11, 59, 59)), "tarde": (time(12), time(17, 59, 59)),
    "noche": (time(18), time(23, 59, 59)), "madrugada": (time(0), time(5, 59, 59)),
    "mediodia": (time(12), time(12)), "medianoche": (time(0), time(0)),
}  # fmt: skip
_MIDDLES = {"manana": (9, 11), "tarde": (14, 16), "noche": (20, 22), "madrugada": (2, 4)}


def of_part(name: str) -> Clock:
    return Clock(*_PARTS[name], part=name, confidence=0.85)


def _minutes(moment: time) -> int:
    return moment.hour * 60 + moment.minute


def _time(minutes: int, second: int = 0) -> time:
    minutes %= _DAY
    return time(minutes // 60, minutes % 60, second)


def in_half(hour: int, half: str | None) -> tuple[int, bool]:
    """(hour 0–23, whether the half of the day was said)."""
    if half in {"p", "tarde", "noche"}:
        late = half == "noche" and hour == 12
        return (0 if late else hour + 12 if hour < 12 else hour), True
    if half in {"a", "manana", "madrugada"}:
        return (0 if hour == 12 and half != "manana" else hour), True
    if half == "mediodia":
        return (hour + 12 if hour < 6 else hour), True
    # Offices are at work from seven to six: "a las 3" is the afternoon.
    return (hour + 12 if 1 <= hour <= 6 else hour % 24), hour > 12 or hour == 0


def _half(parts: Parts) -> str | None:
    for name in ("half", "halfb"):
        for word in parts.groups.get(name, ()):
            if word.kind in {"AMPM", "PART", "NOON"}:
                return str(word.value)
            if word.kind == "MANANA":
                return "manana"
            if word.kind in {"M", "DIA"}:
                return "mediodia"
    return None


def _clock(hour: int, minute: int, second: int, half: str | None, *, sure: bool) -> Clock:
    hour, said = (hour, True) if sure and half is None else in_half(hour, half)
    moment = time(hour % 24, minute, second)
    return Clock(moment, moment, said, confidence=0.9 if said else 0.8)


def clock(parts: Parts, ctx: Context) -> Clock | None:  # noqa: ARG001
    half, second, sure = _half(parts), 0, False
    if "clock" in parts:
        moment, sure = parts.value("clock")
        hour, minute, second = moment.hour, moment.minute, moment.second
    elif "dotted" in parts:
        hour, minute = parts.value("dotted")
    elif "hhmm" in parts:
        hour, minute = divmod(parts.number("hhmm"), 100)
    else:
        hour, minute = parts.number("hour"), parts.number("minute")
    if not (hour <= 24 and minute <= 59):
        return None
    minute += {"MEDIA": 30, "CUARTO": 15}.get(parts.kind("plus"), 0)
    found = _clock(hour, minute % 60, second, half, sure=sure)
    if "less" in parts:
        less = 15 if parts.kind("less") == "CUARTO" else parts.number("less")
        moment = _time(_minutes(found.first) - less)
        found = replace(found, first=moment, last=moment)
    return found


def around_hour(parts: Parts, ctx: Context) -> Clock | None:
    """Reads "faltan 3 minutos para las ocho", "cuarto pasadas las ocho"."""
    inner = (
        {"hour": parts.groups["hour"]}
        if parts.kind("hour") != "CLOCK"
        else {"clock": parts.groups["hour"]}
    )
    inner |= {n: parts.groups[n] for n in ("minute", "half") if n in parts}
    base = clock(Parts(inner), ctx)
    if base is None:
        return None
    minutes = 15 if parts.kind("minutes") == "CUARTO" else parts.number("minutes")
    sign = 1 if parts.kind("side") == "PASTS" else -1
    moment = _time(_minutes(base.first) + sign * minutes)
    return replace(base, first=moment, last=moment)


def part(parts: Parts, ctx: Context) -> Clock | None:  # noqa: ARG001
    if "middle" in parts:
        name = "manana" if parts.kind("middle") == "MANANA" else parts.value("middle")
        first, last = _MIDDLES[name]
        return Clock(time(first), time(last), part=name, confidence=0.7)
    kinds = parts.kinds("part")
    if kinds[0] == "MANANA":
        return of_part("manana")
    if kinds[0] == "MEDIO":
        return of_part("mediodia")
    if kinds[0] == "MEDIA":
        word = parts.groups["part"][-1].value
        return of_part("medianoche") if word == "noche" else None
    return of_part(parts.value("part"))


def _side(parts: Parts, name: str) -> Clock | None:
    """One end of a stretch: a time, or a bare hour."""
    value = parts.value(name)
    if isinstance(value, Clock):
        return value
    kind = parts.kind(name)
    if kind == "CLOCK":
        moment, sure = value
        return Clock(moment, moment, sure)
    hour, minute = value if kind == "DOTTED" else (value, 0)
    if hour > 24 or minute > 59:
        return None
    return Clock(time(hour % 24, minute), time(hour % 24, minute), sure=hour > 12 or hour == 0)


def _both(moment: Clock) -> list[int]:
    """The moments of the day that are meant: two where the half was not said."""
    at = _minutes(moment.first)
    return [at] if moment.sure else [at, at + 720]


def _stretch(first: Clock, last: Clock) -> Clock:
    """The shortest stretch: "de 8 a 10 pm" says the half once."""
    starts, ends = _both(first), _both(last)
    if not first.sure and not last.sure:
        # Of the two equally long readings the one in working hours, six to six, is meant.
        starts = [s for s in starts if 360 <= s < 1080] or starts
    _, start, end = min(((e - s) % _DAY or _DAY, s, e) for s in starts for e in ends)
    return Clock(_time(start), _time(end), confidence=0.85)


def bare_clocks(parts: Parts, ctx: Context) -> Clock | None:  # noqa: ARG001
    first, last = _side(parts, "a"), _side(parts, "b")
    if first is None or last is None:
        return None
    half = _half(parts)
    if half is not None:
        hour, sure = in_half(last.first.hour, half)
        moment = time(hour % 24, last.first.minute)
        last = Clock(moment, moment, sure)
    return _stretch(first, last)


def clocks(parts: Parts, ctx: Context) -> Clock | None:  # noqa: ARG001
    first, last = _side(parts, "a"), _side(parts, "b")
    if first is None or last is None or first.part or last.part or first.first != first.last:
        return None
    # What was taken for the afternoon by office hours is open again.
    first, last = _open(first), _open(last)
    return _stretch(first, last)


def _open(moment: Clock) -> Clock:
    if moment.sure or moment.first.hour < 12:
        return moment
    at = _time(_minutes(moment.first) - 720)
    return replace(moment, first=at, last=at)


def part_clock(parts: Parts, ctx: Context) -> Clock | None:  # noqa: ARG001
    """Reads "por la tarde a las 7", "6:45 this morning"."""
    part_said: Clock = parts.value("part")
    moment: Clock = parts.value("clock")
    if part_said.part is None or moment.part is not None:
        return None
    return within(moment, part_said.part)


def within(moment: Clock, part_of_day: str | None) -> Clock:
    """A time of which the part of the day was said elsewhere: "anoche a las 8"."""
    if part_of_day is None or moment.sure or moment.first != moment.last:
        return moment
    hour, _ = in_half(_open(moment).first.hour, part_of_day)
    at = moment.first.replace(hour=hour % 24)
    return replace(moment, first=at, last=at, sure=True)
