"""What is written like an identifier: tickets, invoices, contracts, error codes."""

import re
from collections.abc import Iterator

from nlp.entities.found import PROVED, Found

_NUMBER = (
    r"(?:(?:con\s+)?(?:el\s+)?(?:numeros?|nro\.?|no\.?|num\.?|n[°ºo]\.?|id"
    r"|number)(?:\s+de\s+(?:radicado|caso))?\s*[:.]?\s*)"
)
_MONTH = (
    r"(?:de\s+)?(?:enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|setiembre|octubre"
    r"|noviembre|diciembre|ene|feb|mar|abr|jun|jul|ago|sept?|oct|nov|dic)\b"
)
# What follows a number that counts something.
_COUNTS = (
    r"(?!\s*(?:[/%]|dias?\b|horas?\b|usuari|person|veces|mes(?:es)?\b|anos\b|semanas?\b"
    r"|minutos?\b|pesos"
    rf"|mil\b|millon|facturas?\b|equipos|licencias|lucas|por\s+ciento|{_MONTH})|[.,]\d)"
)
_CASE = (
    r"tickets?|tiquetes?|tikets?|tiket|casos?|radicad[oa]s?|requerimientos?|incidentes?"
    r"|solicitud(?:es)?|pqrs?|pqr[sd]?f?"
    r"|chamados?|cases?|incidencias?|peticion(?:es)?|quejas?|reclamos?|reportes?|requests?"
    r"|ordenes\s+de\s+servicio|folio"
)
_TICKET = re.compile(
    r"\bpt\s?[-–]?\s?(?P<year>20\d\d)\s?-\s?(?P<serial>\d{1,6})\b"
    r"|\bpt\s*[-#]?\s*(?P<short>\d{1,6})\b(?![.,]\d)"
)
_TICKET_NAMED = re.compile(
    rf"\b(?:{_CASE})\s*,?\s*(?:(?:mi[oa]|mencionado|anterior|es|el|la|del|de)\s+)?{_NUMBER}?"
    rf"[:#\-]?\s*(?:numero\s+)?#?\s*(?P<id>(?:[a-z]{{2,4}}-?)?\d{{1,10}}(?:-\d{{1,8}})?)\b{_COUNTS}"
)
_AND_MORE = re.compile(
    rf"\s*(?:,|\by\b|\be\b|\band\b|\bo\b)\s*(?:el\s+|la\s+)?#?(?P<id>\d{{3,10}})\b{_COUNTS}"
)
_HASH = re.compile(r"(?<![\w#&])#\s?(?P<id>\d{2,8})\b")
# "Reabran el 4471": a number that stands where a case would stand.
_TICKET_BARE = re.compile(
    r"\b(?P<cue>(?:re)?abr[aeio]\w*|cierr\w+|cerr\w+|escal\w+|prioridad|prioricen?|va|sobre"
    r"|paso\s+con|estado|anex\w+|agreg\w+"
    r"|seguimiento|pal|para|respecto|mir\w+|revis\w+|consult\w+|sub\w+|numero|con|es"
    r"|solucion\w*|resuelt\w+|status\s+of|on|re|reopen|close|escalate|encerr\w+|fech\w+)?"
    rf"\s*(?P<article>\b(?:del?|al?|en|con|x|por)?\s*(?:\bel|\bal|\bdel|\bese|\beste|\bla"
    rf"|\bthe|\bo)\s+(?:mismo\s+|numero\s+|otro\s+)?)?#?(?<![\w.,/$-])"
    rf"(?P<id>\d{{4,6}})\b(?!\s*[-:/]\s?\d){_COUNTS}"
)
_ASKED_BY_NUMBER = re.compile(
    r"^\W*(?:(?:el|la|es|mi|numero|no|nro|caso|perdon|perdone|si|ok|buenas|hola"
    r"|era)\b\W*){0,4}(?P<id>\d{4,6})\W*$"
)

