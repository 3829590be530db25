"""Text as hurried people would have typed it: to measure how much understanding it costs.

Not the noise that the encoder learns with (``nlp.finetuning.noise``): that would measure what was
rehearsed.
"""

import unicodedata
from random import Random

_ROWS = ("qwertyuiop", "asdfghjklñ", "zxcvbnm")  # of a Spanish keyboard
_SHARE = 0.15  # of the words


def _neighbours() -> dict[str, str]:
    near: dict[str, str] = {}
    for row in _ROWS:
        for i, key in enumerate(row):
            near[key] = row[max(0, i - 1) : i] + row[i + 1 : i + 2]
    return near


_NEAR = _neighbours()


def mistyped(text: str, random: Random, share: float = _SHARE) -> str:
    """One slip in about ``share`` of the words of three letters or more."""
    return " ".join(
        _slip(word, random)
        if len(word) >= 3 and word.isalpha() and random.random() < share
        else word
        for word in text.split(" ")
    )


def _slip(word: str, random: Random) -> str:
    at = random.randrange(len(word) - 1)
    kind = random.randrange(4)
    if kind == 0:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == 1:
        return word[:at] + word[at + 1 :]
    if kind == 2:
        return word[: at + 1] + word[at:]
    return word[:at] + random.choice(_NEAR.get(word[at].lower(), word[at])) + word[at + 1 :]


def without_accents(text: str, _random: Random | None = None) -> str:
    """``ñ`` too becomes ``n``."""
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def capitals(text: str, _random: Random | None = None) -> str:
    return text.upper()
