"""Several opinions made one: who knows more counts for more, and the confidence is honest."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nlp.linear import softmax
from nlp.stacking import Opinion, combined, log_softmax, tune

CLASSES = 5


def opinion(random: np.random.Generator, main: np.ndarray, knows: float) -> Opinion:
    """Scores that are right as often as ``knows`` makes them."""
    scores = random.normal(size=(len(main), CLASSES))
    scores[np.arange(len(main)), main] += knows
    return Opinion(log_softmax(scores), scores)


@pytest.fixture
def world():
    random = np.random.default_rng(7)
    main = random.integers(0, CLASSES, 2_000)
    present = np.eye(CLASSES, dtype=bool)[main]
    opinions = [opinion(random, main, knows) for knows in (0.0, 1.0, 3.0)]
    return opinions, main, present


def test_who_knows_more_counts_for_more(world) -> None:
    opinions, main, present = world
    weights = tune(opinions, main, present)
    guess, some, much = weights.main
    assert guess < 0.2 < some < much
    assert weights.present[0] < weights.present[1] < weights.present[2]
    probability, _ = combined(opinions, weights)
    alone = [(softmax(o.main).argmax(axis=1) == main).mean() for o in opinions]
    assert (probability.argmax(axis=1) == main).mean() >= max(alone) - 0.005


def test_the_confidence_is_honest(world) -> None:
    opinions, main, present = world
    probability, presence = combined(opinions, tune(opinions, main, present))
    right = probability.argmax(axis=1) == main
    assert abs(probability.max(axis=1).mean() - right.mean()) < 0.02
    assert abs(presence.mean() - present.mean()) < 0.02


@given(arrays(np.float64, (3, CLASSES), elements=st.floats(-50, 50)))
def test_log_probabilities_are_those_of_softmax(scores) -> None:
    assert np.allclose(np.exp(log_softmax(scores)), softmax(scores), atol=1e-9)
