"""Thresholds and temperature, tuned on scores of messages whose phrasing family was held out."""

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from nlp.intents import OUT_OF_SCOPE, Thresholds
from nlp.linear import Vector, sigmoid, softmax
from nlp.understanding import INTENTS

_KEPT = 0.98  # share of in-scope messages that must not be turned away
_SIZE = len(INTENTS)


def _temperature(scores: Vector, main: npt.NDArray[np.int64]) -> float:
    """Minimises the negative log likelihood of the true main intent."""
    rows = np.arange(len(main))
    candidates = np.geomspace(0.05, 3.0, 60)
    losses = [
        -np.log(np.maximum(softmax(scores / float(t))[rows, main], 1e-9)).mean() for t in candidates
    ]
    return float(candidates[int(np.argmin(losses))])


def _out_of_scope(main_probability: Vector, main: npt.NDArray[np.int64]) -> float:
    """Below which confidence a message is turned away; ``_KEPT`` of those in scope stay."""
    best = main_probability.argmax(axis=1)
    inside = (main != OUT_OF_SCOPE) & (best != OUT_OF_SCOPE)
    if not inside.any():
        return 0.0
    confidence = main_probability.max(axis=1)
    return float(np.quantile(confidence[inside], 1 - _KEPT))


def _also(main_probability: Vector, presence: Vector, present: npt.NDArray[np.bool_]) -> float:
    """The threshold for further intents that gets most sets exactly right."""
    best = main_probability.argmax(axis=1)
    candidates = np.arange(0.3, 0.96, 0.05)
    exact = []
    for threshold in candidates:
        sets = presence >= threshold
        sets[:, OUT_OF_SCOPE] = False
        sets[np.arange(len(best)), best] = True
        exact.append((sets == present).all(axis=1).mean())
    return float(candidates[int(np.argmax(exact))])


def _log_odds(scores: Vector, present: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Scale and shift that turn presence scores into log odds (Platt), one pair for all."""
    regression = LogisticRegression(C=1e4)
    regression.fit(scores.reshape(-1, 1), present.reshape(-1))
    return float(regression.coef_[0, 0]), float(regression.intercept_[0])


def tune(scores: Vector, main: npt.NDArray[np.int64], present: npt.NDArray[np.bool_]) -> Thresholds:
    """``scores`` (messages, 2 × intents) as the heads give them."""
    temperature = _temperature(scores[:, :_SIZE], main)
    main_probability = softmax(scores[:, :_SIZE] / temperature)
    scale, shift = _log_odds(scores[:, _SIZE:], present)
    presence = sigmoid(scores[:, _SIZE:] * scale + shift)
    return Thresholds(
        temperature=round(temperature, 4),
        presence_scale=round(scale, 4),
        presence_shift=round(shift, 4),
        out_of_scope=round(_out_of_scope(main_probability, main), 4),
        also=round(_also(main_probability, presence, present), 4),
    )
