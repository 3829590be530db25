"""Text to the sparse features that the linear heads see: words and characters."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from nlp.normalise import words
from nlp.understanding import Entity

# Kinds of features; each kind is scaled to its own length, so that a long message's many
# character n-grams cannot drown the few words that matter.
WORD, CHAR = "w", "x"
BLOCK_WEIGHT = {WORD: 1.0, CHAR: 1.0}

_NEGATIONS = frozenset({"no", "nunca", "ni", "sin", "tampoco", "not", "nao", "never", "don", "nem"})
_MASKED = frozenset(
    {"ticket", "factura", "contrato", "monto", "nit", "cedula", "email", "telefono", "url", "ip",
     "codigo_error"}
)  # fmt: skip
_CHAR_SIZES = (3, 4, 5)
_READ_WORDS = 220  # the head and tail of a long e-mail say what it is about


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


def _char_features(tokens: Sequence[str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for token in tokens:
        padded = f"<{token[:24]}>"
        for size in _CHAR_SIZES:
            for i in range(len(padded) - size + 1):
                found[f"x:{padded[i : i + size]}"] += 1
    return found


_SPACES = re.compile(r"\s+")


def extract(masked: str) -> dict[str, float]:
    """Feature → weight before inverse document frequency; sublinear in the count."""
    tokens = words(_SPACES.sub(" ", masked))
    if len(tokens) > _READ_WORDS:
        half = _READ_WORDS // 2
        tokens = tokens[:half] + tokens[-half:]
    counts = _word_features(tokens)
    counts.update(_char_features(tokens))
    return {name: 1.0 + math.log(count) for name, count in counts.items()}
