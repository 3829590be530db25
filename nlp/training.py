"""From ``training_data/`` to a model folder: repeatable, and never a step back unnoticed."""

import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import sklearn
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from nlp.calibration import calibrate
from nlp.corpus import DATA, Example, digest, read
from nlp.encoder import Encoder, open_encoder
from nlp.entities.found import Found
from nlp.entities.names import Names
from nlp.entities.recognise import recognise
from nlp.evaluation import evaluate_examples
from nlp.features import extract
from nlp.intents import Dense, IntentModel, Thresholds
from nlp.linear import Heads, Vector, Vocabulary
from nlp.manifest import Manifest, ModelDamaged, ModelMissing, file_hash
from nlp.normalise import Clean, clean
from nlp.pipeline import DENSE, Pipeline, known_words, masked, tagged
from nlp.stacking import Opinion, Weights
from nlp.understanding import INTENTS

# Dates are resolved against a fixed day while training: only that there is one matters.
NOW = datetime(2026, 11, 3, 15, 0, tzinfo=UTC)
SVC_C = 1.0  # inverse regularisation
DENSE_C = 10.0
Progress = Callable[[str, float], None]


class WorseModel(RuntimeError):
    """The new model scores below the one in the folder, which was kept."""

    def __init__(self, new: float, old: float) -> None:
        super().__init__(
            f"The new model gets {new:.1%} of the development messages right, the present one"
            f" {old:.1%}; it was kept. Use --force to replace it all the same."
        )


def _quiet(_step: str, _done: float) -> None:
    return None


def _features(examples: Sequence[Example], names: Names) -> list[dict[str, float]]:
    return [extract(_masked(clean(example.text), example, names)) for example in examples]


def _masked(
    message: Clean,
    example: Example,
    names: Names,
    known: frozenset[str] = frozenset(),
    marked: Iterable[Found] = (),
) -> str:
    entities = recognise(message, example.text, names, now=NOW, known=known, tagged=marked)
    return masked(message, entities)


def _matrix(documents: Sequence[dict[str, float]], vocabulary: Vocabulary) -> csr_matrix:
    rows = [vocabulary.vector(document) for document in documents]
    ends = np.cumsum([0, *(len(index) for index, _ in rows)])
    return csr_matrix(
        (np.concatenate([v for _, v in rows]), np.concatenate([i for i, _ in rows]), ends),
        shape=(len(rows), len(vocabulary.columns)),
    )


def _fit(
    x: csr_matrix, main: npt.NDArray[np.int64], present: npt.NDArray[np.bool_]
) -> tuple[Vector, Vector]:
    """Weights (features, 2 × intents) and bias: one against the rest, for main and for presence."""
    size = len(INTENTS)
    weights = np.zeros((x.shape[1], 2 * size), dtype=np.float32)
    bias = np.full(2 * size, -3.0, dtype=np.float32)
    targets = [main == i for i in range(size)] + [present[:, i] for i in range(size)]
    for column, target in enumerate(targets):
        if 0 < target.sum() < len(target):
            head = LinearSVC(C=SVC_C, random_state=7)
            head.fit(x, target)
            weights[:, column], bias[column] = head.coef_[0], head.intercept_[0]
    return weights, bias


