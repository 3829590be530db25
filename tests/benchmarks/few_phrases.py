"""Our recipe on somebody else's labels: words, characters and the encoder's meaning."""

from collections.abc import Callable, Sequence

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC

from nlp.encoder import Encoder
from nlp.normalise import clean, words
from nlp.stacking import log_softmax

Predict = Callable[[Sequence[str]], list[str]]


def _plain(text: str) -> str:
    return " ".join(words(clean(text).folded))


def train(texts: Sequence[str], labels: Sequence[str], encoder: Encoder | None) -> Predict:
    """The opinions of words and characters and of a head on the embedding, weighed alike."""
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
    head = None
    if encoder is not None:
        head = LogisticRegression(C=100, max_iter=2000).fit(encoder.encode(texts).meaning, labels)

    def predict(asked: Sequence[str]) -> list[str]:
        total = log_softmax(sparse.decision_function(asked) / 0.3)
        if encoder is not None and head is not None:
            total = total + log_softmax(head.decision_function(encoder.encode(asked).meaning))
        return [str(sparse.classes_[i]) for i in total.argmax(axis=1)]

    return predict
