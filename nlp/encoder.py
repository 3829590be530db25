"""Texts to vectors: the fine-tuned encoder of ``encoder_model/``, or any other one by name."""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import (  # its errors have no public place
    Fail,
    InvalidArgument,
    InvalidGraph,
    InvalidProtobuf,
)
from pydantic import BaseModel, ConfigDict, ValidationError
from tokenizers import Tokenizer

from nlp.linear import Vector
from nlp.manifest import ModelDamaged, ModelMissing, file_hash
from nlp.pieces import bounded, cut_to_pieces
from nlp.tagging import TAGS, Tagged

if TYPE_CHECKING:  # optional
    from sentence_transformers import SentenceTransformer

SHIPPED = Path(__file__).parent / "encoder_model"
MODEL, TOKENIZER, CARD = "encoder.onnx", "tokenizer.json", "encoder.json"
FORMAT = 1  # raised when the files change their meaning
_SHORT, _MOST_KEPT = 40, 2048  # characters, and how many such texts are remembered
_OTHER_OUTPUTS = ("pooled", "meaning", "tags")


class EncoderMissing(ModelMissing):
    """There is no encoder in the folder."""

    def __init__(self, folder: Path) -> None:
        RuntimeError.__init__(self, f"No encoder in {folder}: run `helpcare nlu fine-tune`.")


class EncoderDamaged(ModelDamaged):
    """The folder holds something that cannot be used as an encoder."""

    def __init__(self, folder: Path, why: str) -> None:
        RuntimeError.__init__(
            self,
            f"The encoder in {folder} cannot be used ({why}): restore it from the repository or"
            " run `helpcare nlu fine-tune`.",
        )


class EncoderUnavailable(RuntimeError):
    """The library that would run the encoder that was asked for is not installed."""


@dataclass(frozen=True)
class Encoded:
    """One row for each text.

    ``pooled`` knows our intents, ``meaning`` stays near general similarity; both have length 1.
    ``heads`` are the scores of the encoder's own heads by task; ``tags`` those of the entities.
    Encoders that know nothing of our tasks have neither.
    """

    pooled: Vector
    meaning: Vector
    tags: tuple[Tagged, ...] | None = None
    heads: Mapping[str, Vector] = field(default_factory=dict)


