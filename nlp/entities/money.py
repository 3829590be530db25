"""Amounts of money: "$1.250.000", "USD 3,500.00", "1,2 millones", "200 lucas", "dos palos"."""

import re
from collections.abc import Iterator

from nlp.entities.found import Found
from nlp.entities.numbers import DIGITS, WORDS, parse

_CURRENCIES = {
    "cop": "COP", "peso": "COP", "pesos": "COP", "pesitos": "COP", "usd": "USD", "us$": "USD",
    "u$s": "USD", "dolar": "USD", "dolares": "USD", "dollar": "USD", "dollars": "USD",
    "eur": "EUR", "euro": "EUR", "euros": "EUR", "€": "EUR", "brl": "BRL", "r$": "BRL",
    "real": "BRL", "reais": "BRL", "mxn": "MXN", "gbp": "GBP", "£": "GBP", "$": "COP",
    "col$": "COP", "cop$": "COP", "usd$": "USD",
}  # fmt: skip
# Slang for a thousand and for a million pesos.
_SLANG = {
    "luca": 10**3, "lucas": 10**3, "luquitas": 10**3, "barra": 10**3, "barras": 10**3,
    "palo": 10**6, "palos": 10**6, "melon": 10**6, "melones": 10**6, "palitos": 10**6,
}  # fmt: skip
_SCALES = {
    "mil": 10**3, "k": 10**3, "thousand": 10**3, "m": 10**6, "mm": 10**6, "mill": 10**6,
    "millon": 10**6, "millones": 10**6, "million": 10**6, "millions": 10**6, "milhao": 10**6,
    "milhoes": 10**6, "mil millones": 10**9,
}  # fmt: skip


def _any(words: dict[str, object] | dict[str, int] | dict[str, str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_PREFIX = (
    r"(?<![\w$])(?P<before>col\$|cop\$|usd\$|us\$|u\$s|r\$|cop|usd|eur|brl|mxn|gbp|€|£|\$)\s*\$?\s*"
)
_AFTER = (
    r"(?:\s*(?:de\s+)?(?P<after>pesos|pesitos|peso|dolares|dolar|dollars|dollar|euros|euro|reais"
    r"|cop|usd|eur|brl|mxn|gbp|€)\b(?:\s+(?:m/?cte|colombianos))?)"
)
_SCALE = rf"(?:\s*(?P<scale>mil\s+millones|{_any(_SCALES)})\b(?P<half>\s+y\s+medio)?)"
_WITH_SIGN = re.compile(rf"{_PREFIX}(?P<number>{DIGITS}){_SCALE}?{_AFTER}?")
_WITH_NAME = re.compile(rf"\b(?P<number>{DIGITS}|{WORDS}){_SCALE}?(?P<half2>\s+y\s+medio)?{_AFTER}")
_SLANGY = re.compile(
    rf"\b(?P<number>{DIGITS}|{WORDS})\s+(?P<slang>{_any(_SLANG)})\b(?P<half>\s+y\s+medi[oa])?"
)
_MILLIONS = re.compile(
    rf"\b(?P<number>{DIGITS})\s*(?P<scale>mil\s+millones|millones|millon|milhoes|million)\b"
    r"(?P<half>\s+y\s+medio)?(?!\s+de\s+(?!pesos)\w)"
    rf"|\b(?P<words>{WORDS})(?:(?<=millon)|(?<=millones))(?P<half2>\s+y\s+medio)?(?!\s+de\s+(?!pesos)\w)"
)
_PRICED = re.compile(
    r"\b(?:valor|cobr\w+|pag\w+|costo|monto|total|precio|tarifa|saldo|abon\w+|descont\w+|deb[eo]\w*)"
    r"(?:\s+(?:de|por|un|una|el|la|total|es|fue|son|me|nos|esta|en))*\s+"
    rf"(?P<number>\d{{1,3}}(?:[.,]\d{{3}})+(?:[.,]\d{{1,2}})?|{DIGITS}\s*mil)\b(?!\s*(?:usuarios|dias|horas))"
)


def _amount(number: str, factor: float, half: str | None) -> float | int | None:
    base = parse(number)
    if base is None:
        return None
    amount = (base + (0.5 if half else 0)) * factor
    amount = round(amount, 2)
    return int(amount) if float(amount).is_integer() else amount


def _factor(scale: str | None) -> int:
    return _SCALES[re.sub(r"\s+", " ", scale)] if scale else 1


def _value(amount: float, currency: str) -> dict[str, object]:
    return {"amount": amount, "currency": currency}


def find(folded: str) -> Iterator[Found]:
    """Every amount in folded text; ``value`` is ``{"amount", "currency"}``, COP where unsaid."""
    for match in _WITH_SIGN.finditer(folded):
        # An explicit name says more than "$", which is used for pesos and for dollars.
        currency = _CURRENCIES[match["after"] or match["before"]]
        amount = _amount(match["number"], _factor(match["scale"]), match["half"])
        if amount is not None:
            yield Found("monto", *match.span(), _value(amount, currency), 0.98, rank=8)
    for match in _WITH_NAME.finditer(folded):
        half = match["half"] or match["half2"]
        scale = _factor(match["scale"])
        amount = _amount(match["number"], scale, half if scale > 1 else None)
        if amount is not None and half and scale == 1:
            amount += 500_000 if amount >= 10**6 else 0.5
        if amount is not None:
            currency = _CURRENCIES[match["after"]]
            yield Found("monto", *match.span(), _value(amount, currency), 0.97, rank=8)
    for match in _SLANGY.finditer(folded):
        amount = _amount(match["number"], _SLANG[match["slang"]], match["half"])
        if amount is not None:
            yield Found("monto", *match.span(), _value(amount, "COP"), 0.9, rank=8)
    for match in _MILLIONS.finditer(folded):
        number, half = match["number"] or match["words"], match["half"] or match["half2"]
        amount = _amount(number, _factor(match["scale"]), half if match["scale"] else None)
        if amount is not None:
            amount += 500_000 if half and not match["scale"] else 0
            yield Found("monto", *match.span(), _value(amount, "COP"), 0.9, rank=7)
    for match in _PRICED.finditer(folded):
        number = match["number"]
        thousand = number.endswith("mil")
        amount = _amount(number.removesuffix("mil"), 1000 if thousand else 1, None)
        if amount is not None:
            yield Found("monto", *match.span("number"), _value(amount, "COP"), 0.8, rank=4)
