"""Entities from the encoder's scores for each piece of a text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nlp.linear import Vector, softmax
from nlp.understanding import ENTITY_TYPES

# Outside, then the beginning and the inside of each type.
TAGS = ("O", *(f"{place}-{kind}" for kind in ENTITY_TYPES for place in "BI"))


@dataclass(frozen=True)
class Tagged:
    """Scores (pieces, tags) and each piece's place in the text; special pieces have no place."""

    offsets: Sequence[tuple[int, int]]
    scores: Vector


@dataclass(frozen=True, slots=True)
class Found:
    """A span of the text that the encoder takes for an entity."""

    start: int
    end: int
    type: str
    confidence: float


_GAP = 8  # characters between two pieces of an entity; more were left out of a long text


def _allowed() -> Vector:
    """0 where a tag may follow another, very little where not: only its own type continues."""
    penalty = np.zeros((len(TAGS), len(TAGS)), dtype=np.float32)
    for after, name in enumerate(TAGS):
        if name.startswith("I-"):
            kind = name[2:]
            for before, previous in enumerate(TAGS):
                if previous not in {f"B-{kind}", f"I-{kind}"}:
                    penalty[before, after] = -1e4
    return penalty


_ALLOWED = _allowed()
_START = np.array([-1e4 if name.startswith("I-") else 0.0 for name in TAGS], dtype=np.float32)


def best_path(scores: Vector) -> list[int]:
    """The likeliest sequence of tags in which nothing continues what did not begin."""
    total = scores[0] + _START
    back = []
    for row in scores[1:]:
        ways = total[:, None] + _ALLOWED
        back.append(ways.argmax(axis=0))
        total = ways.max(axis=0) + row
    path = [int(total.argmax())]
    for step in reversed(back):
        path.append(int(step[path[-1]]))
    return path[::-1]


def find(tagged: Tagged) -> list[Found]:
    """The entities in reading order, without overlaps."""
    real = [i for i, (start, end) in enumerate(tagged.offsets) if start < end]
    if not real:
        return []
    scores = tagged.scores[real]
    if (scores.argmax(axis=1) == 0).all():
        return []  # the usual case needs no path
    chances = softmax(scores)
    return list(_spans(best_path(np.log(chances)), [tagged.offsets[i] for i in real], chances))


def _spans(
    path: Sequence[int], offsets: Sequence[tuple[int, int]], chances: Vector
) -> Iterator[Found]:
    at = 0
    while at < len(path):
        begin = path[at]
        if not TAGS[begin].startswith("B"):
            at += 1
            continue
        to = at + 1
        while (
            to < len(path)
            and path[to] == begin + 1  # its inside stands after its beginning in TAGS
            and offsets[to][0] - offsets[to - 1][1] <= _GAP
        ):
            to += 1
        sure = min(float(chances[i, path[i]]) for i in range(at, to))
        yield Found(offsets[at][0], offsets[to - 1][1], TAGS[begin][2:], sure)
        at = to