_INVOICE = re.compile(
    r"\b(?:facturas?|fatura|invoices?|fras?|fact|fac|cuentas?\s+de\s+cobro|notas?\s+(?:credito|debito)"
    r"|boleto)\b"
    r"\.?(?:\s+(?:electronicas?|de\s+ventas?|de\s+venda|es|la|numeros?|correcta|es\s+la))*\s*"
    rf"{_NUMBER}?[:#]?\s*"
    r"(?P<id>(?!(?:de|del|por|es|no|y|con|en|a|la|el|al|of|from|x|q|que|son"
    r"|ya)\b)[a-z]{1,5}[-\s]?\d{2,10}(?:-\d{1,6})?|(?!20[0-3]\d\b)\d{2,12})\b"
    rf"(?!\s*(?:{_MONTH}|pesos|mil\b|usuari|facturas|dias)|[.,/]\d)"
    r"|\b(?P<id2>(?:fe|fv|fevs?|fves?|setp|felec|fac)[-\s]?\d{3,10})\b"
)
_INVOICE_MORE = re.compile(
    r"\s*(?:,|\by\b|\be\b|\band\b)\s*(?:la\s+)?(?P<id>[a-z]{1,5}-\d{2,10}|\d{4,10})\b(?![.,]\d"
    r"|\s*(?:mil|pesos|de\s+20))"
)
# "En la TX-2188 me cobran …": a feminine paper, where money is spoken of.
_INVOICE_BARE = re.compile(r"\b(?:la|las|en)\s+(?P<id>[a-z]{2,5}-\d{3,8})\b")
_MONEY_TALK = re.compile(
    r"\$|cobr|pag[aou]|factur|valor|precio|correg|corrij|liquid|nota\s+cred|copia|seguro"
    r"|soporte|iva\b|anul|acept"
    r"|mil\b|pesos|retencion|%"
)

_CONTRACT = re.compile(
    r"\b(?:contratos?|ordenes?\s+de\s+(?:compra|servicio|trabajo)|orden\s+de\s+(?:compra"
    r"|servicio|trabajo)"
    r"|contracts?|purchase\s+order|sow|pedido\s+de\s+compra|otrosi|acuerdo\s+marco|convenio)\s*"
    r"(?:(?:marco|es|el|de\s+soporte|de\s+mantenimiento)\s+)?"
    rf"{_NUMBER}?[:#]?\s*"
    r"(?P<id>(?:[a-z]{1,6}[-\s]?)?\d{1,10}(?:[-/]\d{1,6}){0,2})\b(?!\s*(?:dias|meses|anos"
    r"|usuari|horas|mil\b"
    rf"|{_MONTH})|[.,]\d)"
    # a purchase order of ten digits; "orden 45" may be anything
    r"|\b(?:orden|pedido|order)\s+(?P<order>\d{8,10})\b"
    r"|\b(?P<id2>(?:ct|ctr|cto|oc|os|po|cm|contr)[-\s]?\d{2,8}(?:[-/]\d{1,6}){0,2})\b"
)
_NOT_AN_ID = re.compile(r"(?:de|del|por|con|en|a|la|el|al|y|no|es|son|x|q|que|hace|ya|of)\s?\d")

