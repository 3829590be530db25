"""How good answers were, as numbers between 0 and 1: pure functions over labelled messages."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nlp.corpus import Example
from nlp.understanding import ENTITY_TYPES, INTENTS, Understanding

OUT_OF_SCOPE = "fuera_de_alcance"


@dataclass(frozen=True)
class Pair:
    """A labelled message and what was understood."""

    example: Example
    understood: Understanding

    @property
    def right(self) -> bool:
        return self.example.main == self.understood.intent

    @property
    def exact(self) -> bool:
        """All intents and no other, in whatever order."""
        return {s.intent for s in self.understood.intents} == set(self.example.intents)


@dataclass(frozen=True)
class Retrieval:
    """Of one class: ``labelled`` there were, ``found`` were named, ``right`` were both."""

    labelled: int
    found: int
    right: int

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        return self.right / self.labelled if self.labelled else 0.0

    @property
    def f1(self) -> float:
        both = self.labelled + self.found
        return 2 * self.right / both if both else 0.0


@dataclass(frozen=True)
class Bin:
    """Messages of nearly the same confidence: a calibrated one equals the accuracy."""

    count: int
    confidence: float
    accuracy: float


def share(hits: Sequence[bool]) -> float:
    """1.0 of nothing: no message failed."""
    return sum(hits) / len(hits) if hits else 1.0


def by_intent(pairs: Sequence[Pair]) -> dict[str, Retrieval]:
    """The main intents that are labelled or named."""
    found = {}
    for intent in INTENTS:
        labelled = sum(p.example.main == intent for p in pairs)
        named = sum(p.understood.intent == intent for p in pairs)
        right = sum(p.right and p.example.main == intent for p in pairs)
        if labelled or named:
            found[intent] = Retrieval(labelled, named, right)
    return found


def macro_f1(pairs: Sequence[Pair]) -> float:
    """The mean over the intents that are labelled."""
    scores = [r.f1 for r in by_intent(pairs).values() if r.labelled]
    return float(np.mean(scores)) if scores else 0.0


def reliability(pairs: Sequence[Pair], bins: int = 10) -> list[Bin]:
    """Equal-width bins of the main intent's confidence, empty ones left out."""
    confidence = np.array([p.understood.confidence for p in pairs])
    right = np.array([p.right for p in pairs], dtype=float)
    slot = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        Bin(int(inside.sum()), float(confidence[inside].mean()), float(right[inside].mean()))
        for b in range(bins)
        if (inside := slot == b).any()
    ]


def calibration_error(pairs: Sequence[Pair], bins: int = 10) -> float:
    """Expected calibration error."""
    return sum(
        b.count / len(pairs) * abs(b.confidence - b.accuracy) for b in reliability(pairs, bins)
    )


def entities(pairs: Sequence[Pair]) -> dict[str, Retrieval]:
    """Exact span and type, by type and under ``""`` in all; only where spans are labelled."""
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in (*ENTITY_TYPES, "")}
    for pair in pairs:
        if pair.example.spans is None:
            continue
        wanted = {(s.start, s.end, s.type) for s in pair.example.spans}
        got = {(e.start, e.end, e.type) for e in pair.understood.entities}
        for name, keys in (("labelled", wanted), ("found", got), ("right", wanted & got)):
            for _, _, kind in keys:
                counts[kind][name] += 1
                counts[""][name] += 1
    return {
        kind: Retrieval(c["labelled"], c["found"], c["right"])
        for kind, c in counts.items()
        if c["labelled"] or c["found"]
    }


def values(pairs: Sequence[Pair]) -> dict[str, tuple[int, int]]:
    """Right and all of the normalised values of found entities, by type and under ``""``."""
    counts: dict[str, list[bool]] = {}
    for pair in pairs:
        got = {(e.start, e.end, e.type): e.value for e in pair.understood.entities}
        for span in pair.example.spans or ():
            key = (span.start, span.end, span.type)
            if span.value is not None and key in got:
                for kind in (span.type, ""):
                    counts.setdefault(kind, []).append(got[key] == span.value)
    return {kind: (sum(hits), len(hits)) for kind, hits in counts.items()}


def summary(pairs: Sequence[Pair]) -> dict[str, float]:
    """The figures that a manifest keeps."""
    outside = [p for p in pairs if p.example.main == OUT_OF_SCOPE]
    inside = [p for p in pairs if p.example.main != OUT_OF_SCOPE]
    several = [p for p in pairs if len(p.example.intents) > 1]
    scores = {
        "accuracy": share([p.right for p in pairs]),
        "macro_f1": macro_f1(pairs),
        "out_of_scope_recall": share([p.right for p in outside]),
        "in_scope_kept": share([p.understood.intent != OUT_OF_SCOPE for p in inside]),
        "exact_set": share([p.exact for p in pairs]),
        "exact_set_of_several": share([p.exact for p in several]),
        "calibration_error": calibration_error(pairs) if pairs else 0.0,
        "language": share([p.example.language == p.understood.language for p in pairs]),
    }
    told: tuple[tuple[str, Callable[[Pair], tuple[str | None, str]]], ...] = (
        ("urgency", lambda p: (p.example.urgency, p.understood.urgency)),
        ("sentiment", lambda p: (p.example.sentiment, p.understood.sentiment)),
    )
    for name, both in told:
        labelled = [both(p) for p in pairs if both(p)[0] is not None]
        if labelled:
            scores[name] = share([wanted == got for wanted, got in labelled])
    found = entities(pairs)
    if found:
        scores["entity_f1"] = found[""].f1
        right, all_values = values(pairs).get("", (0, 0))
        scores["entity_value"] = right / all_values if all_values else 1.0
    return {name: round(value, 4) for name, value in scores.items()}