def _labels(examples: Sequence[Example]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    main = np.array([INTENTS.index(example.main) for example in examples])
    present = np.zeros((len(examples), len(INTENTS)), dtype=bool)
    for row, example in enumerate(examples):
        present[row, [INTENTS.index(name) for name in example.intents]] = True
    return main, present


@dataclass(frozen=True)
class Built:
    """What training makes, before it is written down."""

    heads: Heads
    dense: Dense | None
    centre: Vector | None  # the mean meaning of the messages
    weights: Weights
    thresholds: Thresholds
    names: Names

    def model(self) -> IntentModel:
        return IntentModel(self.heads, self.dense, self.weights, self.thresholds)


def build(
    examples: Sequence[Example],
    unseen: Sequence[Example],
    data: Path,
    encoder: Encoder | None,
    progress: Progress = _quiet,
) -> Built:
    """Heads trained on ``examples``; weights and thresholds tuned on ``unseen`` writers."""
    names = Names.load(data / "gazetteer")
    progress("features", 0.02)
    documents = _features(examples, names)
    main, present = _labels(examples)
    progress("heads on words", 0.1)
    vocabulary = Vocabulary.build(documents, least=2)
    heads = Heads(vocabulary, *_fit(_matrix(documents, vocabulary), main, present))
    dense = centre = None
    if encoder is not None:
        pooled, centre = _embedded(encoder, examples, progress, 0.4, 0.75)
        progress("heads on embeddings", 0.75)
        dense = Dense(*_fit_dense(pooled, main, present))
    progress("weights", 0.85)
    seen = IntentModel(heads, dense, _EQUAL, Thresholds())
    opinions = _opinions(seen, unseen, names, encoder)
    weights, thresholds = calibrate(opinions, *_labels(unseen))
    return Built(heads, dense, centre, weights, thresholds, names)


_EQUAL = Weights([1.0], [1.0], 0.0)


def _embedded(
    encoder: Encoder, examples: Sequence[Example], progress: Progress, start: float, end: float
) -> tuple[Vector, Vector]:
    """The messages' embeddings (messages, width), and the mean of their meanings (width)."""
    rows, meanings = [], []
    for i, example in enumerate(examples):
        encoded = encoder.encode([clean(example.text).text])
        rows.append(encoded.pooled[0])
        meanings.append(encoded.meaning[0])
        if i % 100 == 0:
            progress("embeddings", start + (end - start) * i / len(examples))
    return np.stack(rows), np.mean(meanings, axis=0)


def _fit_dense(
    pooled: Vector, main: npt.NDArray[np.int64], present: npt.NDArray[np.bool_]
) -> tuple[Vector, Vector]:
    """Logistic heads on embeddings, laid out as the sparse ones."""
    size = len(INTENTS)
    weights = np.zeros((pooled.shape[1], 2 * size), dtype=np.float32)
    bias = np.full(2 * size, -8.0, dtype=np.float32)
    first = LogisticRegression(C=DENSE_C, max_iter=1000)
    first.fit(pooled, main)
    if len(first.classes_) == 2:  # scikit-learn keeps one row for two classes
        weights[:, first.classes_[1]], bias[first.classes_] = first.coef_[0], 0.0
        bias[first.classes_[1]] = first.intercept_[0]
    else:
        weights[:, first.classes_], bias[first.classes_] = first.coef_.T, first.intercept_
    for column in range(size):
        if 0 < present[:, column].sum() < len(present):
            head = LogisticRegression(C=DENSE_C, max_iter=1000)
            head.fit(pooled, present[:, column])
            weights[:, size + column], bias[size + column] = head.coef_[0], head.intercept_[0]
    return weights, bias


def _opinions(
    model: IntentModel, examples: Sequence[Example], names: Names, encoder: Encoder | None
) -> list[Opinion]:
    """Each opinion of all messages, as the pipeline would form them."""
    rows = []
    known = known_words(model.heads)
    for example in examples:
        message = clean(example.text)
        encoded = encoder.encode([message.text]) if encoder else None
        text = _masked(message, example, names, known, tagged(encoded))
        rows.append(model.opinions(text, encoded))
    return [
        Opinion(np.stack([o.main for o in column]), np.stack([o.present for o in column]))
        for column in zip(*rows, strict=True)
    ]


def train(
    folder: Path,
    *,
    progress: Progress | None = None,
    force: bool = False,
    data: Path = DATA,
    encoder: str = "",
) -> Manifest:
    """Train on ``data`` and put the model into ``folder``.

    ``encoder`` is asked of :func:`nlp.encoder.open_encoder`. ``progress`` is told (step, share
    done). The same data give the same scores. Raises
    :class:`WorseModel`, keeping the present model, where the new one scores lower on ``data/dev``.
    """
    tell = progress or _quiet
    started = time.monotonic()
    tell("reading", 0.0)
    examples, unseen = read(data / "train"), read(data / "dev")
    loaded = open_encoder(encoder)
    built = build(examples, unseen, data, loaded, tell)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".model-") as temporary:
        new = Path(temporary) / "model"
        _write(new, data, built)
        tell("scores", 0.92)
        manifest = _manifest(new, data, (examples, unseen), built, (encoder, loaded), started)
        manifest.write(new)
        if not force:
            _compare(folder, unseen, manifest.scores.get("accuracy", 0.0))
        _replace(folder, new, Path(temporary))
    tell("done", 1.0)
    return manifest


def _write(new: Path, data: Path, built: Built) -> None:
    new.mkdir()
    built.heads.save(new)
    if built.dense is not None and built.centre is not None:
        np.savez_compressed(
            new / DENSE, weights=built.dense.weights, bias=built.dense.bias, centre=built.centre
        )
    for file in (data / "gazetteer").glob("*.txt"):
        shutil.copyfile(file, new / file.name)


def _manifest(
    new: Path,
    data: Path,
    read_from: tuple[Sequence[Example], Sequence[Example]],
    built: Built,
    encoder: tuple[str, Encoder | None],
    started: float,
) -> Manifest:
    examples, unseen = read_from
    setting, loaded = encoder
    manifest = Manifest(
        created=datetime.now(UTC),
        data_hash=digest(data),
        versions={
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scikit-learn": sklearn.__version__,
        },
        examples=len(examples),
        phrasings=len({example.text for example in examples}),
        encoder=loaded.name if loaded else None,
        encoder_setting=setting,
        weights=built.weights._asdict(),
        thresholds=asdict(built.thresholds),
        scores={},
        train_seconds=0.0,
        files={file.name: file_hash(file) for file in sorted(new.iterdir())},
    )
    saved = Heads.load(new)  # measured as it will be loaded, rounding included
    model = replace(built.model(), heads=saved)
    pipeline = Pipeline(model, built.names, loaded, built.centre, manifest, known_words(saved))
    scores = evaluate_examples(pipeline, unseen).scores if unseen else {}
    return manifest.model_copy(
        update={"scores": scores, "train_seconds": round(time.monotonic() - started, 1)}
    )


def _compare(folder: Path, unseen: Sequence[Example], accuracy: float) -> None:
    try:
        present = Pipeline.load(folder)
    except (ModelMissing, ModelDamaged):
        return
    old = evaluate_examples(present, unseen).scores.get("accuracy", 0.0)
    if accuracy < old:
        raise WorseModel(accuracy, old)


def _replace(folder: Path, new: Path, temporary: Path) -> None:
    # A folder cannot be renamed over another: the old one steps aside first, and goes with the
    # temporary folder. Whoever loads in between finds no model and is told to train.
    if folder.exists():
        folder.rename(temporary / "old")
    new.rename(folder)
