"""What the client wrote now: earlier mails quoted below and the signature are cut away.

Line by line with short, bounded patterns, so that the time is linear in the text.
``mail-parser-reply`` is not used: its patterns took 10 s on 8 kB of blank lines and 2.8 s on one
long "On …" line, and they miss the usual Spanish headers. When in doubt the text stays: too much
text costs a reader a moment, a lost sentence costs the client an answer.
"""

import re
from functools import lru_cache
from itertools import pairwise

MAX_TEXT = 100_000  # characters looked at; the rest of a longer body is left out
MAX_LINES = 5_000
_SEEN = 400  # characters of a line that patterns see

_QUOTED = re.compile(r"^\s*> ?")
_WROTE = re.compile(
    r"(?:escribi[oó]|wrote|escreveu|a écrit|schrieb|ha scritto|va escriure|schreef|"
    r"napisał(?:\(a\))?)[^:\n]{0,60}:[*\s]*$",
    re.IGNORECASE,
)
_WROTE_START = re.compile(
    r"[>*\s]*(?:El|On|Em|Le|Am|Il|Op|A las|A la|Dnia|Den|Fecha|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4})\b",
    re.IGNORECASE,
)
_DATED = re.compile(r"\d{1,2}[:.h]\d{2}|\d{4}|\d{1,2}[-/.]\d{1,2}|[^\s@]@[^\s@]")
# Older Gmail and phones: "2026-11-03 10:15 GMT-05:00 Juan Pérez <juan@example.com>:"
_GMAIL_OLD = re.compile(
    r"[>\s]*\d{4}[-/]\d{1,2}[-/]\d{1,2}[ T,]{1,2}\d{1,2}:\d{2}[^<\n]{0,80}<[^<>\s]{3,100}>:\s*$"
)
_LABEL = re.compile(
    r"[>*\s]*(de|from|von|enviado(?: el| por)?|enviada em|enviado em|sent|fecha|date|data|para|to|"
    r"an|asunto|subject|assunto|betreff|cc|cco|responder a|reply-to|organizaci[oó]n)\*?\s?:\*?",
    re.IGNORECASE,
)
_FROM_LABELS = {"de", "from", "von", "enviado por"}
_ORIGINAL = re.compile(
    r"[>*\s]*[-_]{3,}\s*(?:mensaje original|original message|mensagem original|mensaje anterior|"
    r"original appointment|cita original|ursprüngliche nachricht|"
    r"message d'origine)\s*[-_]{3,}[*\s]*$",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    r"[>*\s]*(?:[-_]{3,}\s*(?:forwarded message|mensaje reenviado|mensagem encaminhada|"
    r"message transféré)[^\n]{0,60}|"
    r"(?:inicio del mensaje reenviado|begin forwarded message):?)\s*$",
    re.IGNORECASE,
)
_RULE = re.compile(r"[>\s]*[_\-=*]{8,}\s*$")

