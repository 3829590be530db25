"""Our dates judged by Microsoft's Spanish specs.

``python -m benchmarks.date_specs [--wrong]`` in ``tests/`` prints the figures (and the failures).

The specs lie outside this repository (``../shared/data/recognizers_specs_es``). Those that give
values (``*Parser``) are judged by the value, those that only mark text (``*Extractor``) by the
marked words without articles, prepositions and the cue before a time, which our spans leave out.

Conventions that differ and are allowed for: the end of a stretch is its last day with us, in the
specs the first day after it (but the last day where two days are written); a time of the day is
laid on today with us; where the specs leave one end open we name the other. Where a spec
names a past and a future reading, either is right; which one we choose is tested elsewhere.

Whole classes of specs are out of scope, see ``EXCLUDED``.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.measured import Measured

from nlp.entities.dates import BOGOTA, find
from nlp.normalise import fold

SPECS = Path(__file__).parents[3] / "shared/data/recognizers_specs_es/DateTime/Spanish"

# Class → what a spec of it looks like; the first that fits counts.
EXCLUDED: dict[str, re.Pattern[str]] = {
    "season": re.compile(r"\b(?:verano|primavera|otono|invierno)\b"),
    "decade, century or a year long ago": re.compile(
        r"\bdecadas?\b|\bdecenios?\b|\bsiglo\b|\blos (?:anos )?(?:19|20)?\d0\b|\blos anos\b(?! "
        r"\d+$)"
        r"|\blos (?:noventa|setenta)\b|\bano (?:dos cientos|247)|\bmil setecientos"
    ),
    "feast of another country": re.compile(
        r"yuandan|accion de gracias|patricio|dia blanco"
    ),
    "again and again": re.compile(r"\blos (?:viernes|sabados)\b"),
    "points back at something told": re.compile(
        r"\bmism[oa] (?:semana|mes|ano)\b|\baquel\b|\bmi semana\b|\ben el dia$|^volvere el dia$"
        r"|\bdias despues$"
    ),
    "hours of a vague part of the day": re.compile(
        r"\b(?:primeras|ultimas|altas) horas\b|\bhoras laborales\b|(?:en|por) la (?:noche"
        r"|tarde|manana)\.?$"
        r"|\bmedia (?:madrugada|manana|tarde)\b"
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Spec:
    file: str
    text: str
    now: datetime
    wanted: tuple[dict[str, Any], ...]  # Text, and Value in the parsers

    @property
    def has_values(self) -> bool:
        return self.file.endswith("Parser")

    @property
    def excluded(self) -> str | None:
        if self.file.startswith("Duration"):
            return "mere duration"
        folded = fold(self.text).strip()
        return next((name for name, like in EXCLUDED.items() if like.search(folded)), None)


def specs(folder: Path = SPECS) -> Iterator[Spec]:
    for path in sorted(folder.glob("*.json")):
        for row in json.loads(path.read_text(encoding="utf-8-sig")):
            written = row.get("Context", {}).get("ReferenceDateTime") or "2016-11-07T12:00:00"
            now = datetime.fromisoformat(written).replace(tzinfo=BOGOTA)
            yield Spec(path.stem, row["Input"], now.astimezone(UTC), tuple(row["Results"]))


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written[:10])
    except ValueError:
        return None


def _same(got: Any, wanted: dict[str, str], timex: str) -> bool:
    """Whether our value is this resolution of the spec."""
    start = got["start"] if isinstance(got, dict) else got
    end = got["end"] if isinstance(got, dict) else got
    if "date" in wanted:
        return start == end == wanted["date"]
    if "time" in wanted:
        return start == end and start[11:19] == wanted["time"]
    if "startTime" in wanted:
        ends = {wanted["endTime"]}
        return (start[11:19] or "00:00:00") == wanted["startTime"] and end[11:19] in ends
    first, last = _day(wanted.get("startDate", "")), _day(wanted.get("endDate", ""))
    if first is None or last is None:  # open at one side: we name the edge
        return start == end and (first or last) == _day(start)
    if _day(start) != first:
        return False
    ends = {last - timedelta(days=1)}
    if timex.startswith("("):  # from one day to another: both may be written
        ends.add(last)
    return _day(end) in ends


def _right_values(spec: Spec, got: list[Any]) -> bool:
    if len(got) != len(spec.wanted):
        return False
    for value, result in zip(got, spec.wanted, strict=True):
        resolutions = result["Value"]
        options = [resolutions.get("FutureResolution"), resolutions.get("PastResolution")]
        timex = resolutions.get("Timex", "")
        if not any(_same(value, option, timex) for option in options if option):
            return False
    return True


_EDGES = re.compile(
    r"^(?:(?:el|la|los|las|de|del|desde|entre|en|a|por|durante|dia|mes)\s+)+", re.IGNORECASE
)


def _bare(text: str) -> str:
    return _EDGES.sub("", fold(text)).strip(" .,")


def right(spec: Spec) -> bool:
    found = sorted(find(fold(spec.text), spec.now), key=lambda f: f.start)
    if spec.has_values:
        return _right_values(spec, [f.value for f in found])
    got = [_bare(spec.text[f.start : f.end]) for f in found]
    return got == [_bare(result["Text"]) for result in spec.wanted]


@dataclass
class Tally:
    of: int = 0
    in_scope: int = 0
    right: int = 0

    @property
    def share(self) -> float:
        return self.right / self.in_scope if self.in_scope else 1.0


def judge(every: Iterator[Spec]) -> tuple[dict[str, Tally], Counter[str], list[Spec]]:
    """Tallies by file, excluded specs by class, and the wrong ones."""
    tallies: dict[str, Tally] = {}
    excluded: Counter[str] = Counter()
    wrong = []
    for spec in every:
        tally = tallies.setdefault(spec.file, Tally())
        tally.of += 1
        if spec.excluded is not None:
            excluded[spec.excluded] += 1
            continue
        tally.in_scope += 1
        if right(spec):
            tally.right += 1
        else:
            wrong.append(spec)
    return tallies, excluded, wrong


def total(tallies: dict[str, Tally], kind: str) -> Tally:
    """Of all files of a kind: "Parser" or "Extractor"."""
    rows = [t for name, t in tallies.items() if name.endswith(kind)]
    return Tally(*(sum(getattr(t, n) for t in rows) for n in ("of", "in_scope", "right")))


def measure() -> list[Measured]:
    """The two shares; nothing where the specs are missing."""
    if not SPECS.is_dir():
        return []
    tallies, _, _ = judge(specs())
    return [
        Measured(f"Spanish date specs in scope: {what}", 100 * total(tallies, kind).share, "%", 85)
        for what, kind in (("values", "Parser"), ("spans", "Extractor"))
    ]


def main() -> None:
    tallies, excluded, wrong = judge(specs())
    print(f"{'file':24} {'n':>5} {'in scope':>9} {'right':>6} {'share':>7}")
    rows = {**tallies, "all values (Parser)": total(tallies, "Parser"),
            "all spans (Extractor)": total(tallies, "Extractor")}  # fmt: skip
    for name, tally in rows.items():
        print(f"{name:24} {tally.of:5} {tally.in_scope:9} {tally.right:6} {tally.share:7.1%}")
    print("\nout of scope:", *(f"{n} {name}" for name, n in excluded.most_common()), sep="\n  ")
    if "--wrong" in sys.argv:
        for spec in wrong:
            found = [(spec.text[f.start : f.end], f.value) for f in find(fold(spec.text), spec.now)]
            values = [r.get("Value", {}).get("FutureResolution", r["Text"]) for r in spec.wanted]
            print(f"\n{spec.file} {spec.now:%Y-%m-%d}: {spec.text}\n   {values}\n   {found}")


if __name__ == "__main__":
    main()
