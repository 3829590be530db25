"""Names that are known: found in text with typos and accents forgiven."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from rapidfuzz.distance import OSA

from nlp.entities.found import ACCOUNT, Found
from nlp.normalise import fold

_TOKEN = re.compile(r"[a-z0-9]+")
_GAP = re.compile(r"[ .&/'´-]*")
_LONGEST = 6  # words of a name that are compared
_MOST = 20_000  # names of one gazetteer; what comes after is ignored


Token = tuple[str, int, int]  # a word and its span


def tokens_of(folded: str) -> list[Token]:
    """The words of folded text."""
    return [(match[0], *match.span()) for match in _TOKEN.finditer(folded)]


def _joined(folded: str, tokens: list[Token], i: int, most: int) -> int:
    """How many words from the ``i``-th on could be one name: a comma or a new line ends it."""
    count = 1
    while count < most and i + count < len(tokens):
        gap = folded[tokens[i + count - 1][2] : tokens[i + count][1]]
        if len(gap) > 3 or not _GAP.fullmatch(gap):
            break
        count += 1
    return count


def _allowed(size: int) -> int:
    """Typos forgiven in a name of ``size`` characters."""
    return 0 if size < 5 else 1 if size < 9 else 2


def _word_by_word(key: str, name: str) -> bool:
    """Short words of a longer name must be right: "Periferia a" is not "Periferia IT"."""
    pairs = zip(key.split(), name.split(), strict=True)
    return all(OSA.distance(a, b) <= _allowed(len(b)) for a, b in pairs)


class NameIndex:
    """Names of one entity type; ``value`` of a find is the name as it was given."""

    def __init__(
        self,
        entity_type: str,
        names: Iterable[str],
        *,
        confidence: float,
        rank: int,
        typos_from: int = 5,  # characters of a single word from which typos are forgiven
    ) -> None:
        self._type = entity_type
        self._confidence = confidence
        self._rank = rank
        self._typos_from = typos_from
        self._exact: dict[str, str] = {}
        # (words, first letter) → names that a typo may hide; the first letter is rarely wrong.
        self._near: dict[tuple[int, str], list[str]] = {}
        # First word → how many words its names have; first letter → the same where typos may hide.
        self._starts: dict[str, set[int]] = {}
        self._letters: dict[str, set[int]] = {}
        for name in list(names)[:_MOST]:
            parts = [token for token, _, _ in tokens_of(fold(name))][:_LONGEST]
            key = " ".join(parts)
            if len(key) < 2 or key in self._exact:
                continue
            self._exact[key] = name
            self._starts.setdefault(parts[0], set()).add(len(parts))
            if _allowed(len(key)) and not any(map(str.isdigit, key)):
                self._near.setdefault((len(parts), key[0]), []).append(key)
                self._letters.setdefault(key[0], set()).add(len(parts))

    def _lookup(self, key: str, size: int, known: frozenset[str]) -> tuple[str, float] | None:
        if key in self._exact:
            return self._exact[key], 1.0
        allowed = 0 if size == 1 and len(key) < self._typos_from else _allowed(len(key))
        # Words that are known to be words are no typos: "la caja" is not "La Ceja".
        if not allowed or key in known or (size > 1 and known.issuperset(key.split())):
            return None
        best: tuple[int, str] | None = None
        for name in self._near.get((size, key[0]), ()):
            if abs(len(name) - len(key)) <= allowed:
                distance = OSA.distance(key, name, score_cutoff=allowed)
                if distance > allowed or (best is not None and distance >= best[0]):
                    continue
                if size == 1 or _word_by_word(key, name):
                    best = (distance, name)
        return (self._exact[best[1]], 0.9 - 0.1 * best[0]) if best else None

    def _sizes(self, word: str, known: frozenset[str]) -> set[int]:
        """How many words a name that begins with ``word``, or a typo of it, could have."""
        sizes = self._starts.get(word, set())
        if len(word) >= 5 and word not in known:
            sizes = sizes | self._letters.get(word[0], set())
        return sizes

    def find(
        self,
        folded: str,
        known: frozenset[str] = frozenset(),
        tokens: list[Token] | None = None,
    ) -> Iterator[Found]:
        """Every name in folded text; ``known`` are words that are no typo of a name."""
        tokens = tokens_of(folded) if tokens is None else tokens
        for i, (word, start, _) in enumerate(tokens):
            sizes = self._sizes(word, known)
            if not sizes:
                continue
            most = _joined(folded, tokens, i, max(sizes))
            for size in sorted(sizes, reverse=True):
                if size > most:
                    continue
                key = word if size == 1 else " ".join([t[0] for t in tokens[i : i + size]])
                hit = self._lookup(key, size, known)
                if hit is not None:
                    confidence = self._confidence * hit[1]
                    end = tokens[i + size - 1][2]
                    yield Found(self._type, start, end, hit[0], confidence, self._rank)
                    break


class Gazetteer:
    """What is known about a contact's account; built once per account, used for many messages."""

    def __init__(
        self,
        services: Iterable[str] = (),
        companies: Iterable[str] = (),
        people: Iterable[str] = (),
        contracts: Iterable[str] = (),
    ) -> None:
        self.indexes = tuple(
            NameIndex(entity_type, names, confidence=0.97, rank=ACCOUNT)
            for entity_type, names in (
                ("servicio", services),
                ("empresa", companies),
                ("persona", people),
                ("contrato", contracts),
            )
            if names
        )

    def find(self, folded: str, known: frozenset[str] = frozenset()) -> Iterator[Found]:
        tokens = tokens_of(folded)
        for index in self.indexes:
            yield from index.find(folded, known, tokens)


def read_names(path: Path) -> list[str]:
    """One name per line; empty lines and lines that begin with ``#`` are left out."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]
