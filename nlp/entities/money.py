"""Amounts of money: "$1.250.000", "USD 3,500.00", "1,2 millones", "200 lucas", "dos palos"."""

import re
from collections.abc import Iterator

from nlp.entities.found import Found
from nlp.entities.numbers import DIGITS, WORDS, parse

_CURRENCIES = {
    "cop": "COP", "peso": "COP", "pesos": "COP", "pesitos": "COP", "usd": "USD", "us$": "USD",
    "u$s": "USD", "dolar": "USD", "dolares": "USD", "dollar": "USD", "dollars": "USD",
    "bucks": "USD", "eur": "EUR", "euro": "EUR", "euros": "EUR", "€": "EUR", "brl": "BRL",
    "r$": "BRL", "real": "BRL", "reais": "BRL", "mxn": "MXN", "gbp": "GBP", "£": "GBP",
    "$": "COP", "col$": "COP", "cop$": "COP", "usd$": "USD", "us": "USD", "barras": "COP",
}  # fmt: skip
# Slang for a thousand and for a million pesos.
_SLANG = {
    "luca": 10**3, "lucas": 10**3, "luquitas": 10**3, "barra": 10**3, "barras": 10**3,
    "mil barras": 10**3, "palo": 10**6, "palos": 10**6, "melon": 10**6, "melones": 10**6,
    "palitos": 10**6,
}  # fmt: skip
_SCALES = {
    "mil": 10**3, "k": 10**3, "thousand": 10**3, "m": 10**6, "mm": 10**6, "mill": 10**6,
    "millon": 10**6, "millones": 10**6, "million": 10**6, "millions": 10**6, "milhao": 10**6,
    "milhoes": 10**6, "mill.": 10**6, "mil millones": 10**9,
}  # fmt: skip