_CODE = r"0x[0-9a-f]{4,10}|[a-z]{1,6}(?:[-_][a-z0-9]{1,16}){1,4}|[a-z]{1,6}\d{1,8}"
_ERROR = re.compile(
    r"\b(?:(?:errores|error|codigos?|cod\.?|codes?|erro|status|excepcion|http|falla|mensaje"
    r"|aviso|alerta|sintoma|exit|sigue\s+en|queda\s+en)"
    r"\s*(?:de\s+error\s*)?(?:(?:con|en|code|era|es|fue|el|la|un|una|numero|nro\.?|no\.?"
    r"|n[°ºo]\.?|http"
    r"|dice|correcto|que\s+sale|que\s+salia|aparece)\s+){0,3}"
    rf"\s*[:#\"(]{{0,2}}\s*)(?P<id>(?=[a-z_-]{{0,40}}\d)(?:{_CODE})"
    rf"|\d{{2,6}}(?:\s5\.\d\.\d{{1,2}})?)\b"
    r"(?!\s*(?:usuari|veces|dias|pesos|horas|mil\b|equipos|person|segundos|minutos)|[.,/]\d)"
    r"(?:,?\s+(?:y\s+)?(?:no|ni|y|o)\s+(?:el\s+|es\s+)?(?P<second>\d{2,6}"
    r"|(?=[a-z_-]{0,40}\d)[a-z]{1,6}[-_]?\d{1,8})\b(?!\s*[a-z]))?"
)
_SAID = re.compile(
    r"\b(?:dice|dicen|sale|salen|salia|salio|aparece|aparecio|bota|boto|saca|saco|arroja"
    r"|arrojo|devuelve|muestra|tira|tirando|botando|arrojando|devolviendo|marca|rebotan?|genera"
    r"|regresa|responde|lanza|throws?|returns?|getting|gives?|says|da|dio|mensaje|mensagem|aviso|alerta"
    r"|con|llena)"
    r"\s*(?:(?:el|la|un|una|con|me|an?|the|e|mensaje|aviso|codigo|:)\s+){0,3}[:,\"(]{0,2}\s*"
    rf"(?:(?P<id>(?=[a-z_-]{{0,40}}\d)(?:{_CODE}))|(?P<status>[45]\d\d(?:\s5\.\d\.\d{{1,3}})?)"
    rf"|(?P<end>\d{{2,4}})(?=\W*$))\b"
    r"(?!\s*(?:usuari|veces|dias|pesos|horas|mil\b|equipos|person|factur|registros|casos)|[.,/]\d)"
)
_PLAIN_CODE = re.compile(
    r"\b(?P<id>0x[0-9a-f]{6,10}|(?:ora|sql|sap|err|error|aadsts|tns|net|win|fac|fad|fak|fan"
    r"|cod|code|http|sqlstate)[-_]?\d{3,8}"
    r"|(?:err|error|e|status|dns|ssl|net)(?:_[a-z]{2,20}){1,6}|[a-z]{2,30}exception"
    r"|econn(?:reset|refused|aborted)|etimedout|enotfound|eacces|enomem|enospc"
    r"|ssl_error_\w+|kb\d{6,8})\b"
)
# Farther from the word: "el error que reporté no es TP-5031 sino TP-5013".
_CODE_LATER = re.compile(
    r"\b(?:error|codigo|letrero|aviso|mensaje"
    r"|pantalla)\b[^.\n;]{1,45}?\b(?P<id>[a-z]{2,5}-\d{2,5})\b"
    r"(?:\s+(?:sino|no|y|ni)\s+(?:es\s+)?(?P<second>[a-z]{2,5}-\d{2,5}|\d{2,5})\b)?"
)
_STATUS_TEXT = re.compile(
    r"\b(?P<id>[45]\d\d)\s+(?:bad|internal|service|not|forbidden|unauthorized|gateway|too)\b"
    r"|\b(?P<mail>[45]\d\d\s[45]\.\d\.\d{1,3})\b"
)
_NOT_CODES = re.compile(r"(?:utc|gmt|iso|usb|covid|h|m|l|p|v|c)[-_]?\d")
_CAPITALS = re.compile(r"(?<![\w@/.])[A-Z]{3,20}(?:_[A-Z0-9]{2,20}){1,5}(?![\w@])")


# In brackets after what is told of a fault: "no genera el plano (TES-118)".
_BRACKETED = re.compile(r"\((?P<id>[A-Z]{2,6}-?\d{2,5})\)")
_FAULT = re.compile(r"\bno\s+(?:me\s+|nos\s+|se\s+)?\w+|fall|error|bloque|rechaz|\bsin\s+poder\b")


def _named(match: re.Match[str], *names: str) -> tuple[int, int]:
    name = next(name for name in names if match[name])
    return match.span(name)


def _more(pattern: re.Pattern[str], folded: str, position: int) -> Iterator[re.Match[str]]:
    """What is joined by "y" or a comma to a find that ends at ``position``."""
    while (match := pattern.match(folded, position)) is not None:
        yield match
        position = match.end()


