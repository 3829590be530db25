"""How the patterns of dates are written, and what becomes of them.

A pattern is a regular expression whose letters are whole words: ``DAY DE MONTHS`` is a day number,
"de" and a month; ``<day:DAY>`` hands the word to the resolver under that name. Where there is a
group ``x``, only its words are the find.
"""

import re
from dataclasses import dataclass

_KINDS = """
    W MONTH MON WEEKDAY WD ORD HOY MANANA AMANHA AYER ANTIER TRASANTIER ANOCHE ANTENOCHE
    TONIGHT MINS HORAS H DIA DIAS SEMANA UNITS UNIT ANO FINDE PART NOON THIS ULT PAST
    ANTEPAST NEXT ULTS PASTS NEXTS ORDS OTRA EL LA LOS LAS LO DE DEL A AL EN POR PARA DESDE
    HASTA ENTRE Y QUE VIENE PASO MISMO ANTES DESPUES AGO HACE DENTRO AQUI PARTIR TIPO
    DURANTE APPROX MAS MENOS PUNTO MEDIA MEDIO CUARTO FIN INI MED MITAD RESTO QUEDA VA
    CORRIDO SIN SOBRE QUINCENA EVENT HOLIDAY LONG TODO CADA LLEVO HABIL SON THING FEAST UN
    PAR M TH AMPM COMMA DASH SLASH DOT OPEN QUOTE BAR STOP YMD MY DM DOTTED DASHED CLOCK
    ZERO N12 N24 N31 N59 N999 YEAR BIG D P T DT LOOSE MONTHEN AT ENTH NA
""".split()  # noqa: SIM905 - read as running words
CODE = {kind: chr(0x4E00 + i) for i, kind in enumerate(_KINDS)}
_NAME = re.compile(r"(?<!\?)\b[A-Z]+\b")
_KIND = re.compile(r"(?<!\?)\b[A-Z][A-Z0-9]*\b")
_MOST = 5  # short names inside short names


@dataclass(frozen=True, slots=True)
class Rule:
    """``kind`` is what the words become; ``resolver`` the function to ask for the value."""

    kind: str
    resolver: str
    pattern: re.Pattern[str]


def _entries(text: str) -> list[str]:
    """The lines of a text, those that begin with spaces joined to the one before."""
    joined = re.sub(r"\n\s+", " ", text.strip())
    return [line for line in joined.split("\n") if line]


def short_names(text: str) -> dict[str, str]:
    """``NAME = what it stands for`` by line."""
    return dict(line.split(" = ", 1) for line in _entries(text))


def compiled(pattern: str, short: dict[str, str]) -> re.Pattern[str]:
    """The regular expression over the codes of kinds."""
    for _ in range(_MOST):
        pattern = _NAME.sub(lambda name: short.get(name[0], name[0]), pattern)
    pattern = re.sub(r"<(\w+):", r"(?P<\1\0", pattern.replace(">", ")")).replace("\0", ">")
    return re.compile(re.sub(r"\s+", "", _KIND.sub(lambda kind: CODE[kind[0]], pattern)))


def rules(text: str, short: dict[str, str]) -> tuple[Rule, ...]:
    """``KIND resolver: pattern`` by line."""
    found = []
    for line in _entries(text):
        head, pattern = line.split(":", 1)
        kind, resolver = head.split()
        found.append(Rule(kind, resolver, compiled(pattern, short)))
    return tuple(found)
