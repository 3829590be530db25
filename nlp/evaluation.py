"""How well a pipeline does on labelled messages: as numbers, a text and a picture."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from nlp import scores
from nlp.corpus import Example, read
from nlp.pipeline import Pipeline
from nlp.scores import Pair
from nlp.understanding import INTENTS

__all__ = ["NOW", "Pair", "Report", "confusion_picture", "evaluate", "evaluate_examples"]

NOW = datetime(2026, 11, 3, 15, 0, tzinfo=UTC)  # labelled dates are relative to this moment
_GROUPS: tuple[tuple[str, Callable[[Example], str]], ...] = (
    ("writer", lambda e: e.style),
    ("channel", lambda e: e.channel),
    ("language", lambda e: e.language),
)


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

    def confused(self) -> list[tuple[str, str, int]]:
        """Labelled, understood, how often; the most frequent first."""
        counts = Counter((p.example.main, p.understood.intent) for p in self.wrong())
        return [(a, b, n) for (a, b), n in counts.most_common()]

    def as_dict(self) -> dict[str, Any]:
        """Everything but the messages themselves."""
        return {
            "messages": len(self.pairs),
            "scores": self.scores,
            "intents": {name: _retrieved(r) for name, r in scores.by_intent(self.pairs).items()},
            "confused": [{"labelled": a, "understood": b, "n": n} for a, b, n in self.confused()],
            "reliability": [
                {
                    "n": b.count,
                    "confidence": round(b.confidence, 4),
                    "accuracy": round(b.accuracy, 4),
                }
                for b in scores.reliability(self.pairs)
            ],
            "entities": {
                name or "all": _retrieved(r) for name, r in scores.entities(self.pairs).items()
            },
            "values": {
                name or "all": {"right": right, "n": n}
                for name, (right, n) in scores.values(self.pairs).items()
            },
            **{
                title: {
                    name: {"accuracy": round(a, 4), "n": n} for name, (a, n) in self.by(key).items()
                }
                for title, key in _GROUPS
            },
        }

    def text(self) -> str:
        """The report to read in a terminal."""
        lines = [f"{len(self.pairs)} messages"]
        lines += [f"  {name:24} {value:.3f}" for name, value in self.scores.items()]
        lines += ["", f"{'main intent':26} precision recall    F1     n"]
        lines += _table(scores.by_intent(self.pairs))
        for title, key in _GROUPS:
            lines += ["", f"accuracy by {title}"]
            lines += [f"  {name:24} {a:.3f}  n={n}" for name, (a, n) in self.by(key).items()]
        lines += ["", "most confused (labelled → understood)"]
        lines += [f"  {a} → {b}  {n}" for a, b, n in self.confused()[:15]]
        lines += ["", "confidence  accuracy     n"]
        lines += [
            f"      {b.confidence:.2f}      {b.accuracy:.2f} {b.count:5}"
            for b in scores.reliability(self.pairs)
        ]
        found = scores.entities(self.pairs)
        if found:
            right = scores.values(self.pairs)
            lines += ["", f"{'entity':26} precision recall    F1     n  values right"]
            for row, name in zip(_table(found), found, strict=True):
                hits, n = right.get(name, (0, 0))
                lines.append(f"{row}  {hits} of {n}" if n else row)
        return "\n".join(lines)


def _table(rows: dict[str, scores.Retrieval]) -> list[str]:
    return [
        f"  {name or 'all':24}   {r.precision:.3f}    {r.recall:.3f}  {r.f1:.3f} {r.labelled:5}"
        for name, r in rows.items()
    ]


def _retrieved(r: scores.Retrieval) -> dict[str, float]:
    return _rounded({"n": r.labelled, "precision": r.precision, "recall": r.recall, "f1": r.f1})


def _rounded(figures: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in figures.items()}


def evaluate_examples(pipeline: Pipeline, examples: Sequence[Example]) -> Report:
    understood = pipeline.understand_many([e.text for e in examples], now=NOW)
    pairs = tuple(map(Pair, examples, understood))
    return Report(pairs, scores.summary(pairs))


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
