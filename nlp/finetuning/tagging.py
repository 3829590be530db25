"""Entity spans as one tag a piece, for training; the way back is ``nlp.tagging.find``."""

from collections.abc import Sequence

from nlp.corpus import Span
from nlp.tagging import TAGS

IGNORED = -100  # torch's mark for a target that counts for nothing
Offsets = Sequence[tuple[int, int]]


def align(offsets: Offsets, spans: Sequence[Span]) -> list[int]:
    """The tag of each token; tokens without characters (``<s>``, ``</s>``) are ignored.

    A token belongs to a span where at least half of its own characters do, so that a piece which
    swallows a neighbouring mark does not lose the entity.
    """
    tags = []
    previous: Span | None = None
    for start, end in offsets:
        if start >= end:
            tags.append(IGNORED)
            continue
        inside = next(
            (s for s in spans if 2 * (min(end, s.end) - max(start, s.start)) >= end - start), None
        )
        if inside is None:
            tags.append(0)
        else:
            place = "I" if inside is previous else "B"
            tags.append(TAGS.index(f"{place}-{inside.type}"))
        previous = inside
    return tags
