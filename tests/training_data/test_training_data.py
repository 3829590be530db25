"""The data that the models learn from and are measured on hold together."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from nlp.corpus import (
    DATA,
    BadExample,
    Example,
    Span,
    duplicates,
    leaks,
    parse,
    problems,
    read,
    shared_families,
)
from nlp.understanding import INTENTS

TRAIN, DEV, BLIND = read(DATA / "train"), read(DATA / "dev"), read(DATA / "blind")


def test_every_example_is_sound() -> None:
    assert [p for example in (*TRAIN, *DEV, *BLIND) for p in problems(example)] == []


@pytest.mark.parametrize("examples", [TRAIN, DEV, BLIND], ids=["train", "dev", "blind"])
def test_nothing_is_said_twice(examples: list[Example]) -> None:
    assert duplicates(examples) == []


def test_training_holds_nothing_of_what_it_is_measured_on() -> None:
    assert leaks(TRAIN, DEV) == []
    assert leaks(TRAIN, BLIND) == []
    assert shared_families(TRAIN, DEV + BLIND) == []


def test_there_is_enough_of_everything() -> None:
    assert len({example.text for example in TRAIN}) >= 7_000
    assert len(DEV) >= 400
    assert len(BLIND) >= 600
    assert len(TRAIN) + len(DEV) + len(BLIND) >= 8_000
    for intent in INTENTS:
        assert sum(example.main == intent for example in TRAIN) >= 30
        assert sum(example.main == intent for example in DEV) >= 5
    for language in ("en", "pt"):
        assert sum(example.language == language for example in TRAIN) >= 100


def test_the_checker_sees_what_is_wrong() -> None:
    good = Example("no abre el SAP", ("incidente",), "f", "s", "es", (Span(11, 14, "servicio"),))
    assert problems(good) == []
    assert problems(replace(good, intents=("otro",)))
    assert problems(replace(good, intents=()))
    assert problems(replace(good, language="fr"))
    assert problems(replace(good, spans=(Span(10, 14, "servicio"),)))
    assert problems(replace(good, spans=(Span(11, 99, "servicio"),)))
    assert problems(replace(good, spans=(Span(11, 14, "cosa"),)))
    assert duplicates([good, replace(good, text="No abre el SAP!!")])
    assert leaks([good], [replace(good, text="no abre el SAP1")])
    assert shared_families([good], [replace(good, text="x")]) == ["f", "s"]


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"text": "a"}', json.dumps({"text": "a", "spans": 3})]
)
def test_a_bad_line_says_where(line: str) -> None:
    with pytest.raises(BadExample, match="f:7"):
        parse(line, "f:7")


def test_only_plain_data_files() -> None:
    assert {f.suffix for f in Path(DATA).rglob("*") if f.is_file()} <= {
        ".jsonl", ".txt", ".md", ".py", ".pyc",
    }  # fmt: skip
