"""How well a pipeline does on labelled messages, as numbers, a text and a picture."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from nlp.corpus import Example, read
from nlp.pipeline import Pipeline
from nlp.understanding import INTENTS, Understanding

NOW = datetime(2026, 11, 3, 15, 0, tzinfo=UTC)  # labelled dates are relative to this moment


@dataclass(frozen=True)
class Pair:
    example: Example
    understood: Understanding

    @property
    def right(self) -> bool:
        return self.example.main == self.understood.intent


@dataclass(frozen=True)
class Report:
    """``scores`` by name, 0–1; ``pairs`` hold every message with what was understood."""

    pairs: tuple[Pair, ...]
    scores: dict[str, float] = field(default_factory=dict)

    def wrong(self) -> list[Pair]:
        return [pair for pair in self.pairs if not pair.right]

    def by(self, key: Callable[[Example], str]) -> dict[str, tuple[float, int]]:
        """Accuracy of the main intent and number of messages by a property of the example."""
        groups: dict[str, list[bool]] = defaultdict(list)
        for pair in self.pairs:
            groups[key(pair.example)].append(pair.right)
        return {name: (sum(g) / len(g), len(g)) for name, g in sorted(groups.items())}

    def text(self) -> str:
        """The report to read in a terminal."""
        lines = [f"{len(self.pairs)} messages"]
        lines += [f"  {name:24} {value:.3f}" for name, value in self.scores.items()]
        titles: tuple[tuple[str, Callable[[Example], str]], ...] = (
            ("main intent", lambda e: e.main),
            ("writer", lambda e: e.style),
            ("language", lambda e: e.language),
        )
        for title, key in titles:
            lines += ["", f"accuracy by {title}"]
            lines += [f"  {name:24} {a:.3f}  n={n}" for name, (a, n) in self.by(key).items()]
        confused = Counter((p.example.main, p.understood.intent) for p in self.wrong())
        lines += ["", "most confused (labelled → understood)"]
        lines += [f"  {a} → {b}  {n}" for (a, b), n in confused.most_common(15)]
        return "\n".join(lines)


def _macro_f1(pairs: Sequence[Pair]) -> float:
    scores = []
    for intent in INTENTS:
        both = sum(p.right and p.example.main == intent for p in pairs)
        total = sum((p.example.main == intent) + (p.understood.intent == intent) for p in pairs)
        if any(p.example.main == intent for p in pairs):
            scores.append(2 * both / total)
    return float(np.mean(scores)) if scores else 0.0


def calibration_error(pairs: Sequence[Pair], bins: int = 10) -> float:
    """Expected calibration error of the main intent's confidence, equal-width bins."""
    confidence = np.array([p.understood.confidence for p in pairs])
    right = np.array([p.right for p in pairs], dtype=float)
    slot = np.minimum((confidence * bins).astype(int), bins - 1)
    error = 0.0
    for b in range(bins):
        inside = slot == b
        if inside.any():
            error += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
    return float(error)


def _share(hits: Sequence[bool]) -> float:
    return sum(hits) / len(hits) if hits else 1.0


def _entity_scores(pairs: Sequence[Pair]) -> dict[str, float]:
    right = found = labelled = 0
    values: list[bool] = []
    for pair in pairs:
        if pair.example.spans is None:
            continue
        wanted = {(s.start, s.end, s.type): s.value for s in pair.example.spans}
        got = {(e.start, e.end, e.type): e.value for e in pair.understood.entities}
        right += len(wanted.keys() & got.keys())
        found += len(got)
        labelled += len(wanted)
        values += [
            got[key] == value for key, value in wanted.items() if value is not None and key in got
        ]
    if not labelled:
        return {}
    return {"entity_f1": 2 * right / (found + labelled), "entity_value": _share(values)}


def _score(pairs: Sequence[Pair]) -> dict[str, float]:
    outside = [p for p in pairs if p.example.main == "fuera_de_alcance"]
    inside = [p for p in pairs if p.example.main != "fuera_de_alcance"]
    several = [p for p in pairs if len(p.example.intents) > 1]
    sets = [{s.intent for s in p.understood.intents} == set(p.example.intents) for p in pairs]
    scores = {
        "accuracy": _share([p.right for p in pairs]),
        "macro_f1": _macro_f1(pairs),
        "out_of_scope_recall": _share([p.right for p in outside]),
        "in_scope_kept": _share([p.understood.intent != "fuera_de_alcance" for p in inside]),
        "exact_set": _share(sets),
        "exact_set_of_several": _share(
            [{s.intent for s in p.understood.intents} == set(p.example.intents) for p in several]
        ),
        "calibration_error": calibration_error(pairs) if pairs else 0.0,
        "language": _share([p.example.language == p.understood.language for p in pairs]),
    }
    for name in ("urgency", "sentiment"):
        labelled = [p for p in pairs if getattr(p.example, name) is not None]
        if labelled:
            scores[name] = _share(
                [getattr(p.example, name) == getattr(p.understood, name) for p in labelled]
            )
    return {name: round(v, 4) for name, v in (scores | _entity_scores(pairs)).items()}


def evaluate_examples(pipeline: Pipeline, examples: Sequence[Example]) -> Report:
    pairs = tuple(Pair(e, pipeline.understand(e.text, now=NOW)) for e in examples)
    return Report(pairs, _score(pairs))


def evaluate(pipeline: Pipeline, file: Path) -> Report:
    """Of one JSON-lines file, or of all in a folder, in the format of ``training_data/``."""
    return evaluate_examples(pipeline, read(file))


def confusion_picture(report: Report, path: Path) -> None:
    """A PNG: rows are what was labelled, columns what was understood, shares of the row."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    counts = np.zeros((len(INTENTS), len(INTENTS)))
    for pair in report.pairs:
        counts[INTENTS.index(pair.example.main), INTENTS.index(pair.understood.intent)] += 1
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(11, 10), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(INTENTS)), INTENTS, rotation=90)
    axes.set_yticks(range(len(INTENTS)), INTENTS)
    axes.set_xlabel("understood")
    axes.set_ylabel("labelled")
    for row, column in zip(*np.nonzero(counts), strict=True):
        shade = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, f"{counts[row, column]:.0f}", ha="center", va="center", color=shade)
    figure.savefig(path, dpi=110, format="png")
