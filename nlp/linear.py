"""Linear heads over named sparse features: plain arrays on disk, one gather and one product to run.

No pickle: a model file can hold numbers and names only.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nlp.features import BLOCK_WEIGHT

Vector = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Vocabulary:
    """Feature names with their column, inverse document frequency and kind."""

    columns: Mapping[str, int]
    idf: Vector

    @classmethod
    def build(cls, documents: Sequence[Mapping[str, float]], *, least: int) -> "Vocabulary":
        """From features seen in at least ``least`` documents, in alphabetical order."""
        seen: dict[str, int] = {}
        for document in documents:
            for name in document:
                seen[name] = seen.get(name, 0) + 1
        names = sorted(name for name, count in seen.items() if count >= least)
        frequency = np.array([seen[name] for name in names], dtype=np.float64)
        idf = np.log((1 + len(documents)) / (1 + frequency)) + 1.0
        return cls({name: i for i, name in enumerate(names)}, idf.astype(np.float32))

    def vector(self, features: Mapping[str, float]) -> tuple[npt.NDArray[np.int64], Vector]:
        """Columns and weights of the known features, each kind scaled to its own length."""
        columns: list[int] = []
        weights: list[float] = []
        kinds: list[str] = []
        for name, weight in features.items():
            column = self.columns.get(name)
            if column is not None:
                columns.append(column)
                weights.append(weight)
                kinds.append(name[0])
        index = np.array(columns, dtype=np.int64)
        values = np.array(weights, dtype=np.float32) * self.idf[index]
        kind_of = np.array(kinds, dtype="U1")
        for kind, block in BLOCK_WEIGHT.items():
            chosen = kind_of == kind
            length = float(np.sqrt(np.square(values[chosen]).sum()))
            if length > 0:
                values[chosen] *= block / length
        return index, values


@dataclass(frozen=True)
class Heads:
    """One row of scores per message: ``weights`` is (features, outputs)."""

    vocabulary: Vocabulary
    weights: Vector
    bias: Vector

    def scores(self, features: Mapping[str, float]) -> Vector:
        index, values = self.vocabulary.vector(features)
        scores: Vector = values @ self.weights[index] + self.bias
        return scores

    def save(self, folder: Path) -> None:
        names = sorted(self.vocabulary.columns, key=self.vocabulary.columns.__getitem__)
        (folder / "vocabulary.json").write_text(
            json.dumps(names, ensure_ascii=False), encoding="utf-8"
        )
        np.savez_compressed(
            folder / "heads.npz",
            idf=self.vocabulary.idf,
            weights=self.weights.astype(np.float16),
            bias=self.bias,
        )

    @classmethod
    def load(cls, folder: Path) -> "Heads":
        names = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
        with np.load(folder / "heads.npz", allow_pickle=False) as arrays:
            idf = arrays["idf"].astype(np.float32)
            weights = arrays["weights"].astype(np.float32)
            bias = arrays["bias"].astype(np.float32)
        if not len(names) == len(idf) == len(weights) or weights.shape[1] != len(bias):
            raise ValueError("the arrays of the model do not fit each other")
        vocabulary = Vocabulary({name: i for i, name in enumerate(names)}, idf)
        return cls(vocabulary, weights, bias)


def softmax(scores: Vector) -> Vector:
    shifted = np.exp(scores - scores.max(axis=-1, keepdims=True))
    result: Vector = shifted / shifted.sum(axis=-1, keepdims=True)
    return result


def sigmoid(scores: Vector) -> Vector:
    result: Vector = (1.0 / (1.0 + np.exp(-np.clip(scores, -30, 30)))).astype(np.float32)
    return result
