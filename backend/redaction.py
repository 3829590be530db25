"""Taking secrets and personal data out of what is about to be logged.

Two nets: values under telling keys are replaced whole, and every remaining text is searched for
what gives itself away. Masking too much is cheap, so the patterns lean that way; what cannot be
recognised (a bare name in a sentence) must not be put into a log call in the first place.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from uuid import UUID

MASK = "***"
_LONGEST = 20_000  # characters of one value; also bounds the time the patterns take
_DEEPEST = 6

_SENSITIVE_KEYS = frozenset(
    (  # noqa: SIM905  # a list of words reads best as words
        "text body message content comment subject caption question answer reply html payload "
        "raw transcript summary description note query params parameters form "
        "name first_name last_name full_name profile_name contact_name display_name username "
        "user_name sender recipient to from from_ to_ external_id wa_id chat_id thread "
        "latitude longitude location"
    ).split()
)
_SENSITIVE_PARTS = re.compile(
    "token|passw|pwd|secret|authoriz|cookie|api_?key|access_?key|signature|credential|"
    "phone|mobile|e_?mail|telefono|celular|correo|cedula|document_number|nit$"
)

_QUOTED = r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
_PERSONAL_WORD = "|".join(
    sorted(
        (*_SENSITIVE_KEYS - {"to", "from", "query", "form"}, "input_value"), key=len, reverse=True
    )
)
_AREA = r"\(?(?:3\d\d|60[1-8])\)?"  # Colombian mobile and landline prefixes
_CONFIDENTIAL = r"token|passwor[dt]|passwd|pwd|secret|api[_-]?key|access[_-]?key|signature"

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        # SQLAlchemy's and PostgreSQL's messages quote the row
        (r"\[parameters: .*?(?:\]\n|\]$|\Z)", f"[parameters: {MASK}]\n"),
        (r"\bDETAIL:.*", f"DETAIL: {MASK}"),
        (r"\binput_value=.*?(?=, input_type=|\]|$)", f"input_value={MASK}"),
        # user:password@ in a URL; a password may hold anything, so up to the last @
        (r"\b([a-z][a-z0-9+.-]{1,20}://)[^\s/?#@]*:\S*@", rf"\1{MASK}@"),
        (r"\b(authorization|cookie|set-cookie)\b(['\"]?\s*[:=]\s*).*", rf"\1\2{MASK}"),
        (r"\b(bearer|basic)\s+[\w.~+/=-]{6,}", rf"\1 {MASK}"),
        (r"/bot\d+:[\w-]+", f"/bot{MASK}"),
        (r"\b\d{6,12}:[\w-]{30,}", MASK),
        (r"\beyJ[\w-]{4,}\.[\w-]+\.?[\w-]*", MASK),  # JWT
        (
            rf"\b([\w-]{{0,30}}(?:{_CONFIDENTIAL})['\"]?\s*[=:]\s*)(?:{_QUOTED}|[^\s\"'&,;}}]+)",
            rf"\1{MASK}",
        ),
        (rf"\b((?:{_PERSONAL_WORD})['\"]?\s*[=:]\s*){_QUOTED}", rf"\1{MASK}"),
        (r"(?<![\w-])[0-9a-f]{32}(?![\w-])", MASK),  # a Twilio auth token
        (r"\bwhatsapp:[^\s,;\"')\]}]+", f"whatsapp:{MASK}"),
        (r"[^\s@<>\"(),;:\\\[\]]{1,64}@[^\s@<>\"(),;:\\\[\]]{1,255}", MASK),  # e-mail
        # phone: international; Colombian mobile and landline; any long number (also a cédula)
        (r"(?:\+|\b00)\d(?:[ ().-]{0,3}\d){6,14}", MASK),
        (rf"(?<![\w.-])(?:57[ .-]?)?{_AREA}[ .-]?\d{{3}}[ .-]?\d\d[ .-]?\d\d(?!\w)", MASK),
        (r"(?<![\w.-])\d{1,3}(?:\.\d{3}){2,3}(?![\w.-])", MASK),
        (r"(?<![\w.-])\d{8,19}(?![\w-])", MASK),
    )
)


def redact(text: str) -> str:
    """The text without anything recognisably secret or personal, at most 20,000 characters."""
    if len(text) > _LONGEST:
        text = text[:_LONGEST] + "…"
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def is_sensitive(key: str) -> bool:
    """Whether the value under ``key`` must not be logged at all."""
    key = key.lower().replace("-", "_")
    return key in _SENSITIVE_KEYS or _SENSITIVE_PARTS.search(key) is not None


def redact_value(key: str, value: object, depth: int = 0) -> object:
    """The value as it may be logged: plain data, searched; an object is only named by its type."""
    if value is None or isinstance(value, bool):
        return value
    if is_sensitive(key):
        return MASK
    match value:
        case Enum():
            return redact_value(key, value.value, depth)
        case str():
            return redact(value)
        case int() | float():
            return value
        case datetime() | date():
            return value.isoformat()
        case UUID() | timedelta() | Decimal():
            return str(value)
        case PurePath():
            return redact(str(value))
        case BaseException():
            return redact(f"{type(value).__name__}: {value}")
        case Mapping() if depth < _DEEPEST:
            return {redact(str(k)): redact_value(str(k), v, depth + 1) for k, v in value.items()}
        case list() | tuple() | set() | frozenset() if depth < _DEEPEST:
            return [redact_value(key, item, depth + 1) for item in value]
        case _:
            return f"<{type(value).__name__}>"
