"""Our recipe on somebody else's labels: words, characters and the encoder's embeddings."""

from collections.abc import Callable, Sequence

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC

from nlp.encoder import Encoder
from nlp.normalise import clean, words

Predict = Callable[[Sequence[str]], list[str]]


def _plain(text: str) -> str:
    return " ".join(words(clean(text).folded))


def train(texts: Sequence[str], labels: Sequence[str], encoder: Encoder | None) -> Predict:
    """The mean of the opinions of words, of characters, and of two heads on embeddings."""
    sparse = make_pipeline(
        make_union(
            TfidfVectorizer(preprocessor=_plain, ngram_range=(1, 2), sublinear_tf=True),
            TfidfVectorizer(
                preprocessor=_plain, analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True
            ),
        ),
        LinearSVC(random_state=7),
    )
    sparse.fit(texts, labels)
    heads = []
    if encoder is not None:
        seen = encoder.encode(texts)
        heads = [
            LogisticRegression(C=100, max_iter=2000).fit(vectors, labels)
            for vectors in (seen.meaning, seen.pooled)
        ]

    def predict(asked: Sequence[str]) -> list[str]:
        total = _log(sparse.decision_function(asked) / 0.3)
        if encoder is not None:
            seen = encoder.encode(asked)
            for head, vectors in zip(heads, (seen.meaning, seen.pooled), strict=True):
                total = total + _log(head.decision_function(vectors))
        return [str(sparse.classes_[i]) for i in total.argmax(axis=1)]

    return predict


def _log(scores: np.ndarray) -> np.ndarray:
    shifted = scores - scores.max(axis=1, keepdims=True)
    result: np.ndarray = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return result