def find_tickets(folded: str) -> Iterator[Found]:
    for match in _TICKET.finditer(folded):
        if match["year"]:
            value = f"PT-{match['year']}-{int(match['serial']):06d}"
            yield Found("ticket", *match.span(), value, 0.99, rank=PROVED)
        else:
            yield Found("ticket", *match.span(), match["short"], 0.95, rank=8)
    for match in _TICKET_NAMED.finditer(folded):
        if match["id"].startswith("pt-"):
            continue
        yield Found("ticket", *match.span("id"), match["id"].upper(), 0.9, rank=6)
        for other in _more(_AND_MORE, folded, match.end("id")):
            yield Found("ticket", *other.span("id"), other["id"], 0.8, rank=6)
    for match in _HASH.finditer(folded):
        yield Found("ticket", *match.span("id"), match["id"], 0.7, rank=2)
    yield from _bare_tickets(folded)


def _bare_tickets(folded: str) -> Iterator[Found]:
    for match in _TICKET_BARE.finditer(folded):
        year = len(match["id"]) == 4 and match["id"][:2] in {"19", "20"}
        article = [
            w for w in (match["article"] or "").split() if w not in {"mismo", "numero", "otro"}
        ]
        article = article[-1:]
        cue = match["cue"]
        if year or not (article or cue) or (article in (["la"], ["o"]) and cue is None):
            continue
        if article == [] and cue in {"va", "sobre", "para", "con", "es", "numero", "on", "re"}:
            continue
        yield Found("ticket", *match.span("id"), match["id"], 0.8 if cue else 0.7, rank=2)
    asked = _ASKED_BY_NUMBER.match(folded)
    if asked is not None:
        yield Found("ticket", *asked.span("id"), asked["id"], 0.6, rank=2)


def find_references(folded: str, text: str) -> Iterator[Found]:
    """Invoices, contracts and error codes, as written."""
    if any(map(str.isdigit, folded)):
        yield from _papers(folded, text)
    yield from _errors(folded, text)


def _papers(folded: str, text: str) -> Iterator[Found]:
    for match in _INVOICE.finditer(folded):
        start, end = _named(match, "id", "id2")
        yield Found("factura", start, end, text[start:end], 0.92, rank=7)
        for other in _more(_INVOICE_MORE, folded, end):
            start, end = other.span("id")
            yield Found("factura", start, end, text[start:end], 0.85, rank=6)
    for match in _CONTRACT.finditer(folded):
        start, end = _named(match, "id", "order", "id2")
        if not _NOT_AN_ID.match(folded, start):
            yield Found("contrato", start, end, text[start:end], 0.92, rank=7)
    if _MONEY_TALK.search(folded):
        for match in _INVOICE_BARE.finditer(folded):
            start, end = match.span("id")
            yield Found("factura", start, end, text[start:end], 0.7, rank=3)


def _errors(folded: str, text: str) -> Iterator[Found]:
    for match in _ERROR.finditer(folded):
        for name in ("id", "second"):
            if match[name]:
                start, end = match.span(name)
                yield Found("codigo_error", start, end, text[start:end], 0.9, rank=6)
    yield from _codes_apart(folded, text)
    for match in _PLAIN_CODE.finditer(folded):
        start, end = match.span("id")
        yield Found("codigo_error", start, end, text[start:end], 0.92, rank=6)
    for match in _SAID.finditer(folded):
        start, end = _named(match, "id", "status", "end")
        if _NOT_CODES.fullmatch(folded, start, end):
            continue
        # A code is written in capitals, or is a number; "con el 4471" is a case.
        if match[0].startswith("con ") if match["id"] is None else not text[start].isupper():
            continue
        yield Found("codigo_error", start, end, text[start:end], 0.75, rank=6)
    for match in _CAPITALS.finditer(text):
        yield Found("codigo_error", *match.span(), match[0], 0.85, rank=6)
    for match in _BRACKETED.finditer(text):
        if _FAULT.search(folded, max(0, match.start() - 60), match.start()):
            yield Found("codigo_error", *match.span("id"), match["id"], 0.7, rank=3)


def _codes_apart(folded: str, text: str) -> Iterator[Found]:
    """Codes farther from the word, or told by what follows."""
    for match in _CODE_LATER.finditer(folded):
        for name in ("id", "second"):
            if match[name] and text[match.start("id")].isupper():
                start, end = match.span(name)
                yield Found("codigo_error", start, end, text[start:end], 0.75, rank=6)
    for match in _STATUS_TEXT.finditer(folded):
        start, end = _named(match, "id", "mail")
        yield Found("codigo_error", start, end, text[start:end], 0.9, rank=6)