_DEVICE = re.compile(
    r"[*_\s<\[]*(?:(?:enviado|sent|enviada)\s+(?:desde|from|do|da|a partir d[oa]|con|via)\s+"
    r"(?:mi|my|meu|minha|el|la|un|the|a|outlook|samsung|correo|mail|gmail|yahoo|huawei|xiaomi|"
    r"windows|proton|iphone|ipad|android|blackberry)\b|"
    r"(?:obtener|descargar?|get|obter|consigue|baixe)\s+outlook\b|"
    r"(?:descarga|get)\s+(?:la app|the app|bluemail)\b)[^\n]{0,120}$",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"[*_\s]*(?:(?:muy\s+)?(?:atentamente|atte|att|cordialmente|respetuosamente)|"
    r"(?:un\s+|reciba\s+un\s+)?(?:cordial|atento|caluroso)\s+saludo|"
    r"(?:(?:un|reciban?)\s+)?(?:cordiales\s+|muchos\s+)?saludos?(?:\s+cordial(?:es)?)?|"
    r"(?:quedo|quedamos)\s+atent[oa]s?(?:\s+a\s+[^\n.,]{1,60})?|"
    r"(?:muchas\s+|mil\s+)?gracias|gracias\s+y\s+saludos|feliz\s+(?:d[ií]a|tarde)|"
    r"(?:best|kind|warm)\s+regards|regards|best|cheers|sincerely|yours(?:\s+(?:sincerely|truly))?|"
    r"(?:many\s+)?thanks|thank\s+you|thanks\s+and\s+regards|"
    r"atenciosamente|abraços?|obrigad[oa]|cumprimentos|(?:com os\s+)?melhores\s+cumprimentos)"
    r"[\s,.;:!*_]*$",
    re.IGNORECASE,
)
_DISCLAIMER = re.compile(
    r"[*_\s]*(?:(?:aviso|cl[aá]usula|nota|advertencia)\s+(?:de\s+)?(?:confidencial|legal|privacidad)|"
    r"confidencialidad\s*:|(?:confidentiality|legal)\s+(?:notice|note)|disclaimer\s*:|"
    r"aviso\s+legal|aviso\s+de\s+confidencialidade|"
    r"(?:este|el presente|esta)\s+(?:mensaje|correo|e-?mail|comunicaci[oó]n|mensagem)[^\n]{0,200}"
    r"(?:confidencial|privilegiad|destinatario|destinat[aá]rio)|"
    r"this\s+(?:e-?mail|message|communication)[^\n]{0,200}(?:confidential|privileged|intended)|"
    r"antes de imprimir|please consider the environment)",
    re.IGNORECASE,
)
_SIGNATURE_LINES = 14
_PARTICLES = {"de", "del", "la", "las", "los", "y", "e", "da", "do", "dos", "san", "van", "von"}


def new_text(text: str, *, forwarded: bool = False, may_be_empty: bool = False) -> str:
    """The sender's own words. ``forwarded``: what stands below is the message, keep it.

    ``may_be_empty``: a file is the message, so a bare quotation or signature says nothing.
    """
    lines = _lines(text)
    if forwarded:
        return _join(lines)
    own = _without_quotes(lines)
    if may_be_empty:
        return _join(_without_signature(own, may_be_empty=True))
    if not _join(own):  # nothing but a quotation: show it rather than an empty message
        own = [_QUOTED.sub("", line, count=1) for line in lines]
    return _join(_without_signature(own)) or _join(own)


def is_too_long(text: str) -> bool:
    """Whether :func:`new_text` leaves out the end."""
    return len(text) > MAX_TEXT or text.count("\n") > MAX_LINES


def _lines(text: str) -> list[str]:
    """Without white space at line ends and without more than one blank line in a row."""
    lines = [line.rstrip() for line in text[:MAX_TEXT].replace("\r\n", "\n").split("\n")]
    return [line for before, line in pairwise(["", *lines]) if line or before][:MAX_LINES]


def _join(lines: list[str]) -> str:
    kept = [line for before, line in pairwise(["", *lines]) if line or before]
    return "\n".join(kept).strip("\n")


# --- quotations ----------------------------------------------------------------------------


def _without_quotes(lines: list[str]) -> list[str]:
    own: list[str] = []
    index = 0
    while index < len(lines):
        line = lines[index]
        if _QUOTED.match(line):
            index = _after_quoted(lines, index)
            continue
        if _FORWARDED.match(line[:_SEEN]):
            return own + lines[index:]
        length = _header_length(lines, index)
        if not length:
            own.append(line)
            index += 1
            continue
        following = _next_text(lines, index + length)
        if following is None:
            break
        if not _QUOTED.match(lines[following]) and any(map(str.strip, own)):
            break  # unmarked quotation: all of the rest
        # Marked by ">" (answers may stand between), or nothing was written above: read on.
        index = following
    while own and (not own[-1] or _RULE.match(own[-1])):
        own.pop()
    return own


