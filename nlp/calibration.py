"""Thresholds, tuned on messages of writers that no model has seen."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nlp.intents import OUT_OF_SCOPE, Thresholds
from nlp.linear import Vector
from nlp.stacking import Opinion, Weights, combined, tune

_LOST = 0.02  # share of in-scope messages that may be turned away


def _out_of_scope(main_probability: Vector, main: npt.NDArray[np.int64]) -> float:
    """Below which confidence a message is turned away: what gets most messages right.

    At most ``_LOST`` of those in scope may go by it.
    """
    best = main_probability.argmax(axis=1)
    confidence = main_probability.max(axis=1)
    inside = (main != OUT_OF_SCOPE) & (best != OUT_OF_SCOPE)
    if not inside.any():
        return 0.0
    candidates = np.quantile(confidence[inside], np.linspace(0, _LOST, 21))
    right = [
        (np.where(confidence < threshold, OUT_OF_SCOPE, best) == main).mean()
        for threshold in candidates
    ]
    return float(candidates[int(np.argmax(right))])


def _also(main_probability: Vector, presence: Vector, present: npt.NDArray[np.bool_]) -> float:
    """The threshold for further intents that gets most sets exactly right.

    Messages of several intents count as much as all others: there are few of them, and missing
    the second wish of a client costs an agent a day.
    """
    best = main_probability.argmax(axis=1)
    several = present.sum(axis=1) > 1
    candidates = np.arange(0.1, 0.96, 0.05)
    exact = []
    for threshold in candidates:
        sets = presence >= threshold
        sets[:, OUT_OF_SCOPE] = False
        sets[np.arange(len(best)), best] = True
        right = (sets == present).all(axis=1)
        groups = [right[group].mean() for group in (several, ~several) if group.any()]
        exact.append(float(np.mean(groups)))
    return float(candidates[int(np.argmax(exact))])


def calibrate(
    opinions: Sequence[Opinion], main: npt.NDArray[np.int64], present: npt.NDArray[np.bool_]
) -> tuple[Weights, Thresholds]:
    """Weights and thresholds for the ``opinions`` of all messages, by their labels."""
    weights = tune(opinions, main, present)
    probability, presence = combined(opinions, weights)
    return weights, Thresholds(
        out_of_scope=round(_out_of_scope(probability, main), 4),
        also=round(_also(probability, presence, present), 4),
    )
