"""The labelled messages under ``training_data/``: reading them, and what is wrong with them."""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import training_data
from nlp.normalise import fold
from nlp.understanding import ENTITY_TYPES, INTENTS

DATA = Path(training_data.__file__).parent
LANGUAGES = ("es", "en", "pt")
CHANNELS = ("chat", "email", "voice")
_WORDS = re.compile(r"[a-z0-9]+")


class BadExample(ValueError):
    """A line of a data file that cannot be used; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Span:
    start: int
    end: int
    type: str
    value: Any = None  # None: the value is not labelled


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled message; ``family`` is its phrasing family, ``style`` its writer."""

    text: str
    intents: tuple[str, ...]  # the main one first
    family: str
    style: str
    language: str
    spans: tuple[Span, ...] | None = None  # None: entities are not labelled
    urgency: str | None = None
    sentiment: str | None = None
    channel: str = "chat"  # or "email", "voice" (the transcript of a voice note)

    @property
    def main(self) -> str:
        return self.intents[0]


def parse(line: str, where: str) -> Example:
    try:
        row = json.loads(line)
        spans = row.get("spans")
        return Example(
            text=row["text"],
            intents=tuple(row["intents"]),
            family=row["family"],
            style=row["style"],
            language=row["language"],
            spans=None if spans is None else tuple(Span(**span) for span in spans),
            urgency=row.get("urgency"),
            sentiment=row.get("sentiment"),
            channel=row.get("channel", "chat"),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadExample(f"{where}: {error!r}") from error


def read(path: Path) -> list[Example]:
    """The examples of one file, or of all ``*.jsonl`` in a folder, in the order of their names."""
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    return [
        parse(line, f"{file.name}:{number}")
        for file in files
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
        if line.strip()
    ]


def digest(folder: Path = DATA) -> str:
    """Hash over everything that training reads."""
    sha = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.suffix in {".jsonl", ".txt"}:
            sha.update(file.relative_to(folder).as_posix().encode())
            sha.update(file.read_bytes())
    return sha.hexdigest()


def _key(text: str) -> str:
    return " ".join(_WORDS.findall(fold(text)))


def _trigrams(key: str) -> frozenset[str]:
    padded = f" {key} "
    return frozenset(padded[i : i + 3] for i in range(len(padded) - 2))


def problems(example: Example) -> list[str]:
    """What is wrong with one example by itself."""
    found = [f"unknown intent {name}" for name in example.intents if name not in INTENTS]
    if not example.intents:
        found.append("no intent")
    if len(set(example.intents)) != len(example.intents):
        found.append("an intent twice")
    if example.language not in LANGUAGES:
        found.append(f"unknown language {example.language}")
    if example.channel not in CHANNELS:
        found.append(f"unknown channel {example.channel}")
    if not (example.family and example.style):
        found.append("family and style are needed")
    end = 0
    for span in example.spans or ():
        if span.type not in ENTITY_TYPES:
            found.append(f"unknown entity type {span.type}")
        if not end <= span.start < span.end <= len(example.text):
            found.append(f"span {span.start}–{span.end} overlaps, is empty or is outside")
        elif example.text[span.start : span.end].strip() != example.text[span.start : span.end]:
            found.append(f"span {span.start}–{span.end} begins or ends with a space")
        end = span.end
    return [f"{problem}: {example.text[:60]!r}" for problem in found]


def duplicates(examples: Iterable[Example]) -> list[str]:
    """Messages that say the same in the same words twice, or twice with different labels."""
    seen: dict[str, Example] = {}
    found = []
    for example in examples:
        key = _key(example.text) or example.text.strip()
        other = seen.setdefault(key, example)
        if other is not example:
            found.append(f"duplicate: {example.text[:60]!r} ({other.main}, {example.main})")
    return found


def leaks(train: Sequence[Example], dev: Sequence[Example], *, limit: float = 0.8) -> list[str]:
    """Dev messages of three words or more that training nearly holds (Jaccard of trigrams)."""
    index: dict[str, list[int]] = {}
    sets = [_trigrams(_key(example.text)) for example in train]
    for i, grams in enumerate(sets):
        for gram in grams:
            index.setdefault(gram, []).append(i)
    found = []
    for example in dev:
        key = _key(example.text)
        if len(key.split()) < 3:
            continue  # "sí", "muchas gracias": there are only so many ways to say them
        grams = _trigrams(key)
        shared: dict[int, int] = {}
        for gram in grams:
            for i in index.get(gram, ()):
                shared[i] = shared.get(i, 0) + 1
        for i, common in shared.items():
            if common / (len(grams) + len(sets[i]) - common) >= limit:
                found.append(f"in train too: {example.text[:60]!r} ~ {train[i].text[:60]!r}")
                break
    return found


def shared_families(train: Sequence[Example], dev: Sequence[Example]) -> list[str]:
    """Families and styles that stand on both sides; a split must keep them apart."""
    both = {e.family for e in train} & {e.family for e in dev}
    both |= {e.style for e in train} & {e.style for e in dev}
    return sorted(both)
