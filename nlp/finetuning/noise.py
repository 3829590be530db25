"""Messages as hurried people would have typed them; the spans of entities move along."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from nlp.corpus import Example, Span

# Keys beside each letter on a Spanish (Latin America) keyboard.
_ROWS = ("qwertyuiop", "asdfghjklñ", "zxcvbnm")
_SHORTER = {
    "que": "q", "por": "x", "para": "pa", "porque": "xq", "también": "tb", "tambien": "tb",
    "favor": "fa", "bien": "bn", "estoy": "toy", "está": "ta", "de": "d", "mensaje": "msj",
    "usted": "ud", "ustedes": "uds", "número": "nro", "información": "info", "cuando": "cdo",
    "please": "pls", "you": "u", "você": "vc", "buenas": "wenas", "quiero": "kiero",
    "aquí": "aki", "necesito": "nesecito", "hay": "ay", "haber": "aver", "hacer": "aser",
}  # fmt: skip
# Names may be any of their kind; what the message says about them stays.
_EXCHANGED = frozenset({"servicio", "persona", "empresa", "ciudad", "codigo_error", "contrato"})
_NUMBERED = frozenset({"ticket", "factura", "contrato", "nit", "cedula", "telefono", "ip"})
_TYPING = 0.15  # share of the words that are mistyped, in messages that are


def _neighbours() -> dict[str, str]:
    near: dict[str, str] = {}
    for r, row in enumerate(_ROWS):
        for i, key in enumerate(row):
            around = row[max(0, i - 1) : i] + row[i + 1 : i + 2]
            for other in _ROWS[max(0, r - 1) : r] + _ROWS[r + 1 : r + 2]:
                around += other[max(0, i - 1) : i + 1]
            near[key] = around
    return near


_NEAR = _neighbours()


@dataclass
class _Edited:
    """A text under change: what stands now for each of its original characters."""

    text: str
    parts: list[str]
    spans: tuple[Span, ...]

    @classmethod
    def of(cls, text: str, spans: Sequence[Span]) -> "_Edited":
        return cls(text, list(text), tuple(spans))

    def words(self) -> list[tuple[int, int]]:
        """Runs of letters."""
        found, start = [], None
        for i, char in enumerate((*self.text, " ")):
            if char.isalpha():
                start = i if start is None else start
            elif start is not None:
                found.append((start, i))
                start = None
        return found

    def done(self) -> tuple[str, tuple[Span, ...]]:
        ends = [0]
        for part in self.parts:
            ends.append(ends[-1] + len(part))
        moved = tuple(replace(s, start=ends[s.start], end=ends[s.end]) for s in self.spans)
        return "".join(self.parts), moved


def _without_accents(edited: _Edited, _random: Random) -> None:
    for i, part in enumerate(edited.parts):
        if not part.isascii():
            letters = unicodedata.normalize("NFD", part)
            if len(letters) > 1 and letters[0].isascii():
                edited.parts[i] = letters[0]


def _lower(edited: _Edited, _random: Random) -> None:
    edited.parts = [
        part.lower() if len(part.lower()) == len(part) else part for part in edited.parts
    ]


def _upper(edited: _Edited, _random: Random) -> None:
    edited.parts = [
        part.upper() if len(part.upper()) == len(part) else part for part in edited.parts
    ]


def _without_marks(edited: _Edited, _random: Random) -> None:
    inside = {i for span in edited.spans for i in range(span.start, span.end)}
    for i, char in enumerate(edited.text):
        if char in "¿?¡!.,;:" and i not in inside:
            edited.parts[i] = ""


def _mistyped(edited: _Edited, random: Random) -> None:
    for start, end in edited.words():
        if end - start >= 3 and random.random() < _TYPING:
            _slip(edited.parts, start, end, random)


def _slip(parts: list[str], start: int, end: int, random: Random) -> None:
    at = random.randrange(start, end)
    kind = random.randrange(4)
    if kind == 0 and at + 1 < end:
        parts[at], parts[at + 1] = parts[at + 1], parts[at]
    elif kind == 1 and at > start:
        parts[at] = ""
    elif kind == 2:
        parts[at] *= 2
    elif near := _NEAR.get(parts[at].lower()):
        parts[at] = random.choice(near)


def _shorter(edited: _Edited, random: Random) -> None:
    for start, end in edited.words():
        short = _SHORTER.get(edited.text[start:end].lower())
        if short and random.random() < 0.5:
            edited.parts[start:end] = [short, *[""] * (end - start - 1)]


_STEPS: tuple[tuple[float, Callable[[_Edited, Random], None]], ...] = (
    (0.15, _shorter),
    (0.35, _without_accents),
    (0.35, _mistyped),
    (0.25, _without_marks),
    (0.25, _lower),
    (0.04, _upper),
)


def names_of(examples: Sequence[Example]) -> dict[str, list[str]]:
    """The names that may stand for one another, by type."""
    found: dict[str, set[str]] = {kind: set() for kind in _EXCHANGED}
    for example in examples:
        for span in example.spans or ():
            if span.type in _EXCHANGED:
                found[span.type].add(example.text[span.start : span.end])
    return {kind: sorted(names) for kind, names in found.items()}


def exchanged(
    text: str, spans: Sequence[Span], names: Mapping[str, Sequence[str]], random: Random
) -> tuple[str, tuple[Span, ...]]:
    """Some names replaced by others, some numbers by other digits."""
    edited = _Edited.of(text, spans)
    for span in spans:
        if random.random() < 0.5:
            continue
        size = span.end - span.start
        if span.type in _NUMBERED:
            for i in range(span.start, span.end):
                if text[i] in "0123456789":
                    edited.parts[i] = str(random.randrange(10))
        elif names.get(span.type):
            edited.parts[span.start : span.end] = [
                random.choice(names[span.type]), *[""] * (size - 1)
            ]  # fmt: skip
    return edited.done()


def noisy(text: str, spans: Sequence[Span], random: Random) -> tuple[str, tuple[Span, ...]]:
    """The message in a different dress; the same one if nothing of it would be left."""
    edited = _Edited.of(text, spans)
    changed, moved = text, tuple(spans)
    for share, step in _STEPS:
        if random.random() < share:
            edited = _Edited.of(changed, moved)
            step(edited, random)
            new, new_spans = edited.done()
            if new.strip() and all(new[s.start : s.end].strip() for s in new_spans):
                changed, moved = new, new_spans
    return changed, moved
