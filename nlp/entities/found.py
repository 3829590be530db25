"""What every recogniser yields, and which of two overlapping finds is kept.

The ladder, from the top: names of the contact's own account; forms that are proved by themselves
(a check digit, ``PT-2026-000123``, an e-mail address); rules for structured types with a cue
("factura FE-1020", dates, money); spans that the trained tagger marked; the general lists of
towns, products and companies; loose rules, which are guesses. On one rung the longer find is kept.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

ACCOUNT = 10
PROVED = 9
CUED = 8  # rules with a cue take 6 to 8
TAGGED = 5
LISTED = 4
LOOSE = 3  # and below


@dataclass(frozen=True, slots=True)
class Found:
    """A span of the cleaned text; ``rank`` is its rung of the ladder."""

    type: str
    start: int
    end: int
    value: Any
    confidence: float = 0.95
    rank: int = LISTED


def resolve(found: Iterable[Found]) -> list[Found]:
    """The best finds without overlaps, in reading order."""
    kept: list[Found] = []
    taken: set[int] = set()
    for find in sorted(found, key=lambda f: (-f.rank, f.start - f.end, f.start, -f.confidence)):
        span = range(find.start, find.end)
        if span and taken.isdisjoint(span):
            kept.append(find)
            taken.update(span)
    return sorted(kept, key=lambda f: f.start)


def merge(rules: Iterable[Found], tagged: Iterable[Found]) -> list[Found]:
    """Finds of rules and lists joined with the spans of the tagger, by the ladder.

    Where both have marked the same span with the same type, the rule's value is kept on the higher
    rung, and the confidence grows: both would have to be wrong.
    """
    by_span = {(f.type, f.start, f.end): replace(f, rank=TAGGED) for f in tagged}
    found: list[Found] = []
    for rule in rules:
        agreeing = by_span.pop((rule.type, rule.start, rule.end), None)
        if agreeing is not None:
            sure = 1 - (1 - rule.confidence) * (1 - agreeing.confidence)
            rule = replace(rule, rank=max(rule.rank, TAGGED), confidence=sure)  # noqa: PLW2901
        found.append(rule)
    return resolve([*found, *by_span.values()])
