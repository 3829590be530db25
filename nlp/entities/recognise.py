"""All recognisers over one message, joined with a tagger's spans, the best of overlaps kept."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from nlp.entities import addresses, dates, identifiers, impact, money, names
from nlp.entities.found import Found, merge
from nlp.gazetteer import Gazetteer
from nlp.normalise import Clean
from nlp.understanding import Entity


def _rules(
    clean: Clean,
    general: names.Names,
    known: frozenset[str],
    now: datetime,
    gazetteer: Gazetteer | None,
) -> Iterator[Found]:
    folded, text = clean.folded, clean.text
    if gazetteer is not None:
        yield from gazetteer.find(folded, known)
    yield from addresses.find_addresses(folded, text)
    if any(map(str.isdigit, folded)):
        yield from identifiers.find_tickets(folded)
        yield from addresses.find_people_ids(folded)
        yield from addresses.find_phones(folded)
    yield from identifiers.find_references(folded, text)
    yield from money.find(folded)
    yield from dates.find(folded, now)
    yield from impact.find_environments(folded)
    yield from impact.find_affected(folded)
    yield from general.find(folded, text, known)


# Types whose value is more than what is written: how to read a span that only the tagger saw.
_READERS: dict[str, Callable[[str, datetime], Iterable[Found]]] = {
    "fecha": dates.find,
    "monto": lambda folded, now: money.find(folded),  # noqa: ARG005
    "usuarios_afectados": lambda folded, now: impact.find_affected(folded),  # noqa: ARG005
    "ambiente": lambda folded, now: impact.find_environments(f"en {folded}"),  # noqa: ARG005
    "telefono": lambda folded, now: addresses.find_phones(folded),  # noqa: ARG005
    "ip": lambda folded, now: addresses.find_addresses(folded, folded),  # noqa: ARG005
}


def _valued(tagged: Iterable[Found], clean: Clean, now: datetime) -> Iterator[Found]:
    """The tagger's spans with a normalised value; those that cannot be read are dropped."""
    for find in tagged:
        written, folded = clean.text[find.start : find.end], clean.folded[find.start : find.end]
        if find.type in _READERS:
            read = [f for f in _READERS[find.type](folded, now) if f.type == find.type]
            if read:
                longest = max(read, key=lambda f: f.end - f.start)
                yield replace(find, value=longest.value)
        elif find.type in {"cedula", "nit"}:
            yield replace(find, value=re.sub(r"[^\d-]", "", written))
        elif find.type == "email":
            yield replace(find, value=folded)
        else:
            yield replace(find, value=written if find.value is None else find.value)


def recognise(
    clean: Clean,
    original: str,
    general: names.Names,
    *,
    now: datetime,
    known: frozenset[str] = frozenset(),
    gazetteer: Gazetteer | None = None,
    tagged: Iterable[Found] = (),
) -> tuple[Entity, ...]:
    """Entities with spans of ``original``, in reading order, without overlaps.

    ``tagged`` are spans of ``clean.text`` that a model marked; a value of ``None`` is read here.
    """
    found = merge(_rules(clean, general, known, now, gazetteer), _valued(tagged, clean, now))
    entities = []
    for find in found:
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
