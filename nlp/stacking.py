"""Opinions of several models made one, by weights tuned on messages that none of them saw.

The weighted sum of log-probabilities is calibrated by the tuning itself: it minimises the negative
log likelihood, and the weights need not add up to 1.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from nlp.linear import Vector, sigmoid, softmax

_PRIOR = 0.001  # pull of the weights towards equal shares, per message
_WEIGHTS = (0.0, 6.0)  # an opinion counts for something or for nothing, never against


class Opinion(NamedTuple):
    """One model's view of one message, or of many with a first dimension more."""

    main: Vector  # (…, intents) log-probabilities of the main intent
    present: Vector  # (…, intents) scores of presence, any scale


class Weights(NamedTuple):
    main: list[float]  # of each opinion, in their order
    present: list[float]
    shift: float  # of the log-odds of presence


def log_softmax(scores: Vector) -> Vector:
    shifted = scores - scores.max(axis=-1, keepdims=True)
    result: Vector = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


def combined(opinions: Sequence[Opinion], weights: Weights) -> tuple[Vector, Vector]:
    """Probabilities of the main intent and of each intent's presence."""
    main = sum(w * o.main for w, o in zip(weights.main, opinions, strict=True))
    present = sum(w * o.present for w, o in zip(weights.present, opinions, strict=True))
    shifted = np.asarray(present, dtype=np.float32) + np.float32(weights.shift)
    return softmax(np.asarray(main, dtype=np.float32)), sigmoid(shifted)


def tune(
    opinions: Sequence[Opinion], main: npt.NDArray[np.int64], present: npt.NDArray[np.bool_]
) -> Weights:
    """Weights for ``opinions`` (each of all messages) by what the messages are labelled as."""
    first = _main_weights(np.stack([o.main for o in opinions]), main)
    regression = LogisticRegression(C=1e3)
    regression.fit(np.stack([o.present.ravel() for o in opinions], axis=1), present.ravel())
    return Weights(
        main=[round(float(w), 4) for w in first],
        present=[round(float(w), 4) for w in regression.coef_[0]],
        shift=round(float(regression.intercept_[0]), 4),
    )


def _main_weights(opinions: Vector, main: npt.NDArray[np.int64]) -> Vector:
    count = len(opinions)
    start = np.full(count, 1.0 / count)
    rows = np.arange(len(main))

    def loss(weights: Vector) -> float:
        scores = np.tensordot(weights, opinions, axes=1)
        likelihood = log_softmax(scores)[rows, main].mean()
        return float(-likelihood + _PRIOR * np.square(weights - start).sum())

    found = minimize(loss, start, bounds=[_WEIGHTS] * count, method="L-BFGS-B")
    result: Vector = found.x
    return result
