"""The shipped encoder at run time, and what is said when it cannot run."""

import json
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from nlp.encoder import (
    CARD,
    MODEL,
    SHIPPED,
    TOKENIZER,
    EncoderUnavailable,
    OnnxEncoder,
    SentenceTransformerEncoder,
    open_encoder,
)
from nlp.manifest import ModelDamaged, ModelMissing
from nlp.pieces import MAX_TOKENS, readable
from nlp.tagging import TAGS, Tagged, find

_TEXTS = [
    "buenas, desde ayer no me abre SAP en producción, somos 12 personas",
    "gracias",
    "Necesito copia de la factura FE-8821 de Comercial Andina S.A.S., por favor",
]
_ODD = [
    "", " ", "\n\n", "a" * 100_000, "no abre el correo " * 6_000, "😀" * 500, "\u200b\u200d\ufeff",
    "\u202eabc\u202c שלום مرحبا", "\ud83d sin pareja \udc00", "日本語のテキスト", "\x00\x01\x1b",
    "<script>alert(1)</script>", "Zm9vYmFy" * 400, "ﷺ½ﬁ" * 50, "\u0301" * 300, "İSTANBUL " * 20,
]  # fmt: skip


@pytest.fixture(scope="module")
def encoder() -> OnnxEncoder:
    return OnnxEncoder.load()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / MODEL).symlink_to(SHIPPED / MODEL)
    for name in (TOKENIZER, CARD):
        shutil.copyfile(SHIPPED / name, tmp_path / name)
    return tmp_path


def test_a_row_for_each_text(encoder: OnnxEncoder) -> None:
    encoded = encoder.encode(_TEXTS)
    assert encoded.pooled.shape == encoded.meaning.shape == (3, encoder.width)
    assert encoded.pooled.dtype == np.float32
    for vectors in (encoded.pooled, encoded.meaning):
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-4)
    assert encoded.tags is not None
    assert [len(t.offsets) == len(t.scores) for t in encoded.tags] == [True] * 3
    assert encoded.tags[0].scores.shape[1] == len(TAGS)
    assert {name: len(labels) for name, labels in encoder.card.heads.items()} == {
        name: scores.shape[1] for name, scores in encoded.heads.items()
    }


def test_nothing_in_nothing_out(encoder: OnnxEncoder) -> None:
    encoded = encoder.encode([])
    assert encoded.pooled.shape == (0, encoder.width)
    assert encoded.tags == ()


def test_the_heads_know_our_tasks(encoder: OnnxEncoder) -> None:
    main = encoder.encode(_TEXTS).heads["main"].argmax(axis=1)
    labels = encoder.card.heads["main"]
    assert [labels[i] for i in main] == ["incidente", "agradecimiento", "peticion"]


def test_the_tags_find_entities(encoder: OnnxEncoder) -> None:
    tags = encoder.encode(_TEXTS).tags or ()
    surfaces = [{_TEXTS[i][f.start : f.end]: f.type for f in find(t)} for i, t in enumerate(tags)]
    known = {"ayer": "fecha", "SAP": "servicio", "producción": "ambiente"}
    assert known.items() <= surfaces[0].items()
    assert surfaces[1] == {}
    assert surfaces[2]["FE-8821"] == "factura"


def test_a_text_is_the_same_beside_any_other_and_in_any_thread(encoder: OnnxEncoder) -> None:
    alone = np.concatenate([encoder.encode([text]).pooled for text in _TEXTS])
    assert (encoder.encode(_TEXTS).pooled == alone).all()
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(encoder.encode, [_TEXTS] * 24))
    assert all((result.pooled == alone).all() for result in results)
    assert (OnnxEncoder.load(threads=3).encode(_TEXTS).pooled == alone).all()


