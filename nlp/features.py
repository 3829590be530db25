"""Text to the sparse features that the linear heads see: words, concepts and characters."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from nlp.normalise import words
from nlp.understanding import Entity

# Kinds of features; each kind is scaled to its own length, so that a long message's many
# character n-grams cannot drown the few words that matter.
WORD, CONCEPT, CHAR = "w", "c", "x"
BLOCK_WEIGHT = {WORD: 1.0, CONCEPT: 1.0, CHAR: 0.8}

_NEGATIONS = frozenset({"no", "nunca", "ni", "sin", "tampoco", "not", "nao", "never", "don", "nem"})
_MASKED = frozenset(
    {"ticket", "factura", "contrato", "monto", "nit", "cedula", "email", "telefono", "url", "ip",
     "codigo_error"}
)  # fmt: skip
_CHAR_SIZES = (3, 4, 5)
_READ_WORDS = 220  # the head and tail of a long e-mail say what it is about


class Lexicon:
    """Concepts by their words: ``factur*`` is a prefix, ``mesa de ayuda`` a phrase (all folded)."""

    def __init__(self, concepts: Mapping[str, Sequence[str]]) -> None:
        self._words: dict[str, tuple[str, ...]] = {}
        self._prefixes: dict[str, tuple[str, ...]] = {}
        self._phrases: dict[tuple[str, ...], tuple[str, ...]] = {}
        for concept, entries in concepts.items():
            for entry in entries:
                self._add(entry, concept)

    def _add(self, entry: str, concept: str) -> None:
        parts = tuple(entry.split())
        if len(parts) > 1:
            self._phrases[parts] = (*self._phrases.get(parts, ()), concept)
        elif entry.endswith("*"):
            stem = entry[:-1]
            self._prefixes[stem] = (*self._prefixes.get(stem, ()), concept)
        else:
            self._words[entry] = (*self._words.get(entry, ()), concept)

    def of_word(self, word: str) -> tuple[str, ...]:
        found = self._words.get(word, ())
        for size in range(3, len(word) + 1):
            found += self._prefixes.get(word[:size], ())
        return found

    def find(self, tokens: Sequence[str]) -> list[tuple[int, str]]:
        """(position, concept) of every concept, in reading order."""
        found: list[tuple[int, str]] = []
        for i, token in enumerate(tokens):
            for size in (2, 3, 4):
                for concept in self._phrases.get(tuple(tokens[i : i + size]), ()):
                    found.append((i, concept))
            found.extend((i, concept) for concept in self.of_word(token))
        return found


def mask(folded: str, entities: Iterable[Entity]) -> str:
    """Identifiers replaced by their type: what was asked does not depend on which number it was."""
    parts: list[str] = []
    at = 0
    for entity in sorted(entities, key=lambda e: e.start):
        if entity.start < at:
            continue
        if entity.type in _MASKED:
            parts += (folded[at : entity.start], f" ent{entity.type.replace('_', '')} ")
            at = entity.end
        elif entity.type in {"fecha", "usuarios_afectados"}:
            parts += (folded[at : entity.start], f" ent{entity.type.replace('_', '')} ")
            at = entity.start
    parts.append(folded[at:])
    return "".join(parts)


def _word_features(tokens: Sequence[str]) -> Counter[str]:
    found: Counter[str] = Counter()
    negated = 0
    previous = "^"
    for token in tokens:
        found[f"w:{token}"] += 1
        found[f"w:{previous}_{token}"] += 1
        if negated and token.isalpha():
            found[f"w:no~{token}"] += 1
            negated -= 1
        if token in _NEGATIONS:
            negated = 3
        previous = token
    found[f"w:{previous}_$"] += 1
    size = len(tokens)
    found[f"w:size{0 if size == 0 else min(7, size.bit_length())}"] += 1
    return found


def _concept_features(tokens: Sequence[str], lexicon: Lexicon) -> Counter[str]:
    found: Counter[str] = Counter()
    previous: tuple[int, str] | None = None
    negations = [i for i, token in enumerate(tokens) if token in _NEGATIONS]
    for at, concept in lexicon.find(tokens):
        found[f"c:{concept}"] += 1
        if any(0 < at - i <= 3 for i in negations):
            found[f"c:no~{concept}"] += 1
        if previous is not None and previous[1] != concept and at - previous[0] <= 6:
            found[f"c:{previous[1]}>{concept}"] += 1
        previous = (at, concept)
    return found


def _char_features(tokens: Sequence[str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for token in tokens:
        padded = f"<{token[:24]}>"
        for size in _CHAR_SIZES:
            for i in range(len(padded) - size + 1):
                found[f"x:{padded[i : i + size]}"] += 1
    return found


_SPACES = re.compile(r"\s+")


def extract(masked: str, lexicon: Lexicon) -> dict[str, float]:
    """Feature → weight before inverse document frequency; sublinear in the count."""
    tokens = words(_SPACES.sub(" ", masked))
    if len(tokens) > _READ_WORDS:
        half = _READ_WORDS // 2
        tokens = tokens[:half] + tokens[-half:]
    counts = _word_features(tokens)
    counts.update(_concept_features(tokens, lexicon))
    counts.update(_char_features(tokens))
    return {name: 1.0 + math.log(count) for name, count in counts.items()}
