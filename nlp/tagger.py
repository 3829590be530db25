"""Entities as the encoder marks them: from one tag a piece to spans."""

import numpy as np

from nlp.encoder import Encoded
from nlp.entities.found import Found
from nlp.understanding import ENTITY_TYPES

# Outside, then the beginning and the inside of each type.
TAGS = ("O", *(f"{place}-{kind}" for kind in ENTITY_TYPES for place in "BI"))
TAGGED = 5  # its rung of the ladder in nlp.entities.found
_LEAST = 0.5  # below this mean probability a span is not believed


def spans(encoded: Encoded, text: str) -> list[Found]:
    """The spans of ``text``, which is what was encoded; values are left to who reads them."""
    if not len(encoded.tags):
        return []
    shifted = np.exp(encoded.tags - encoded.tags.max(axis=1, keepdims=True))
    probability = shifted / shifted.sum(axis=1, keepdims=True)
    best = probability.argmax(axis=1)
    found: list[Found] = []
    current: tuple[str, int, int, list[float]] | None = None
    for (start, end), tag, chances in zip(encoded.offsets, best, probability, strict=True):
        place, _, kind = ("O", "", "") if start >= end else TAGS[tag].partition("-")
        sure = float(chances[tag])
        if current is not None and place == "I" and kind == current[0]:
            current = (kind, current[1], end, [*current[3], sure])
            continue
        _close(found, current, text)
        current = (kind, start, end, [sure]) if place in {"B", "I"} else None
    _close(found, current, text)
    return found


def _close(
    found: list[Found], current: tuple[str, int, int, list[float]] | None, text: str
) -> None:
    if current is None:
        return
    kind, start, end, chances = current
    while start < end and text[start].isspace():  # a piece begins with the space before it
        start += 1
    sure = sum(chances) / len(chances)
    if start < end and sure >= _LEAST:
        found.append(Found(kind, start, end, None, round(sure, 3), TAGGED))
