"""Folded text as a row of words, each of a kind that the grammar of dates knows (or ``W``)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time
from typing import Any

from nlp.entities.calendar_words import FEASTS, LEXICON, MOVING_FEASTS
from nlp.entities.numbers import from_words

MOST_WORDS = 1_500  # of one message; dates after that decide nothing


@dataclass(frozen=True, slots=True)
class Word:
    """A word, or later what several words were reduced to. ``kind`` names a row of the grammar."""

    kind: str
    start: int
    end: int
    value: Any = None


_YEAR = r"(?:19|20)\d\d"
_TOKEN = re.compile(
    # An address or identifier, money or a share is no date, whatever its digits look like.
    r"(?P<opaque>24/7|[^\s,;]{0,64}[@_\\][^\s,;]*|https?:\S+|[$€£#][ ]?\d[\d.,]*"
    r"|\d+(?:[.,]\d+)*[ ]?%"
    r"|\d{1,3}(?:\.\d{1,3}){3}(?![\d])|\d{1,3}(?:[.,]\d{3})+(?:[.,]\d+)?(?!\d|[./-]\d))"
    rf"|(?P<ymd>(?P<y>{_YEAR})(?P<s>[-/.])(?P<mo>\d\d?)(?P=s)(?P<d>\d\d?)(?=t\d|[^\w/-]|$))"
    rf"|(?P<dmy>(?P<d2>\d\d?)[ ]?(?P<s2>[-/.])[ ]?(?P<mo2>\d\d?)[ ]?(?:(?P=s2)|,)[ ]?"
    rf"(?P<y2>{_YEAR}|\d\d)(?![\w/-]|\.\d))"
    rf"|(?P<my>(?P<mo3>\d\d?)[ ]?[-/.~][ ]?(?P<y3>{_YEAR})(?![\w/-]|\.\d))"
    rf"|(?P<ym>(?P<y4>{_YEAR})[-/.](?P<mo4>\d\d?)(?![\w/-]|\.\d))"
    r"|(?P<clock>t?(?P<h>[0-2]?\d)(?:[ ]?:|[ ]?h[ ]?(?=\d\d))(?P<mi>[0-5]\d)(?::(?P<se>[0-5]\d))?"
    r"(?![\d:]))"
    r"|(?P<dm>(?P<d5>\d\d?)(?P<s5>[/.-])(?P<mo5>\d\d?)"
    r"(?![\w/]|[.,]\d|-(?!\d\d?[.:]\d\d)))"
    r"|(?P<number>\d+)"
    r"|(?P<half>[ap][ ]?\.[ ]?m\b\.?|[ap]m\b\.?)"
    r"|(?P<word>[a-z]+-feira|[a-z][a-z'´]*(?:-?\d[\w-]*)?)"
    r"|(?P<mark>[^\w\s])"
)
_MARKS = {",": "COMMA", "-": "DASH", "/": "SLASH", ".": "DOT", "(": "OPEN", "'": "QUOTE",
          "|": "BAR"}  # fmt: skip
_FEAST = re.compile(
    r"(?:"
    + "|".join(sorted([*FEASTS, *MOVING_FEASTS, "semana santa", "puente festivo", "puente"
                       , "lunes festivo", "festivo", "dia festivo"], key=len, reverse=True))
    + r")\b"
)  # fmt: skip
_HOLIDAYS = frozenset({"puente", "festivo", "dia festivo"})  # only after "este", "para el" …
_FEAST_FIRST = frozenset(name.split()[0] for name in _FEAST.pattern[3:-3].split("|"))
_ORDINAL_TAILS = frozenset(
    [
        "ro",
        "do",
        "er",
        "ra",
        "da",
        "ta",
        "to",
        "mo",
        "vo",
        "va",
        "a",
        "o",
        "st",
        "nd",
        "rd",
        "th",
        "°",
        "º",
    ]
)
_GLUED = frozenset(
    [
        "h",
        "hs",
        "hr",
        "hrs",
        "hora",
        "horas",
        "min",
        "mins",
        "minutos",
        "dia",
        "dias",
        "semana",
        "semanas",
        "mes",
        "meses",
        "anos",
        "ano",
        "de",
        "y",
        "days",
        "m",
    ]
)
_LETTERS = re.compile(r"[a-z]+")
_MAY_FOLLOW = _ORDINAL_TAILS | _GLUED | {"p", "am", "pm"}
_TENS = frozenset(
    ["treinta", "cuarenta", "cincuenta", "veinte", "sesenta", "setenta", "ochenta", "noventa"]
)


def _of_number(number: int) -> str:
    for limit, kind in ((0, "ZERO"), (12, "N12"), (24, "N24"), (31, "N31"), (59, "N59"),
                        (999, "N999")):  # fmt: skip
        if number <= limit:
            return kind
    return "YEAR" if 1900 <= number <= 2099 else "BIG" if number <= 2400 else "LONG"


def _numeric(match: re.Match[str]) -> tuple[str, Any]:
    g = match.groupdict()
    if g["ymd"]:
        return "YMD", (int(g["y"]), int(g["mo"]), int(g["d"]))
    if g["dmy"]:
        return "YMD", (int(g["y2"]), int(g["mo2"]), int(g["d2"]))
    if g["my"] or g["ym"]:
        month = int(g["mo3"] or g["mo4"])
        return ("MY" if 1 <= month <= 12 else "W"), (int(g["y3"] or g["y4"]), month)
    if g["clock"]:
        if int(g["h"]) > 24:
            return "W", None
        moment = time(int(g["h"]) % 24, int(g["mi"]), int(g["se"] or 0))
        return "CLOCK", (moment, len(g["h"]) == 2 and (g["h"] > "12" or g["h"][0] == "0"))
    pair = (int(g["d5"]), int(g["mo5"]))
    return ("DM" if g["s5"] == "/" else "DOTTED" if g["s5"] == "." else "DASHED"), pair


def _number_words(folded: str, first: re.Match[str]) -> tuple[int, int] | None:
    """Value and end of a number in words: "treinta y cinco", "dos mil dieciocho"."""
    words, end, position = [first[0]], first.end(), first.end()
    value = from_words(first[0])
    while value is not None and len(words) < 7:
        match = _NEXT_WORD.match(folded, position)
        if match is None:
            break
        word, last = match[1], words[-1]
        joins = (
            (word == "y" and last in _TENS)
            or (last == "y" and (from_words(word) or 99) < 10)
            or word == "mil"
            or (last == "mil" and (from_words(word) or 0) > 0)
            or (last.endswith(("cientos", "ciento")) and (from_words(word) or 999) < 100)
        )  # fmt: skip
        if not joins:
            break
        words.append(word)
        position = match.end()
        if word != "y":
            end, value = position, from_words(" ".join(words))
    return None if value is None else (value, end)


_NEXT_WORD = re.compile(r"\s+([a-z]+)\b")


def _word(folded: str, match: re.Match[str], after_number: bool) -> Word:  # noqa: FBT001
    written, (start, end) = match[0], match.span()
    if written in _FEAST_FIRST and (feast := _FEAST.match(folded, start)):
        kind = "HOLIDAY" if feast[0] in _HOLIDAYS else "FEAST"
        return Word(kind, start, feast.end(), feast[0])
    known = LEXICON.get(written)
    if after_number and written in {"a", "o", "ro", "do", "er", "ra", "da", "ta", "to"}:
        return Word("TH", start, end)
    if known is not None:
        return Word(known[0], start, end, known[1])
    if written in {"un", "una", "uno", "an", "um", "uma", "one"}:
        return Word("UN", start, end, 1)
    if written == "par":
        return Word("PAR", start, end, 2)
    if written == "m":
        return Word("M", start, end)
    number = _number_words(folded, match)
    if number is not None:
        return Word(_of_number(number[0]), start, number[1], number[0])
    if written in _ORDINAL_TAILS:
        return Word("ENTH" if written in {"st", "nd", "rd", "th"} else "TH", start, end)
    split = re.match(r"([a-z]+)-?(\d{1,4})$", written)
    if split and LEXICON.get(split[1], ("",))[0] in {"MONTH", "MONTHEN", "MON"}:
        return Word("MY" if len(split[2]) == 4 else "W", start, end,
                    (int(split[2]), LEXICON[split[1]][1]))  # fmt: skip
    return Word("W", start, end)


def words(folded: str) -> Iterator[Word]:
    """The words and marks of folded text."""
    position, count, glued = 0, 0, -1
    while count < MOST_WORDS and (match := _TOKEN.search(folded, position)) is not None:
        position, kind = match.end(), match.lastgroup
        count += 1
        if kind == "word":
            word = _word(folded, match, glued == match.start())
            position = word.end
        elif kind == "number":
            value = int(match[0]) if len(match[0]) < 5 else 10**6
            glued = match.end()
            tail = _LETTERS.match(folded, glued)
            strange = tail is not None and tail[0] not in _MAY_FOLLOW
            word = Word("W" if strange else _of_number(value), *match.span(), value)
        elif kind == "half":
            word = Word("AMPM", match.start(), match.end(), match[0][0])
        elif kind == "mark":
            word = Word(_MARKS.get(match[0], "STOP"), *match.span())
            if match[0] in "°º":
                word = Word("TH", *match.span())
        elif kind == "opaque":
            word = Word("W", *match.span())
        else:
            name, found = _numeric(match)
            word = Word(name, *match.span(), found)
        yield word