@pytest.mark.parametrize("text", _ODD, ids=range(len(_ODD)))
def test_any_text_is_encoded_soon(encoder: OnnxEncoder, text: str) -> None:
    started = time.perf_counter()
    encoded = encoder.encode([text])
    assert time.perf_counter() - started < 1  # 0.2 s on a quiet machine
    assert np.isfinite(encoded.pooled).all()
    assert np.isfinite(encoded.meaning).all()
    tagged = (encoded.tags or ())[0]
    assert 2 <= len(tagged.offsets) <= MAX_TOKENS
    assert all(0 <= start <= end <= len(text) for start, end in tagged.offsets)
    assert all(text[f.start : f.end].strip() for f in find(tagged))


def test_shouting_is_read_in_lower_case_of_the_same_length() -> None:
    assert readable("NO ABRE EL CORREO DE İNGRID") == "no abre el correo de İngrid"
    assert readable("SAP caído") == "SAP caído"
    assert readable("OK") == "OK"
    assert readable("x\ud800") == "x\ufffd"


def test_an_entity_does_not_reach_over_what_was_left_out() -> None:
    scores = np.zeros((3, len(TAGS)), dtype=np.float32)
    for row, name in enumerate(("B-fecha", "I-fecha", "I-fecha")):
        scores[row, TAGS.index(name)] = 9.0
    found = find(Tagged(((0, 4), (5, 9), (900, 905)), scores))
    assert [(f.start, f.end, f.type) for f in found] == [(0, 9, "fecha")]


def test_nothing_continues_what_did_not_begin() -> None:
    scores = np.zeros((2, len(TAGS)), dtype=np.float32)
    scores[0, TAGS.index("B-monto")] = 5.0
    scores[1, TAGS.index("I-fecha")] = 5.0
    scores[1, TAGS.index("I-monto")] = 4.0
    found = find(Tagged(((0, 4), (5, 9)), scores))
    assert [(f.start, f.end, f.type) for f in found] == [(0, 9, "monto")]


def test_a_missing_encoder_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="helpcare nlu fine-tune"):
        OnnxEncoder.load(tmp_path)


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda f: (f / CARD).write_text("{"), "not readable"),
        (lambda f: (f / TOKENIZER).unlink(), "tokenizer.json is missing"),
        (lambda f: (f / TOKENIZER).write_text("{}"), "tokenizer.json was changed"),
        (lambda f: _change(f, format=99), "format 99"),
        (lambda f: _change(f, tags=["O"]), "other types"),
        (lambda f: _replace(f, MODEL, b"no graph"), "cannot be used"),
    ],
    ids=["card", "gone", "changed", "format", "tags", "graph"],
)
def test_a_damaged_encoder_says_why(folder: Path, damage, why: str) -> None:
    damage(folder)
    with pytest.raises(ModelDamaged, match=why):
        OnnxEncoder.load(folder)


def _change(folder: Path, **values: object) -> None:
    card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    (folder / CARD).write_text(json.dumps(card | values), encoding="utf-8")


def _replace(folder: Path, name: str, content: bytes) -> None:
    from nlp.manifest import file_hash

    (folder / name).unlink()
    (folder / name).write_bytes(content)
    files = json.loads((folder / CARD).read_text(encoding="utf-8"))["files"]
    _change(folder, files=files | {name: file_hash(folder / name)})


def test_another_folder_is_opened_by_its_path(folder: Path) -> None:
    assert isinstance(open_encoder(str(folder)), OnnxEncoder)


def test_other_models_need_their_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(EncoderUnavailable, match=r"help-care\[encoders\]"):
        open_encoder("intfloat/multilingual-e5-base")


class _Model:
    """As much of a ``SentenceTransformer`` as is used."""

    def get_embedding_dimension(self) -> int:
        return 4

    def encode(self, sentences: list[str], **_given: bool) -> np.ndarray:
        assert all(text.encode() for text in sentences)
        return np.eye(4)[: len(sentences)]


def test_other_models_know_no_entities() -> None:
    other = SentenceTransformerEncoder(_Model(), "any")
    encoded = other.encode(["a", "\ud800"])
    assert encoded.tags is None
    assert not encoded.heads
    assert encoded.pooled.shape == (2, other.width)
    assert encoded.pooled.dtype == np.float32
    assert other.encode([]).pooled.shape == (0, 4)
