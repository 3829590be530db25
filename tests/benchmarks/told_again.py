"""Problems told again, told apart: the scores of `nlp.similarity` on pairs that nobody tuned on."""

import json
from collections.abc import Iterable
from functools import cache

import numpy as np
from benchmarks.measured import Measured

from nlp.corpus import DATA
from nlp.evaluation import NOW
from nlp.pipeline import Pipeline
from nlp.similarity import MAYBE_SAME, SAME_PROBLEM, same_problem

PAIRS = DATA / "pairs"


def measure(pipeline: Pipeline, file: str = "test.jsonl") -> list[Measured]:
    """Shares of the pairs that the client is asked about, or that are joined unasked."""
    lines = (PAIRS / file).read_text(encoding="utf-8").splitlines()
    groups = [json.loads(line) for line in lines]
    told = [group["text"] for group in groups]
    again = _scores(pipeline, [(g["text"], other) for g in groups for other in g["same"]])
    neighbours = _scores(pipeline, [(g["text"], other) for g in groups for other in g["other"]])
    strangers = _scores(pipeline, [(a, b) for a in told for b in told if a < b])
    return [
        Measured("same problem: told again, asked about", np.mean(again >= MAYBE_SAME)),
        Measured("same problem: unrelated, asked about", np.mean(strangers >= MAYBE_SAME)),
        Measured("same problem: a near copy of another, asked", np.mean(neighbours >= MAYBE_SAME)),
        Measured("same problem: … and joined unasked", np.mean(neighbours >= SAME_PROBLEM)),
    ]


def _scores(pipeline: Pipeline, pairs: Iterable[tuple[str, str]]) -> np.ndarray:
    understand = cache(lambda text: pipeline.understand(text, now=NOW))
    found = []
    for a, b in pairs:
        mine, theirs = understand(a), understand(b)
        found.append(
            same_problem(
                a,
                b,
                cosine=float(np.dot(mine.meaning, theirs.meaning)),
                systems=mine.values("servicio"),
                others=theirs.values("servicio"),
            )
        )
    return np.array(found)
