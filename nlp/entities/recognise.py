"""All recognisers over one message: known names first, then rules, the best of overlaps kept."""

from collections.abc import Iterator
from datetime import datetime

from nlp.entities import dates, identifiers, impact, money, names, references
from nlp.entities.found import Found, resolve
from nlp.gazetteer import Gazetteer
from nlp.normalise import Clean
from nlp.understanding import Entity


def _all(
    clean: Clean,
    general: names.Names,
    known: frozenset[str],
    now: datetime,
    gazetteer: Gazetteer | None,
) -> Iterator[Found]:
    folded, text = clean.folded, clean.text
    if gazetteer is not None:
        yield from gazetteer.find(folded, known)
    yield from identifiers.find_addresses(folded, text)
    if any(map(str.isdigit, folded)):
        yield from references.find_tickets(folded)
        yield from references.find_papers(folded, text)
        yield from identifiers.find_people_ids(folded)
        yield from identifiers.find_phones(folded)
    yield from references.find_errors(folded, text)
    yield from money.find(folded)
    yield from dates.find(folded, now)
    yield from impact.find_environments(folded)
    yield from impact.find_affected(folded)
    yield from general.find(folded, text, known)


def recognise(
    clean: Clean,
    original: str,
    general: names.Names,
    *,
    now: datetime,
    known: frozenset[str] = frozenset(),
    gazetteer: Gazetteer | None = None,
) -> tuple[Entity, ...]:
    """Entities with spans of ``original``, in reading order, without overlaps."""
    entities = []
    for find in resolve(_all(clean, general, known, now, gazetteer)):
        start, end = clean.original(find.start, find.end)
        entities.append(
            Entity(
                type=find.type,
                text=original[start:end],
                start=start,
                end=end,
                value=find.value,
                confidence=round(find.confidence, 3),
            )
        )
    return tuple(entities)
