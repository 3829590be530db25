"""A text as the pieces that the encoder reads; the same when it learns and when it runs."""

from typing import NamedTuple

from tokenizers import Tokenizer

MAX_TOKENS = 160  # about 120 words; a longer text is read from its head and its tail
_HEAD = 96
# No more characters than these are looked at; a piece has four or five on average.
_HEAD_CHARS, _TAIL_CHARS = 1_200, 800
_SHOUTED = 8  # letters from which a text can be called shouted
_SHARE = 0.6  # of capitals among the letters of a shouted text


class Pieces(NamedTuple):
    ids: list[int]
    offsets: tuple[tuple[int, int], ...]  # of the given text; empty ones for the special pieces


def bounded(text: str) -> tuple[str, int, int]:
    """Text of bearable length; where its tail begins, and how many characters it lacks there."""
    if len(text) <= _HEAD_CHARS + _TAIL_CHARS:
        return readable(text), len(text), 0
    left_out = len(text) - _HEAD_CHARS - _TAIL_CHARS
    return readable(text[:_HEAD_CHARS] + text[-_TAIL_CHARS:]), _HEAD_CHARS, left_out


def readable(text: str) -> str:
    """Of the same length: no halves of surrogate pairs, and no shouting.

    Words in capitals fall into many pieces that mean little.
    """
    if not text.isascii():
        text = "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)
    letters = sum(map(str.isalpha, text))
    if letters >= _SHOUTED and sum(map(str.isupper, text)) > _SHARE * letters:
        return "".join(low if len(low := char.lower()) == 1 else char for char in text)
    return text


def cut_to_pieces(tokenizer: Tokenizer, text: str) -> Pieces:
    """At most ``MAX_TOKENS`` pieces, with the special ones at both ends."""
    short, tail_at, left_out = bounded(text)
    encoding = tokenizer.encode(short)
    ids, offsets = encoding.ids, encoding.offsets
    if len(ids) > MAX_TOKENS:
        tail = MAX_TOKENS - _HEAD
        ids, offsets = ids[:_HEAD] + ids[-tail:], offsets[:_HEAD] + offsets[-tail:]
    placed = []
    for start, end in offsets:
        while start < end and short[start].isspace():  # a piece brings the space before it along
            start += 1  # noqa: PLW2901 - the loop's own pair
        moved = left_out if start >= tail_at else 0
        placed.append((start + moved, end + moved))
    return Pieces(ids, tuple(placed))
