"""Identifiers of persons and machines: NIT, cédula, e-mail, phone, URL, IP."""

import ipaddress
import re
from collections.abc import Iterator

import phonenumbers

from nlp.entities.found import LOOSE, PROVED, Found

_NIT = re.compile(
    r"\bn\.?\s?i\.?\s?t\.?\s*(?:es\s+(?:el\s+)?|numero|nro\.?|no\.?|n[°ºo]\.?|:|#|,)*\s*"
    r"(?P<number>\d{3}[.,\s]?\d{3}[.,\s]?\d{3,4})(?:\s?[-–]\s?(?P<digit>\d))?\b"
    r"|\b(?P<number2>[89]\d{2}\.?\d{3}\.?\d{3})\s?[-–]\s?(?P<digit2>\d)\b"
)
_CEDULA = re.compile(
    r"\b(?:cedulas?(?:\s+de\s+(?:ciudadania|extranjeria))?|c\.?\s?c\.?|c\.?\s?e\.?"
    r"|documentos?(?:\s+de\s+identidad)?|identificacion"
    r"|identificad[oa]s?\s+con|pasaporte|ti|cpf)\s*(?:(?:de\s+)?ciudadania|numero|nro\.?|no\.?"
    r"|n[°ºo]\.?|es(?:\s+(?:la|el))?|:|#|con|cc|la)*"
    r"(?:\s+(?:numero|nro\.?|no\.?|es|la|es\s+la|:))*\s*(?P<number>\d{1,3}(?:[.,]\d{3}){1,3}"
    r"|\d{5,10})\b(?!-\d)"
)
# Farther from the word, only what is grouped like one.
_CEDULA_LATER = re.compile(
    r"\b(?:cedulas?|documentos?|identificad[oa]s?|identificacion"
    r"|cc)\b[^\n$\d]{1,60}?\b(?P<number>\d{1,3}(?:\.\d{3}){2,3}|1[01]\d{8})\b(?!-\d)"
)
# Grouped like one, and nothing about money before it.
_CEDULA_BARE = re.compile(
    r"(?<![\d.$])(?P<number>[1-9]\d\.\d{3}\.\d{3}|1\.[01]\d\d\.\d{3}\.\d{3})(?![\d-]|\.\d"
    r"|\s*(?:pesos|mil|cop|usd))"
)
_MONEY_BEFORE = re.compile(r"\$|valor|cobr|pag|cost|monto|total|precio|saldo|factur|cuota|vale|por")
_CEDULA_MORE = re.compile(
    r"\s*(?:,|\by\b|\be\b)\s*(?:la\s+)?(?P<number>\d{1,3}(?:\.\d{3}){2,3}|\d{7,10})\b(?![-.]\d)"
)
_EMAIL = re.compile(
    r"(?<![\w.+-])[a-z0-9][\w.+-]{0,63}@[a-z0-9][a-z0-9-]{0,62}(?:\.[a-z0-9-]{1,62}){1,6}"
)
_URL = re.compile(
    r"\b(?:https?://|www\.)[^\s<>\"']{3,400}"
    r"|(?<![@\w.-])(?:[a-z0-9-]{1,62}\.){1,5}(?:com|co|net|org|gov|edu|io|app|dev|mx|es|br"
    r"|info|cloud)(?![\w@.-]*@)"
    r"\b(?:/[^\s<>\"']{0,300})?"
)
_IPV4 = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.]*\d)")
_IPV6 = re.compile(r"(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])")
_PHONE = re.compile(r"(?<![\w.@/#-])\+?\(?\d[\d\s().-]{5,18}\d(?![\w@]|[.-]\d)")
_PHONE_CUE = re.compile(
    r"(?:tel|cel|fono|movil|whatsapp|wpp|numero|llam\w+|contact\w+|linea|fijo|phone|call"
    r"|ligar)\W*(?:\w+\W+){0,4}$"
)
_WEIGHTS = (3, 7, 13, 17, 19, 23, 29, 37, 41, 43, 47, 53, 59, 67, 71)


def nit_check_digit(number: str) -> int:
    """DIAN's check digit of a NIT of at most 15 digits."""
    total = sum(w * int(d) for w, d in zip(_WEIGHTS, reversed(number), strict=False))
    rest = total % 11
    return rest if rest < 2 else 11 - rest


def find_people_ids(folded: str) -> Iterator[Found]:
    """NIT and cédula. A wrong check digit is reported in the value, never repaired."""
    for match in _NIT.finditer(folded):
        number = re.sub(r"\D", "", match["number"] or match["number2"])
        written = match["digit"] or match["digit2"]
        start = match.start("number") if match["number"] else match.start("number2")
        if written is None:
            yield Found("nit", start, match.end(), number, 0.9, rank=8)
        elif int(written) == nit_check_digit(number):
            yield Found("nit", start, match.end(), f"{number}-{written}", 0.99, rank=PROVED)
        else:
            wrong = {"nit": f"{number}-{written}", "valid": False}
            yield Found("nit", start, match.end(), wrong, 0.6, rank=8)
    yield from _cedulas(folded)


def _cedulas(folded: str) -> Iterator[Found]:
    for pattern, confidence, rank in ((_CEDULA, 0.93, 8), (_CEDULA_LATER, 0.8, 6)):
        for match in pattern.finditer(folded):
            found: re.Match[str] | None = match
            while found is not None:
                value = re.sub(r"\D", "", found["number"])
                yield Found("cedula", *found.span("number"), value, confidence, rank)
                found = _CEDULA_MORE.match(folded, found.end())
    for match in _CEDULA_BARE.finditer(folded):
        if not _MONEY_BEFORE.search(folded[max(0, match.start() - 30) : match.start()]):
            value = match["number"].replace(".", "")
            yield Found("cedula", *match.span(), value, 0.6, LOOSE)


def _ip(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def find_addresses(folded: str, text: str) -> Iterator[Found]:
    """E-mail, URL and IP addresses."""
    for match in _EMAIL.finditer(folded):
        end = match.end() - len(match[0]) + len(match[0].rstrip(".-"))
        yield Found("email", match.start(), end, folded[match.start() : end], 0.99, rank=PROVED)
    for match in _URL.finditer(folded):
        end = match.start() + len(match[0].rstrip(".,;:!?)]}"))
        yield Found("url", match.start(), end, text[match.start() : end], 0.97, rank=8)
    for pattern in (_IPV4, _IPV6) if "." in folded or "::" in folded or ":" in folded else ():
        for match in pattern.finditer(folded):
            address = _ip(match[0])
            if address is not None and len(match[0]) > 4:
                yield Found("ip", *match.span(), address, 0.98, rank=8)


def find_phones(folded: str) -> Iterator[Found]:
    """Phone numbers as E.164; those without a country code are Colombian."""
    for match in _PHONE.finditer(folded):
        written = match[0].rstrip(" .-(")
        digits = re.sub(r"\D", "", written)
        if not 7 <= len(digits) <= 15:
            continue
        cue = bool(_PHONE_CUE.search(folded[max(0, match.start() - 45) : match.start()]))
        mobile = len(digits) == 10 and digits[0] == "3"
        if not (
            cue or mobile or written.startswith("+") or (len(digits) == 10 and digits[:2] == "60")
        ):
            continue
        try:
            number = phonenumbers.parse(written, "CO")
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(number) and (
            phonenumbers.is_valid_number(number) or (cue and len(digits) >= 10)
        ):
            value = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            yield Found(
                "telefono", match.start(), match.start() + len(written), value, 0.95, rank=7
            )
