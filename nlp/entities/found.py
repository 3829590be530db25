"""What every recogniser yields, and which of two overlapping finds is kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Found:
    """A span of the cleaned text. ``rank`` decides between overlapping finds, then length."""

    type: str
    start: int
    end: int
    value: Any
    confidence: float = 0.95
    rank: int = 5  # 9: cannot be anything else … 1: a guess


def resolve(found: Iterable[Found]) -> list[Found]:
    """The best finds without overlaps, in reading order."""
    kept: list[Found] = []
    for find in sorted(found, key=lambda f: (-f.rank, f.start - f.end, f.start)):
        if all(find.end <= other.start or other.end <= find.start for other in kept):
            kept.append(find)
    return sorted(kept, key=lambda f: f.start)
