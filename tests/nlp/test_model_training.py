"""Training on a handful of messages: repeatable, careful, atomic."""

import json
import shutil
from pathlib import Path

import pytest

from nlp.corpus import DATA, read
from nlp.evaluation import confusion_picture, evaluate
from nlp.manifest import MANIFEST, read_manifest
from nlp.pipeline import Pipeline
from nlp.training import WorseModel, train

_TEXTS = {
    "incidente": ["no abre el correo", "se cayó el sistema", "no funciona la red",
                   "error al entrar"],
    "peticion": ["necesito un usuario", "envíen la factura", "solicito acceso",
                   "me mandan el acta"],
    "saludo": ["hola", "buenos días", "buenas tardes", "hola qué tal"],
}  # fmt: skip


def _write(path: Path, rows: dict[str, list[str]], style: str) -> None:
    lines = [
        {"text": text, "intents": [intent], "family": f"{style}/{intent}{n}", "style": style,
         "language": "es"}
        for intent, texts in rows.items()
        for n, text in enumerate(texts)
    ]  # fmt: skip
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    _write(folder / "train" / "all.jsonl", _TEXTS, "a")
    dev = {"incidente": ["no abre la red"], "peticion": ["necesito la factura"], "saludo": ["hola"]}
    _write(folder / "dev" / "all.jsonl", dev, "b")
    shutil.copytree(DATA / "gazetteer", folder / "gazetteer")
    return folder


def test_the_same_data_give_the_same_model(data: Path, tmp_path: Path) -> None:
    steps: list[tuple[str, float]] = []
    first = train(tmp_path / "one", data=data, progress=lambda *step: steps.append(step))
    second = train(tmp_path / "two", data=data)
    assert first.scores == second.scores
    assert first.thresholds == second.thresholds
    assert first.data_hash == second.data_hash
    assert first.files["vocabulary.json"] == second.files["vocabulary.json"]
    assert steps[-1] == ("done", 1.0)
    assert [done for _, done in steps] == sorted(done for _, done in steps)
    assert Pipeline.load(tmp_path / "one").manifest == first


def test_a_worse_model_is_refused_unless_forced(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    good = train(folder, data=data, encoder="none")
    rows = read(data / "train")
    turned = {"incidente": "saludo", "saludo": "peticion", "peticion": "incidente"}
    lines = [
        json.dumps({"text": e.text, "intents": [turned[e.main]], "family": e.family,
                    "style": e.style, "language": "es"})
        for e in rows
    ]  # fmt: skip
    (data / "train" / "all.jsonl").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(WorseModel, match="--force"):
        train(folder, data=data, encoder="none")
    assert read_manifest(folder) == good
    forced = train(folder, data=data, force=True, encoder="none")
    assert read_manifest(folder) == forced
    assert forced.scores["accuracy"] < good.scores["accuracy"]


def test_a_damaged_model_is_replaced_without_force(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / MANIFEST).write_text("{", encoding="utf-8")
    train(folder, data=data)
    Pipeline.load(folder)


def test_nothing_is_left_behind_when_training_fails(data: Path, tmp_path: Path) -> None:
    (data / "train" / "bad.jsonl").write_text('{"text": "x"}', encoding="utf-8")
    with pytest.raises(ValueError, match=r"bad.jsonl:1"):
        train(tmp_path / "models" / "m", data=data)
    assert not (tmp_path / "models").exists()


def test_the_report_and_its_picture(pipeline: Pipeline, data: Path, tmp_path: Path) -> None:
    report = evaluate(pipeline, data / "dev" / "all.jsonl")
    assert report.scores["accuracy"] == sum(p.right for p in report.pairs) / 3
    assert "3 messages" in report.text()
    confusion_picture(report, tmp_path / "confusion.png")
    assert (tmp_path / "confusion.png").read_bytes().startswith(b"\x89PNG")
