"""From ``training_data/`` to a model folder: repeatable, and never a step back unnoticed."""

import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import sklearn
from scipy.sparse import csr_matrix
from sklearn.model_selection import GroupKFold
from sklearn.svm import LinearSVC

from nlp.calibration import tune
from nlp.corpus import DATA, Example, digest, read
from nlp.entities.names import Names
from nlp.entities.recognise import recognise
from nlp.evaluation import evaluate_examples
from nlp.features import extract
from nlp.intents import IntentModel, Thresholds
from nlp.linear import Heads, Vector, Vocabulary
from nlp.manifest import Manifest, ModelDamaged, ModelMissing, file_hash
from nlp.normalise import clean
from nlp.pipeline import Pipeline, known_words, masked
from nlp.understanding import INTENTS

# Dates are resolved against a fixed day while training: only that there is one matters.
NOW = datetime(2026, 11, 3, 15, 0, tzinfo=UTC)
SVC_C = 1.0  # inverse regularisation
FOLDS = 5
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
    found = []
    for example in examples:
        message = clean(example.text)
        entities = recognise(message, example.text, names, now=NOW)
        text = masked(message, entities)
        found.append(extract(text))
    return found


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


def _held_out(
    examples: Sequence[Example], documents: Sequence[dict[str, float]], progress: Progress
) -> Vector:
    """Scores of each example by a model that saw nothing of its phrasing family."""
    main, present = _labels(examples)
    families = [example.family for example in examples]
    scores = np.zeros((len(examples), 2 * len(INTENTS)), dtype=np.float32)
    folds = GroupKFold(min(FOLDS, len(set(families))))
    for number, (seen, unseen) in enumerate(folds.split(main, main, families)):
        progress("held-out families", 0.2 + 0.12 * number)
        vocabulary = Vocabulary.build([documents[i] for i in seen], least=2)
        x = _matrix([documents[i] for i in seen], vocabulary)
        weights, bias = _fit(x, main[seen], present[seen])
        unseen_x = _matrix([documents[i] for i in unseen], vocabulary)
        scores[unseen] = unseen_x @ weights + bias
    return scores


def build(
    examples: Sequence[Example], data: Path, progress: Progress = _quiet
) -> tuple[Heads, Thresholds]:
    """The trained heads and the thresholds tuned on held-out phrasing families."""
    names = Names.load(data / "gazetteer")
    progress("features", 0.05)
    documents = _features(examples, names)
    main, present = _labels(examples)
    thresholds = tune(_held_out(examples, documents, progress), main, present)
    progress("final heads", 0.82)
    vocabulary = Vocabulary.build(documents, least=2)
    weights, bias = _fit(_matrix(documents, vocabulary), main, present)
    return Heads(vocabulary, weights, bias), thresholds


def train(
    folder: Path,
    *,
    progress: Callable[[str, float], None] | None = None,
    force: bool = False,
    data: Path = DATA,
) -> Manifest:
    """Train on ``data`` and put the model into ``folder``.

    ``progress`` is told (step, share done). The same data give the same scores. Raises
    :class:`WorseModel`, keeping the present model, where the new one scores lower on ``data/dev``.
    """
    tell = progress or _quiet
    started = time.monotonic()
    tell("reading", 0.0)
    examples = read(data / "train")
    heads, thresholds = build(examples, data, tell)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".model-") as temporary:
        new = Path(temporary) / "model"
        _write(new, data, heads)
        tell("scores", 0.92)
        manifest = _manifest(new, data, examples, heads, thresholds, started)
        manifest.write(new)
        if not force:
            _compare(folder, data, manifest.scores.get("accuracy", 0.0))
        _replace(folder, new, Path(temporary))
    tell("done", 1.0)
    return manifest


def _write(new: Path, data: Path, heads: Heads) -> None:
    new.mkdir()
    heads.save(new)
    for file in (data / "gazetteer").glob("*.txt"):
        shutil.copyfile(file, new / file.name)


def _manifest(
    new: Path,
    data: Path,
    examples: Sequence[Example],
    heads: Heads,
    thresholds: Thresholds,
    started: float,
) -> Manifest:
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
        thresholds=asdict(thresholds),
        scores={},
        train_seconds=0.0,
        files={file.name: file_hash(file) for file in sorted(new.iterdir())},
    )
    saved = Heads.load(new)  # measured as it will be loaded, rounding included
    pipeline = Pipeline(
        IntentModel(saved, thresholds), Names.load(new), manifest, known_words(heads)
    )
    dev = read(data / "dev")
    scores = evaluate_examples(pipeline, dev).scores if dev else {}
    return manifest.model_copy(
        update={"scores": scores, "train_seconds": round(time.monotonic() - started, 1)}
    )


def _compare(folder: Path, data: Path, accuracy: float) -> None:
    try:
        present = Pipeline.load(folder)
    except (ModelMissing, ModelDamaged):
        return
    old = evaluate_examples(present, read(data / "dev")).scores.get("accuracy", 0.0)
    if accuracy < old:
        raise WorseModel(accuracy, old)


def _replace(folder: Path, new: Path, temporary: Path) -> None:
    # A folder cannot be renamed over another: the old one steps aside first, and goes with the
    # temporary folder. Whoever loads in between finds no model and is told to train.
    if folder.exists():
        folder.rename(temporary / "old")
    new.rename(folder)
