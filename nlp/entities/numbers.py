"""Numbers as people write them: "1.250.000", "3,500.00", "dos millones y medio", "doce"."""

import re

_UNITS = {
    "cero": 0, "un": 1, "uno": 1, "una": 1, "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5,
    "seis": 6, "siete": 7, "ocho": 8, "nueve": 9, "diez": 10, "once": 11, "doce": 12,
    "trece": 13, "catorce": 14, "quince": 15, "dieciseis": 16, "diecisiete": 17,
    "dieciocho": 18, "diecinueve": 19, "veinte": 20, "veintiun": 21, "veintiuno": 21,
    "veintiuna": 21, "veintidos": 22, "veintitres": 23, "veinticuatro": 24,
    "veinticinco": 25, "veintiseis": 26, "veintisiete": 27, "veintiocho": 28,
    "veintinueve": 29, "treinta": 30, "cuarenta": 40, "cincuenta": 50, "sesenta": 60,
    "setenta": 70, "ochenta": 80, "noventa": 90, "cien": 100, "ciento": 100,
    "doscientos": 200, "doscientas": 200, "trescientos": 300, "trescientas": 300,
    "cuatrocientos": 400, "cuatrocientas": 400, "quinientos": 500, "quinientas": 500,
    "seiscientos": 600, "seiscientas": 600, "setecientos": 700, "setecientas": 700,
    "ochocientos": 800, "ochocientas": 800, "novecientos": 900, "novecientas": 900,
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "twelve": 12, "fifteen": 15, "twenty": 20, "dois": 2, "duas": 2,
    "quatro": 4, "sete": 7, "oito": 8, "nove": 9, "dez": 10, "onze": 11, "doze": 12,
    "quinze": 15, "vinte": 20, "trinta": 30, "eleven": 11, "thirty": 30, "forty": 40, "fifty": 50,
}  # fmt: skip
_SCALES = {
    "mil": 10**3, "thousand": 10**3, "millon": 10**6, "millones": 10**6, "million": 10**6,
    "milhao": 10**6, "milhoes": 10**6, "billon": 10**12, "billones": 10**12,
    "trillon": 10**18, "trillones": 10**18,
}  # fmt: skip

_ANY = "|".join(sorted({*_UNITS, *_SCALES}, key=lambda word: (-len(word), word)))
# A number in words; "y" only between two of them.
WORDS = rf"(?:{_ANY})(?:\s+(?:y\s+)?(?:{_ANY})){{0,11}}"
DIGITS = r"\d{1,3}(?:[.,'’]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d{1,3})?(?!\d)"


def from_digits(text: str) -> float | int | None:
    """The number written in digits, whichever of ``.`` and ``,`` groups thousands."""
    text = text.strip().replace("'", "").replace("’", "").replace(" ", "")
    last = max(text.rfind("."), text.rfind(","))
    if last >= 0:
        mark = text[last]
        other = "," if mark == "." else "."
        tail = text[last + 1 :]
        if other in text[:last]:  # both are used: the last one is the decimal mark
            text = text[:last].replace(".", "").replace(",", "") + "." + tail
        elif text.count(mark) > 1 or (len(tail) == 3 and text[:last].lstrip("0")):
            text = text.replace(mark, "")
        else:
            text = text[:last] + "." + tail
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() else number


def from_words(folded: str) -> int | None:
    """The number written in (folded) words; ``None`` if a word is not part of one.

    On the long scale of Spanish a "billón" is a million millions: what stands before "millón",
    "billón" or "trillón" may have thousands of its own.
    """
    total = thousands = current = 0
    for word in folded.split():
        if word in _UNITS:
            current += _UNITS[word]
        elif word in _SCALES:
            scale = _SCALES[word]
            if scale == 10**3:
                thousands += (current or 1) * scale
            else:
                total += (thousands + current or 1) * scale
                thousands = 0
            current = 0
        elif word not in {"y", "and", "e"}:
            return None
    return total + thousands + current


_SCALED = re.compile(
    r"(?P<number>.+?)\s*(?P<scale>k|mil|mil\s+millones|millon|millones|billon|billones|docenas?|dz)"
    r"(?P<half>\s+y\s+medi[oa])?"
)
_POINTED = re.compile(r"(?P<whole>[a-z ]+?)\s+(?:con|coma|punto)\s+(?P<rest>[a-z ]+)")
_FACTORS = {"k": 10**3, "mil": 10**3, "mil millones": 10**9, "docena": 12, "docenas": 12, "dz": 12}


def parse(folded: str) -> float | int | None:
    """A number in digits or in words: "1.250.000", "2 millones y medio", "tres docenas"."""
    folded = " ".join(folded.split())
    if not folded:
        return None
    if re.fullmatch(r"[\d.,'’]*\d(?: \d{3})*(?:,\d+)?", folded):
        return from_digits(folded)
    value = from_words(folded)
    if value is not None:
        return value
    if folded.endswith((" y medio", " y media")) and (base := from_words(folded[:-8])) is not None:
        last = _SCALES.get(folded[:-8].split()[-1], 1)
        return base + (last // 2 if last > 1 else 0.5)
    scaled = _SCALED.fullmatch(folded)
    if scaled:
        number = 0.5 if scaled["number"] in {"media", "medio"} else parse(scaled["number"])
        factor = _FACTORS.get(scaled["scale"]) or _SCALES[scaled["scale"]]
        return None if number is None else _whole((number + bool(scaled["half"]) / 2) * factor)
    pointed = _POINTED.fullmatch(folded)
    return _decimal(pointed["whole"], pointed["rest"]) if pointed else None


def _decimal(whole: str, rest: str) -> float | None:
    """Reads "siete con cincuenta" and "doscientos coma cero tres"."""
    before, after = from_words(whole), from_words(rest)
    if before is None or after is None:
        return None
    zeros = "0" * (len(rest.split()) - len(rest.replace("cero ", "").split()))
    return float(f"{before}.{zeros}{after}")


def _whole(number: float) -> float | int:
    number = round(number, 6)
    return int(number) if number == int(number) else number
