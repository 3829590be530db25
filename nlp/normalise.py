"""Noisy text made comparable, without losing where each character came from."""

import re
import unicodedata
from dataclasses import dataclass

MAX_CHARS = 4_000  # what is read of one message; the rest changes no decision and costs time

_TAG = re.compile(r"<(?:/?[a-zA-Z][^<>]{0,300}|!--[^<>]{0,300}--)>")
_WORD = re.compile(r"[^\W_]+(?:_[^\W_]+)*|[^\w\s]", re.UNICODE)
_STRETCHED = re.compile(r"([a-z])\1{2,}")
_LAUGH = re.compile(r"^(?:j+[aeiou]+){2,}j*$|^(?:ha){2,}h?$|^k{3,}$")

# WhatsApp spelling. Only forms that mean one thing in support talk; the value may be several words.
SHORTHAND = {
    "q": "que", "k": "que", "ke": "que", "qe": "que", "d": "de", "x": "por", "xq": "porque",
    "xk": "porque", "pq": "porque", "porq": "porque", "pa": "para", "pal": "para el", "xa": "para",
    "tb": "tambien", "tmb": "tambien", "tbn": "tambien", "tambn": "tambien", "bn": "bien",
    "dnd": "donde", "cm": "como", "cmo": "como", "cuand": "cuando", "cdo": "cuando",
    "msj": "mensaje", "msg": "mensaje", "mjs": "mensaje", "wpp": "whatsapp", "wsp": "whatsapp",
    "whats": "whatsapp", "wasap": "whatsapp", "grax": "gracias", "gcs": "gracias",
    "grs": "gracias", "porfa": "por favor", "porfis": "por favor", "xfa": "por favor",
    "xfavor": "por favor", "pf": "por favor", "plis": "por favor", "pls": "please", "plz": "please",
    "thx": "thanks", "ty": "thanks", "u": "you", "ud": "usted", "uds": "ustedes", "vd": "usted",
    "info": "informacion", "tel": "telefono", "cel": "celular", "nro": "numero", "num": "numero",
    "dpto": "departamento", "ing": "ingeniero", "inge": "ingeniero", "dr": "doctor",
    "toy": "estoy", "tamos": "estamos", "ta": "esta", "tan": "estan", "toca": "toca",
    "ps": "pues", "pss": "pues", "sip": "si", "sep": "si", "sisas": "si", "nop": "no",
    "vc": "voce", "vcs": "voces", "tbm": "tambem", "obg": "obrigado", "blz": "beleza",
    "aki": "aqui", "kiero": "quiero", "kien": "quien", "nesecito": "necesito",
    "nececito": "necesito", "ncsito": "necesito", "necesto": "necesito", "aser": "hacer",
    "ise": "hice", "ay": "hay", "haber": "haber", "sirbe": "sirve", "funsiona": "funciona",
    "serbicio": "servicio", "sistma": "sistema", "acesor": "asesor", "acesora": "asesora",
    "azesor": "asesor", "oy": "hoy", "ola": "hola", "asta": "hasta",
}  # fmt: skip


class _Folding(dict[int, str]):
    """Lower case without accents, one character for one character, computed on first sight."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        base = unicodedata.normalize("NFKD", char)[:1].lower()[:1] or char
        category = unicodedata.category(char)
        if category == "Cc" or category.startswith("Z"):
            base = " " if char != "\n" else "\n"
        elif category in {"Mn", "Cf"}:
            base = " "
        elif base.isspace():
            base = "´"
        self[code] = base
        return base


_FOLDING = _Folding()
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—−"), "-") | dict.fromkeys(map(ord, "“”«»"), '"')


def fold(text: str) -> str:
    """Lower case, no accents, plain dashes and quotes; always of the same length as ``text``."""
    return text.translate(_DASHES).translate(_FOLDING)


@dataclass(frozen=True, slots=True)
class Clean:
    """Readable ``text`` and, for each of its characters, the position in the original."""

    text: str
    folded: str
    offsets: tuple[int, ...] | None  # None: positions are those of the original

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Span of the original text for a span of ``text`` (``start < end``)."""
        if self.offsets is None:
            return start, end
        return self.offsets[start], self.offsets[end - 1] + 1


def _invisible(char: str) -> bool:
    # Zero-width and bidirectional marks, soft hyphens, and combining marks split off their letter.
    return char > "\x7f" and unicodedata.category(char) in {"Cf", "Mn"}


def clean(original: str) -> Clean:
    """Cut to ``MAX_CHARS``, drop invisible characters, blank out HTML tags (keeping positions)."""
    text = original[:MAX_CHARS]
    offsets: tuple[int, ...] | None = None
    if not text.isascii() and any(map(_invisible, text)):
        offsets = tuple(i for i, char in enumerate(text) if not _invisible(char))
        text = "".join(text[i] for i in offsets)
    if "<" in text:
        text = _TAG.sub(lambda tag: " " * len(tag[0]), text)
    return Clean(text, fold(text), offsets)


def _plain(word: str) -> str:
    word = _STRETCHED.sub(r"\1", word)
    if _LAUGH.match(word):
        return "jaja"
    return SHORTHAND.get(word, word)


def words(folded: str) -> list[str]:
    """Words and marks of folded text in reading order, WhatsApp spelling written out.

    A word with digits keeps its shape only (``0``), so that no model learns a number by heart.
    """
    found: list[str] = []
    for token in _WORD.findall(folded):
        if any(map(str.isdigit, token)):
            found.append(re.sub(r"\d+", "0", token))
        else:
            found.extend(_plain(token).split())
    return found