class Encoder(Protocol):
    @property
    def name(self) -> str:
        """Identifies the model: vectors of two names cannot be compared."""

    @property
    def width(self) -> int:
        """Numbers in a vector."""

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Never fails because of what a text holds."""


class Card(BaseModel):
    """What ``encoder.json`` says about the model beside it."""

    model_config = ConfigDict(frozen=True)

    format: int = FORMAT
    width: int
    heads: dict[str, tuple[str, ...]]  # task → names of its scores
    tags: tuple[str, ...]
    base: str
    data_hash: str  # of the messages it was fine-tuned on
    examples: int
    versions: dict[str, str]
    settings: dict[str, Any]
    scores: dict[str, float]
    train_seconds: float
    files: dict[str, str]  # name → SHA-256


def read_card(folder: Path) -> Card:
    """The card of an encoder whose files all are as they were written."""
    path = folder / CARD
    if not path.is_file():
        raise EncoderMissing(folder)
    try:
        card = Card.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise EncoderDamaged(folder, f"{CARD} is not readable") from error
    if card.format != FORMAT:
        raise EncoderDamaged(folder, f"format {card.format}, this program reads {FORMAT}")
    if card.tags != TAGS:
        raise EncoderDamaged(folder, "it knows other types of entities")
    for name in (MODEL, TOKENIZER):
        if not (folder / name).is_file():
            raise EncoderDamaged(folder, f"{name} is missing")
        if file_hash(folder / name) != card.files.get(name):
            raise EncoderDamaged(folder, f"{name} was changed")
    return card


def _session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    # One message keeps one core busy; several go side by side. Waiting must not burn the core.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Messages differ in length: an arena sized for each shape would only grow.
    options.enable_mem_pattern = False
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class OnnxEncoder:
    """The shipped encoder on ONNX Runtime. Holds no state between texts; safe from any thread.

    Texts are run one by one: without padding, and so that no text's rounding depends on its
    neighbours. ``threads`` texts run at the same time.
    """

    def __init__(
        self, session: onnxruntime.InferenceSession, tokenizer: Tokenizer, card: Card, threads: int
    ) -> None:
        self.card = card
        self._session, self._tokenizer = session, tokenizer
        self._outputs = [*_OTHER_OUTPUTS, *card.heads]
        self._pool = ThreadPoolExecutor(threads, "encoder") if threads > 1 else None
        # "sí", "gracias", the label of a button: a good part of all messages, always the same
        self._kept = lru_cache(maxsize=_MOST_KEPT)(self._one)

    @classmethod
    def load(cls, folder: Path = SHIPPED, threads: int = 1) -> "OnnxEncoder":
        """Raises :class:`EncoderMissing` or :class:`EncoderDamaged`."""
        card = read_card(folder)
        try:
            tokenizer = Tokenizer.from_str((folder / TOKENIZER).read_text(encoding="utf-8"))
            session = _session(folder / MODEL)
        except (OSError, ValueError, Fail, InvalidArgument, InvalidGraph, InvalidProtobuf) as error:
            raise EncoderDamaged(folder, type(error).__name__) from error
        return cls(session, tokenizer, card, threads)

    @property
    def name(self) -> str:
        return f"help-care/{self.card.files[MODEL][:12]}"

    @property
    def width(self) -> int:
        return self.card.width

    def encode(self, texts: Sequence[str]) -> Encoded:
        run = self._pool.map if self._pool and len(texts) > 1 else map
        rows = list(run(self._row, texts))
        heads = {
            name: _stacked([row[1][name] for row in rows], len(labels))
            for name, labels in self.card.heads.items()
        }
        return Encoded(
            pooled=_stacked([row[1]["pooled"] for row in rows], self.width),
            meaning=_stacked([row[1]["meaning"] for row in rows], self.width),
            tags=tuple(row[0] for row in rows),
            heads=heads,
        )

    def _row(self, text: str) -> tuple[Tagged, dict[str, Vector]]:
        return self._kept(text) if len(text) <= _SHORT else self._one(text)

    def _one(self, text: str) -> tuple[Tagged, dict[str, Vector]]:
        pieces = cut_to_pieces(self._tokenizer, text)
        ids = np.array([pieces.ids], dtype=np.int64)
        values = self._session.run(self._outputs, {"ids": ids})
        found = {name: value[0] for name, value in zip(self._outputs, values, strict=True)}
        return Tagged(pieces.offsets, found.pop("tags")), found


def _stacked(rows: Sequence[Vector], width: int) -> Vector:
    return np.stack(rows) if rows else np.zeros((0, width), dtype=np.float32)


class SentenceTransformerEncoder:
    """Any model of ``sentence-transformers``, by name or path. It knows no entities."""

    def __init__(self, model: "SentenceTransformer", name: str) -> None:
        self._model, self._name = model, name

    @classmethod
    def load(cls, name: str) -> "SentenceTransformerEncoder":
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise EncoderUnavailable(
                f"The encoder {name!r} needs sentence-transformers, which is not installed:"
                " pip install -c constraints.txt 'help-care[encoders]'."
            ) from error
        return cls(SentenceTransformer(name, device="cpu"), name)

    @property
    def name(self) -> str:
        return f"sentence-transformers/{self._name}"

    @property
    def width(self) -> int:
        return int(self._model.get_embedding_dimension())

    def encode(self, texts: Sequence[str]) -> Encoded:
        if not texts:
            empty = np.zeros((0, self.width), dtype=np.float32)
            return Encoded(empty, empty)
        vectors = self._model.encode(
            [bounded(text)[0] for text in texts],
            convert_to_numpy=True, normalize_embeddings=True, show_progress_bar=False,
        )  # fmt: skip
        rows: Vector = np.asarray(vectors, dtype=np.float32)
        return Encoded(rows, rows)


def open_encoder(name: str = "", threads: int = 1) -> Encoder | None:
    """The shipped encoder, or the one of that folder or ``sentence-transformers`` name.

    ``"none"``: none, so that words and characters alone decide.
    """
    if name == "none":
        return None
    if not name:
        return OnnxEncoder.load(threads=threads)
    if (Path(name) / CARD).is_file():
        return OnnxEncoder.load(Path(name), threads)
    return SentenceTransformerEncoder.load(name)


def dump(card: Card, folder: Path) -> None:
    text = json.dumps(card.model_dump(mode="json"), ensure_ascii=False, indent=1)
    (folder / CARD).write_text(text + "\n", encoding="utf-8")
