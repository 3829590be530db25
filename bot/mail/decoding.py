"""Bytes of unknown origin to readable text: charsets, headers, file names, addresses.

Nothing here raises on bad input, and every loop is over input that was cut to a bound first: the
standard library's header parsing takes quadratic time on hostile headers.
"""

import codecs
import re
from binascii import Error as BinasciiError
from email.errors import MessageError
from email.header import decode_header
from email.utils import getaddresses, parsedate_to_datetime

MAX_HEADER = 4_000  # characters of a header that are looked at
MAX_ADDRESSES = 60
MAX_FILENAME = 120

# What the standard library's parsers raise on input that they do not expect.
MALFORMED = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    OverflowError,
    MessageError,
    BinasciiError,
)

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufffe\uffff]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
# Direction marks and zero-width characters make "gpj.exe" look like "exe.jpg".
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_ADDRESS = re.compile(r"[^\s@<>()\[\]\\,;:\"]{1,64}@[^\s@<>()\[\]\\,;:\"]{1,190}")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}>")

# Senders say these and mean their superset, as browsers read them.
_SUPERSETS = {
    "us-ascii": "cp1252",
    "ascii": "cp1252",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
}
_NOT_CHARSETS = {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape"}


def readable(text: str) -> str:
    """The text without NUL and controls, lone surrogates as U+FFFD, line ends as ``\\n``."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x85", "\n")
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub("", text))


def decode(data: bytes, charset: str | None) -> str:
    """Decode by the announced charset if it fits, else as UTF-8, else as Windows-1252."""
    for name in (charset, "utf-8", "cp1252"):
        codec = _codec(name)
        if codec is None:
            continue
        strict = name != charset or codec.name == "utf-8"
        try:
            return readable(codec.decode(data, "strict" if strict else "replace")[0])
        except MALFORMED:
            continue
    return readable(data.decode("latin-1"))


def _codec(name: str | None) -> codecs.CodecInfo | None:
    cleaned = (name or "").strip(" \"'").lower()
    if not cleaned:
        return None
    try:
        codec = codecs.lookup(_SUPERSETS.get(cleaned, cleaned))
    except MALFORMED:
        return None
    is_text: bool = getattr(codec, "_is_text_encoding", True)
    return codec if is_text and codec.name.replace("-", "_") not in _NOT_CHARSETS else None


def header(value: object, limit: int = MAX_HEADER) -> str:
    """One header as one line of text: encoded words and raw 8-bit bytes decoded, unfolded."""
    text = str(value)[:limit] if value is not None else ""
    text = _eight_bit(text)
    try:
        words = decode_header(text) if "=?" in text else [(text, None)]
    except MALFORMED:
        words = [(text, None)]
    decoded = "".join(
        word if isinstance(word, str) else decode(word, charset) for word, charset in words
    )
    return " ".join(readable(decoded).split())


def _eight_bit(text: str) -> str:
    """Raw bytes reach us as surrogates; bring them back and decode them."""
    if not _SURROGATES.search(text):
        return text
    return decode(text.encode("utf-8", "surrogateescape"), None) if _escaped(text) else text


def _escaped(text: str) -> bool:
    return all("\udc80" <= char <= "\udcff" for char in _SURROGATES.findall(text))


def filename(value: str | None) -> str | None:
    """A name that is safe to show and to offer for download; never a path."""
    name = _INVISIBLE.sub("", header(value)).replace("\\", "/").rpartition("/")[2]
    name = re.sub(r'[<>:"|?*\x00-\x1f]', "_", name).strip(" .")
    if len(name) > MAX_FILENAME:
        stem, dot, extension = name.rpartition(".")
        keep = f"{dot}{extension[:12]}" if stem else ""
        name = (stem or name)[: MAX_FILENAME - len(keep)] + keep
    return name or None


def addresses(values: list[object]) -> list[tuple[str, str]]:
    """``(name, address)`` of every valid address in these headers, the addresses in lower case."""
    text = ", ".join(_eight_bit(str(value)[:MAX_HEADER]) for value in values[:10])
    if len(text) > MAX_HEADER:
        text = text[:MAX_HEADER].rpartition(",")[0]
    try:
        pairs = getaddresses([text])
    except MALFORMED:
        pairs = []
    valid = [(name, a.strip()) for name, a in pairs if _ADDRESS.fullmatch(a.strip())]
    if not valid and (match := _ADDRESS.search(text)):
        valid = [("", match.group())]
    found = [(_INVISIBLE.sub("", header(name))[:100], a.lower()) for name, a in valid]
    return [(name, readable(address)) for name, address in found[:MAX_ADDRESSES]]


def is_one_address(values: list[object]) -> bool:
    """Whether a From says unmistakably who wrote; on others parsers differ (CVE-2023-27043)."""
    if len(values) != 1:
        return False
    bare = _QUOTED.sub("", header(values[0]))
    return bare.count("@") == 1 and not set("()[];\\") & set(bare) and bare.count("<") <= 1


def message_ids(values: list[object]) -> list[str]:
    """The ``<…>`` identifiers of In-Reply-To or References: the first, and the last hundred."""
    text = " ".join(header(value, 30_000) for value in values[:3])
    found: list[str] = _MESSAGE_ID.findall(text)
    return found[:1] + found[1:][-100:]


def date(value: object) -> str | None:
    """A mail date as ISO 8601 with an offset, or ``None``. No zone is read as UTC."""
    try:
        parsed = parsedate_to_datetime(str(value)[:200].strip())
        text = parsed.isoformat()
    except MALFORMED:
        return None
    return text if parsed.tzinfo else f"{text}+00:00"
