"""Text to what the encoder sees in it: embeddings, its own opinions, and the tags of its pieces.

The one that ships (``nlp/encoder_model``) was fine-tuned by ``nlp/finetuning`` and runs on ONNX
Runtime, one message at a time: no padding, so that no message's rounding depends on another's.
Any sentence-transformers model can take its place by name or path; it gives embeddings only.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, ValidationError

from nlp.manifest import ModelDamaged

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

Vector = npt.NDArray[np.float32]
Offsets = tuple[tuple[int, int], ...]

SHIPPED = Path(__file__).parent / "encoder_model"
MAX_TOKENS = 160  # of a longer message its first and its last half
_MAX_CHARS = 3_000  # of a longer text its first and last half: more than 160 pieces ever need
_OUTPUTS = ("main", "present", "urgency", "sentiment")


@dataclass(frozen=True)
class Encoded:
    """What the encoder sees. ``tags`` is (pieces, tags), ``offsets`` are those of the pieces in
    the text that was given; both are empty where the encoder marks no entities.
    """

    pooled: Vector  # (width,), unit length: what the intent is read from
    meaning: Vector  # (width,), unit length: what texts are compared by
    scores: Mapping[str, Vector] = field(default_factory=dict)  # its own opinions, by head
    tags: Vector = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))
    offsets: Offsets = ()


class Encoder(Protocol):
    @property
    def name(self) -> str:
        """Identifies the model; embeddings of two names cannot be compared."""

    def encode(self, text: str) -> Encoded:
        """Any text, the empty one too."""


class EncoderManifest(BaseModel):
    """``encoder.json``: what the shipped encoder says about itself."""

    model_config = ConfigDict(frozen=True)

    format: int = 1
    created: str
    data_hash: str
    base: str  # the model that was fine-tuned
    versions: dict[str, str]
    settings: dict[str, Any]
    scores: dict[str, float]
    train_seconds: float
    files: dict[str, str]  # name → SHA-256


def prepare(text: str) -> str:
    """A shouted message in small letters: the pieces of capitals are few and say little."""
    letters = sum(map(str.isalpha, text))
    if letters >= 8 and sum(map(str.isupper, text)) > 0.6 * letters:
        small = text.lower()
        if len(small) == len(text):
            return small
    return text


class OnnxEncoder:
    """The fine-tuned encoder. Safe to use from several threads."""

    def __init__(self, session: "InferenceSession", tokenizer: "Tokenizer", name: str) -> None:
        self._session, self._tokenizer, self._name = session, tokenizer, name

    @classmethod
    def load(cls, folder: Path = SHIPPED, *, threads: int = 1) -> "OnnxEncoder":
        """Raises :class:`ModelDamaged` where a file is missing or is not what was shipped."""
        # imported late: commands that understand nothing start without them
        import onnxruntime
        from tokenizers import Tokenizer

        manifest = read_encoder_manifest(folder)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # a spinning thread would take the core from the web process beside it
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        session = onnxruntime.InferenceSession(
            str(folder / "encoder.onnx"), options, providers=["CPUExecutionProvider"]
        )
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        return cls(session, tokenizer, f"help-care/{manifest.files['encoder.onnx'][:12]}")

    @property
    def name(self) -> str:
        return self._name

    def encode(self, text: str) -> Encoded:
        text, shift = _bounded(text)
        pieces = self._tokenizer.encode(prepare(text))
        ids, offsets = pieces.ids, pieces.offsets
        if len(ids) > MAX_TOKENS:
            half = MAX_TOKENS // 2
            ids, offsets = ids[:half] + ids[-half:], offsets[:half] + offsets[-half:]
        names = [output.name for output in self._session.get_outputs()]
        values = self._session.run(names, {"ids": np.array([ids], dtype=np.int64)})
        found = {name: value[0] for name, value in zip(names, values, strict=True)}
        return Encoded(
            pooled=found["pooled"],
            meaning=found["meaning"],
            scores={name: found[name] for name in _OUTPUTS},
            tags=found["tags"],
            offsets=tuple(shift(start, end) for start, end in offsets),
        )


class _Shift:
    """Positions in a text of which the middle was cut out."""

    def __init__(self, kept: int, cut: int) -> None:
        self._kept, self._cut = kept, cut

    def __call__(self, start: int, end: int) -> tuple[int, int]:
        if end <= self._kept:
            return start, end
        if start >= self._kept:
            return start + self._cut, end + self._cut
        return start, self._kept  # a piece over the seam


def _bounded(text: str) -> tuple[str, _Shift]:
    text = text.encode("utf-8", "replace").decode("utf-8")  # lone surrogates, one for one
    if len(text) <= _MAX_CHARS:
        return text, _Shift(len(text), 0)
    half = _MAX_CHARS // 2
    return text[:half] + text[-half:], _Shift(half, len(text) - _MAX_CHARS)


class SentenceTransformerEncoder:
    """Any sentence-transformers model, by its name or path."""

    def __init__(self, model: str) -> None:
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise RuntimeError(
                f"The encoder {model!r} needs sentence-transformers:"
                " pip install -c constraints.txt -e '.[finetune]'"
            ) from error
        self._model = SentenceTransformer(model, device="cpu")
        self._name = f"sentence-transformers/{model}"

    @property
    def name(self) -> str:
        return self._name

    def encode(self, text: str) -> Encoded:
        vector = self._model.encode(_bounded(text)[0], normalize_embeddings=True)
        pooled = np.asarray(vector, dtype=np.float32)
        return Encoded(pooled=pooled, meaning=pooled)


def load_encoder(wanted: str = "") -> Encoder | None:
    """The one that is ``wanted`` by name or path; ``""``: the shipped one, ``"none"``: none."""
    if wanted == "none":
        return None
    return SentenceTransformerEncoder(wanted) if wanted else OnnxEncoder.load()


def read_encoder_manifest(folder: Path) -> EncoderManifest:
    """Of an encoder whose files are all as they were shipped."""
    try:
        manifest = EncoderManifest.model_validate_json((folder / "encoder.json").read_bytes())
    except (OSError, ValidationError) as error:
        raise ModelDamaged(folder, "its encoder.json is missing or not readable") from error
    for name, expected in manifest.files.items():
        file = folder / name
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != expected:
            raise ModelDamaged(folder, f"{name} is missing or was changed")
    return manifest


def write_encoder_manifest(folder: Path, values: dict[str, Any]) -> None:
    """Over the files that lie there, beside ``values`` of :class:`EncoderManifest`."""
    files = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in ("encoder.onnx", "tokenizer.json")
    }
    manifest = EncoderManifest(**values, files=files)
    (folder / "encoder.json").write_text(
        json.dumps(manifest.model_dump(), indent=1, ensure_ascii=False), encoding="utf-8"
    )
