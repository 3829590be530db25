"""Identifiers: tickets, invoices, contracts, NIT, cédula, e-mail, phone, URL, IP, error codes."""

import ipaddress
import re
from collections.abc import Iterator

import phonenumbers

from nlp.entities.found import Found

_TICKET = re.compile(
    r"\bpt\s?[-–]?\s?(?P<year>20\d\d)\s?-\s?(?P<serial>\d{1,6})\b"
    r"|\bpt\s*[-#]?\s*(?P<short>\d{1,6})\b(?![.,]\d)"
)
_TICKET_NAMED = re.compile(
    r"\b(?:tickets?|tiquetes?|casos?|radicad[oa]s?|requerimientos?|incidentes?|solicitud(?:es)?|pqrs?"
    r"|chamados?|cases?|incidencias?|peticion(?:es)?|queja|reclamo|reporte|request)\s*"
    r"(?:(?:con\s+)?(?:el\s+)?(?:numero|nro\.?|no\.?|num\.?|n[°ºo]\.?|id|number|numero\s+de\s+radicado)\s*:?\s*)?"
    r"[:#\-]?\s*(?:numero\s+)?#?\s*(?P<id>(?:[a-z]{2,4}-)?\d{1,10}(?:-\d{1,8})?)\b(?!\s*(?:/|%|dias?|horas?"
    r"|usuari|person|veces|meses|anos|semanas|minutos|mil\b|millon|de\s+(?:enero|febrero|marzo|abril"
    r"|mayo|junio|julio|agosto|sep|octubre|noviembre|diciembre))|[.,]\d)"
)
_HASH = re.compile(r"(?<![\w#&])#\s?(?P<id>\d{2,8})\b")
_INVOICE = re.compile(
    r"\b(?:facturas?|fatura|invoice|fra\.?|fact\.?)(?:\s+(?:electronica|de\s+venta|de\s+venda))?\s*"
    r"(?:(?:numero|nro\.?|no\.?|num\.?|n[°ºo]\.?|number)\s*:?\s*)?[:#]?\s*"
    r"(?P<id>(?!(?:de|del|por|es|no|y|con|en|a|la|el|al|of|from)\b)[a-z]{1,5}[-\s]?\d{2,10}|(?!20[0-3]\d\b)\d{2,12})\b(?!\s*(?:de\s+(?:enero|feb|mar|abr|may|jun"
    r"|jul|ago|sep|oct|nov|dic)|pesos|mil\b|usuari)|[.,/]\d)"
    r"|\b(?P<id2>(?:fe|fv|fevs?|setp)[-\s]?\d{3,10})\b"
)
_CONTRACT = re.compile(
    r"\b(?:contratos?|ordenes?\s+de\s+(?:compra|servicio|trabajo)|orden\s+de\s+(?:compra|servicio|trabajo)"
    r"|contract|purchase\s+order|pedido\s+de\s+compra|otrosi)\s*"
    r"(?:(?:marco|numero|nro\.?|no\.?|num\.?|n[°ºo]\.?|number)\s*:?\s*)*[:#]?\s*"
    r"(?P<id>(?:[a-z]{1,5}[-\s]?)?\d{1,8}(?:[-/]\d{1,6}){0,2})\b(?!\s*(?:dias|meses|anos|usuari|horas|de\s+(?:ene|feb"
    r"|mar|abr|may|jun|jul|ago|sep|oct|nov|dic)))"
    r"|\b(?P<id2>(?:ct|oc|os|cto|po)[-\s]?\d{2,8}(?:[-/]\d{1,6})?)\b"
)
_NIT = re.compile(
    r"\bn\.?\s?i\.?\s?t\.?\s*(?:es\s+(?:el\s+)?|numero|nro\.?|no\.?|n[°ºo]\.?|:|#|,)*\s*"
    r"(?P<number>\d{3}[.,\s]?\d{3}[.,\s]?\d{3,4})(?:\s?[-–]\s?(?P<digit>\d))?\b"
    r"|\b(?P<number2>[89]\d{2}\.?\d{3}\.?\d{3})\s?[-–]\s?(?P<digit2>\d)\b"
)
_CEDULA = re.compile(
    r"\b(?:cedulas?(?:\s+de\s+(?:ciudadania|extranjeria))?|c\.?\s?c\.?|documento(?:\s+de\s+identidad)?|identificacion"
    r"|identificad[oa]\s+con)\s*(?:(?:de\s+)?ciudadania|numero|nro\.?|no\.?|n[°ºo]\.?|es(?:\s+(?:la|el))?|:|#|con|cc|la)*"
    r"(?:\s+(?:numero|nro\.?|no\.?|es|la|es\s+la|:))*\s*(?P<number>\d{1,3}(?:[.,]\d{3}){1,3}|\d{5,10})\b"
)
_EMAIL = re.compile(
    r"(?<![\w.+-])[a-z0-9][\w.+-]{0,63}@[a-z0-9][a-z0-9-]{0,62}(?:\.[a-z0-9-]{1,62}){1,6}"
)
_URL = re.compile(
    r"\b(?:https?://|www\.)[^\s<>\"']{3,400}"
    r"|(?<![@\w.-])(?:[a-z0-9-]{1,62}\.){1,5}(?:com|co|net|org|gov|edu|io|app|dev|mx|es|br|info|cloud)(?![\w@.-]*@)"
    r"\b(?:/[^\s<>\"']{0,300})?"
)
_IPV4 = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.]*\d)")
_IPV6 = re.compile(r"(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])")
_PHONE = re.compile(r"(?<![\w.@/#-])\+?\(?\d[\d\s().-]{5,18}\d(?![\w@]|[.-]\d)")
_PHONE_CUE = re.compile(
    r"(?:tel|cel|fono|movil|whatsapp|wpp|numero|llam\w+|contact\w+|linea|fijo|phone|call|ligar)\W*(?:\w+\W+){0,4}$"
)
_ERROR = re.compile(
    r"\b(?:(?:error|codigo|cod\.?|code|erro|status|excepcion)\s*(?:de\s+error\s*)?(?:numero|nro\.?|no\.?|n[°ºo]\.?|http)?"
    r"\s*[:#]?\s*)(?P<id>0x[0-9a-f]{4,10}|[a-z]{1,6}[-_]?\d{1,8}|\d{2,6})\b(?!\s*(?:usuari|veces|dias|pesos|horas|mil\b))"
    r"|\b(?P<id2>0x[0-9a-f]{6,10}|(?:ora|sql|sap|http|err|aadsts|ssl|tns|e|db|net|win|fac|fad|fak|fan)[-_]?\d{3,8}"
    r"|err(?:_[a-z]{2,20}){1,6}|[a-z]{2,20}exception)\b"
)
_WEIGHTS = (3, 7, 13, 17, 19, 23, 29, 37, 41, 43, 47, 53, 59, 67, 71)