def _any(words: dict[str, int] | dict[str, str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_PREFIX = (
    r"(?<![\w$])(?P<before>col\$|cop\$|usd\$|us\$|u\$s|r\$|cop|usd|eur|brl|mxn|gbp|€|£"
    r"|\$)\s*\$?\s*"
)
_AFTER = (
    r"(?:\s*(?:de\s+)?(?P<after>pesos|pesitos|peso|dolares|dolar|dollars|dollar|bucks|euros"
    r"|euro|reais"
    r"|cop|usd|eur|brl|mxn|gbp|€)(?!\w)(?:\s+(?:m/?cte|colombianos|americanos))?)"
)
_SCALE = rf"(?:\s*(?P<scale>mil\s+millones|{_any(_SCALES)})(?!\w)(?P<half>\s+y\s+medio)?)"
_WITH_SIGN = re.compile(rf"{_PREFIX}(?P<number>{DIGITS}){_SCALE}?{_AFTER}?")
_WITH_NAME = re.compile(
    rf"\b(?P<number>{DIGITS}|{WORDS}(?!\w)){_SCALE}?(?P<half2>\s+y\s+medio)?{_AFTER}"
)
_SLANGY = re.compile(
    rf"\b(?P<number>{DIGITS}|{WORDS}|medio"
    rf"|media)\s+(?P<slang>{_any(_SLANG)})\b(?P<half>\s+y\s+medi[oa])?"
    r"|\b(?P<bare>palo|melon)\s+y\s+medio\b"
)
_MILLIONS = re.compile(
    rf"\b(?P<number>{DIGITS})\s*(?P<scale>mil\s+millones|millones|millon|milhoes|million)\b"
    r"(?P<half>\s+y\s+medio)?(?P<of>\s+de\s+(?!pesos)(?=\w))?(?:\s+(?P<rest>\d{3})\s+mil\b)?"
    rf"|\b(?P<words>{WORDS})\b(?P<half2>\s+y\s+medio)?(?!\s+de\s+(?!pesos)\w)"
    r"|\b(?P<medio>medio\s+millon)\b"
)
# "45 mil" is money where nothing is counted after it.
_THOUSANDS = re.compile(
    rf"(?<![$\w.,])(?P<number>{DIGITS}|{WORDS}(?<!mil))\s*(?:mil|k)\b"
    r"(?=\s*(?:[.,;!?)]|$|\n|(?:de\s+(?:mas|iva|diferencia|recargo|comision|anticipo|cuota|la"
    r"|el|los)|mal|por|x|en|a|al|q|que|y|ni|o|mensual\w*"
    r"|cada|c/u|para|pa|extra|adicional\w*|menos|mas|del|con|sin|la|el|los|me|nos|se|desde"
    r"|hace|cuando|si|no|pero|ya|cobrad\w+|pagad\w+)\b))"
)
_PRICE = (
    r"valor|cobr\w+|pag[aoueé]\w*|cost[oa]\w*|monto|total|precio|tarifa|saldo|abon\w+"
    r"|descont\w+|deb[eo]\w*|descuent\w+"
    r"|devol\w+|devuelv\w+|reembols\w+|reintegr\w+|vale|cuesta|nota\s+credito|faltan|sobran"
    r"|venta|ped\w+|pid\w+|cuota|multa|comision"
    r"|descuadr\w*|consign\w+|transf\w+|factur\w+|plata|retencion|iva|recargo|anticipo"
    r"|presupuesto|ofrec\w+|gast\w+|diferencia|salio|salen?|era|cuenta|bono|penalidad"
)
_PRICED = re.compile(
    rf"\b(?:{_PRICE})(?:\s+(?:de|por|x|un|una|el|la|los|total|es|fue|son|me|nos|esta|en"
    rf"|correcto|real|era|seria))*[\s:]+"
    rf"(?P<number>\d{{1,3}}(?:[.,]\d{{3}})+(?:[.,]\d{{1,2}})?)\b(?![-\d])(?!\s*(?:(?!pesos)[a-z]{{4,}}[aeo]s\b|usuarios"
    rf"|dias|horas|registros|facturas|unidades|equipos|licencias|%))"
)
_PRICE_BEFORE = re.compile(rf"\b(?:{_PRICE})\b")
_WORDS_OF_MONEY = re.compile(r"mil|palo|luca|barra|melon|peso|dolar|euro|reais|dollar|buck|pesit")
_HUNDREDS = {100, 200, 300, 400, 500, 600, 700, 800, 900}


def _clean(amount: float) -> float | int:
    amount = round(amount, 2)
    return int(amount) if float(amount).is_integer() else amount


def _in_words(written: str) -> float | int | None:
    """A number, but that "un millón doscientos" leaves a thousand unsaid."""
    amount = parse(written)
    if amount is not None and re.search(r"millon(?:es)?\s+\w+$", written):
        rest = int(amount) % 10**6
        amount += rest * 999 if rest in _HUNDREDS else 0
    return amount


def _amount(number: str, factor: float, half: str | None) -> float | int | None:
    base = 0.5 if number in {"medio", "media"} else _in_words(number)
    if base is None:
        return None
    if half and factor == 1:
        base += 500_000 if base >= 10**6 else 0.5
    elif half:
        base += 0.5
    return _clean(base * factor)


def _factor(scale: str | None) -> int:
    return _SCALES[re.sub(r"\s+", " ", scale)] if scale else 1


def _found(span: tuple[int, int], amount: float, currency: str, sure: float, rank: int) -> Found:
    return Found("monto", *span, {"amount": amount, "currency": currency}, sure, rank)


def find(folded: str) -> Iterator[Found]:
    """Every amount in folded text; ``value`` is ``{"amount", "currency"}``, COP where unsaid."""
    digits = any(map(str.isdigit, folded))
    if digits:
        yield from _signed(folded)
    if _WORDS_OF_MONEY.search(folded) or digits:
        yield from _named(folded)
    if _WORDS_OF_MONEY.search(folded):
        yield from _slangy(folded)
        yield from _millions(folded)
    if _PRICE_BEFORE.search(folded):
        yield from _priced(folded)


def _signed(folded: str) -> Iterator[Found]:
    for match in _WITH_SIGN.finditer(folded):
        # An explicit name says more than "$", which is used for pesos and for dollars.
        currency = _CURRENCIES[match["after"] or match["before"]]
        amount = _amount(match["number"], _factor(match["scale"]), match["half"])
        if amount is not None:
            yield _found(match.span(), amount, currency, 0.98, 8)


def _named(folded: str) -> Iterator[Found]:
    for match in _WITH_NAME.finditer(folded):
        half = match["half"] or match["half2"]
        amount = _amount(match["number"], _factor(match["scale"]), half)
        # "Ni un peso" is no amount.
        if amount is not None and match["number"] not in {"un", "una"}:
            yield _found(match.span(), amount, _CURRENCIES[match["after"]], 0.97, 8)


def _slangy(folded: str) -> Iterator[Found]:
    for match in _SLANGY.finditer(folded):
        if match["bare"]:
            yield _found(match.span(), 1_500_000, "COP", 0.9, 8)
            continue
        slang = re.sub(r"\s+", " ", match["slang"])
        amount = _amount(match["number"], _SLANG[slang], match["half"])
        if amount is not None and slang not in {"barra", "luca"}:
            yield _found(match.span(), amount, "COP", 0.9, 8)


def _millions(folded: str) -> Iterator[Found]:
    for match in _MILLIONS.finditer(folded):
        if match["medio"]:
            yield _found(match.span(), 500_000, "COP", 0.9, 7)
            continue
        # "Dos millones de registros" are no money, unless somebody has to pay them.
        before = folded[max(0, match.start() - 25) : match.start()]
        if match["of"] and not _PRICE_BEFORE.search(before):
            continue
        number, half = match["number"] or match["words"], match["half"] or match["half2"]
        if match["words"] and "millon" not in number:
            continue
        amount = _amount(number, _factor(match["scale"]), half)
        if amount is not None:
            rest = int(match["rest"]) * 1000 if match["rest"] else 0
            end = match.start("of") if match["of"] else match.end()
            yield _found((match.start(), end), amount + rest, "COP", 0.9, 7)


def _priced(folded: str) -> Iterator[Found]:
    for match in _PRICED.finditer(folded):
        amount = _amount(match["number"], 1, None)
        if amount is not None:
            yield _found(match.span("number"), amount, "COP", 0.8, 4)
    for match in _THOUSANDS.finditer(folded):
        before = folded[max(0, match.start() - 60) : match.start()]
        amount = _amount(match["number"], 1000, None)
        if amount is not None and _PRICE_BEFORE.search(before):
            yield _found(match.span(), amount, "COP", 0.75, 4)