def _after_quoted(lines: list[str], index: int) -> int:
    """The line after a quoted one, and after the loose end of a quoted line that was wrapped."""
    index += 1
    wrapped = (
        index + 1 < len(lines)
        and lines[index].strip()
        and not _QUOTED.match(lines[index])
        and len(lines[index]) < 40
        and len(lines[index - 1]) > 60
        and _QUOTED.match(lines[index + 1])
    )
    return index + 1 if wrapped else index


def _next_text(lines: list[str], index: int) -> int | None:
    while index < len(lines) and not lines[index].strip():
        index += 1
    return index if index < len(lines) else None


def _header_length(lines: list[str], index: int) -> int:
    """How many lines of a quotation's header start here; 0 if none does."""
    line = lines[index][:_SEEN]
    if not line:
        return 0
    if line.lstrip("> *")[:1] in {"-", "_", "=", ""}:
        if _ORIGINAL.match(line):
            return 1 + _block_length(lines, index + 1)
        block = _block_length(lines, index + 1) if _RULE.match(line) else 0
        return 1 + block if block else 0
    return _wrote_length(lines, index) or _block_length(lines, index)


def _wrote_length(lines: list[str], index: int) -> int:
    """As "El lun, 3 nov 2026 a las 10:15, X <x@y> escribió:", also wrapped over four lines."""
    line = lines[index][:_SEEN]
    if _GMAIL_OLD.match(line):
        return 1
    starts = bool(_WROTE_START.match(line))
    header = ""
    for length in range(1, 5 if starts else 2):
        if index + length > len(lines) or (length > 1 and not lines[index + length - 1].strip()):
            return 0
        part = lines[index + length - 1][:_SEEN]
        header = f"{header} {part}"
        if part.rstrip(" *").endswith(":") and _WROTE.search(header[-100:]):
            return length if _DATED.search(header) else 0
    return 0


@lru_cache(maxsize=64)  # each line is looked at from every line above it
def _label(line: str) -> str | None:
    match = _LABEL.match(line) if ":" in line else None
    return match.group(1).lower() if match else None


def _block_length(lines: list[str], index: int) -> int:
    """An Outlook block: De/From and at least two more of Enviado, Para, Asunto within 8 lines."""
    labels: set[str] = set()
    last = index
    for position in range(index, min(index + 10, len(lines))):
        line = lines[position]
        if label := _label(line[:_SEEN]):
            labels.add(label)
            last = position
        elif (line and not labels) or (not line and len(labels) >= 3):
            break  # it does not begin here, or a blank line ends it
    enough = len(labels) >= 3 and labels & _FROM_LABELS
    return last - index + 1 if enough else 0


# --- signatures ----------------------------------------------------------------------------


def _without_signature(lines: list[str], *, may_be_empty: bool = False) -> list[str]:
    kept = [line for line in lines if not _DEVICE.match(line[:_SEEN])]
    lines = kept if kept or may_be_empty else lines
    said = may_be_empty
    for index, line in enumerate(lines):
        seen = line[:_SEEN]
        if said and (seen.strip() in {"--", "—", "–"} or _DISCLAIMER.match(seen)):
            lines = lines[:index]
            break
        said = said or bool(seen.strip())
    for index in range(len(lines) - 1, max(0, len(lines) - 40), -1):
        if _CLOSING.match(lines[index][:_SEEN]) and _is_signature(lines, index):
            lines = lines[:index]
    return lines


def _is_signature(lines: list[str], index: int) -> bool:
    """A closing formula with something said above it and, if anything, a name below it."""
    if not any(line.strip() for line in lines[:index]):
        return False
    below = [line for line in lines[index + 1 :] if line.strip()]
    if not below:
        return True
    words = below[0].strip(" *_.,").split()
    named = len(words) <= 7 and all(w[0].isupper() or w in _PARTICLES for w in words if w.isalpha())
    return named and len(below) <= _SIGNATURE_LINES and all(len(line) <= 160 for line in below)