def nit_check_digit(number: str) -> int:
    """DIAN's check digit of a NIT of at most 15 digits."""
    total = sum(w * int(d) for w, d in zip(_WEIGHTS, reversed(number), strict=False))
    rest = total % 11
    return rest if rest < 2 else 11 - rest


def _named(match: re.Match[str], *names: str) -> tuple[str, int, int]:
    name = next(name for name in names if match[name])
    return match[name], *match.span(name)


def find_tickets(folded: str) -> Iterator[Found]:
    for match in _TICKET.finditer(folded):
        if match["year"]:
            value = f"PT-{match['year']}-{int(match['serial']):06d}"
            yield Found("ticket", *match.span(), value, 0.99, rank=9)
        else:
            yield Found("ticket", *match.span(), match["short"], 0.95, rank=8)
    for match in _TICKET_NAMED.finditer(folded):
        if not match["id"].startswith("pt-"):
            yield Found("ticket", *match.span("id"), match["id"].upper(), 0.9, rank=6)
    for match in _HASH.finditer(folded):
        yield Found("ticket", *match.span(), match["id"], 0.7, rank=2)


def find_references(folded: str, text: str) -> Iterator[Found]:
    """Invoices, contracts and error codes, as written."""
    for match in _INVOICE.finditer(folded):
        _, start, end = _named(match, "id", "id2")
        yield Found("factura", start, end, text[start:end], 0.92, rank=7)
    for match in _CONTRACT.finditer(folded):
        _, start, end = _named(match, "id", "id2")
        yield Found("contrato", start, end, text[start:end], 0.92, rank=7)
    for match in _ERROR.finditer(folded):
        _, start, end = _named(match, "id", "id2")
        yield Found("codigo_error", start, end, text[start:end], 0.9, rank=6)


def find_people_ids(folded: str) -> Iterator[Found]:
    """NIT and cédula. A wrong check digit is reported in the value, never repaired."""
    for match in _NIT.finditer(folded):
        number = re.sub(r"\D", "", match["number"] or match["number2"])
        written = match["digit"] or match["digit2"]
        start = match.start("number") if match["number"] else match.start("number2")
        if written is None:
            yield Found("nit", start, match.end(), number, 0.9, rank=8)
        elif int(written) == nit_check_digit(number):
            yield Found("nit", start, match.end(), f"{number}-{written}", 0.99, rank=9)
        else:
            wrong = {"nit": f"{number}-{written}", "valid": False}
            yield Found("nit", start, match.end(), wrong, 0.6, rank=8)
    for match in _CEDULA.finditer(folded):
        value = re.sub(r"\D", "", match["number"])
        yield Found("cedula", *match.span("number"), value, 0.93, rank=8)


def _ip(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def find_addresses(folded: str, text: str) -> Iterator[Found]:
    """E-mail, URL and IP addresses."""
    for match in _EMAIL.finditer(folded):
        end = match.end() - len(match[0]) + len(match[0].rstrip(".-"))
        yield Found("email", match.start(), end, folded[match.start() : end], 0.99, rank=9)
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
