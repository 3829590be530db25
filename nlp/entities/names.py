"""Named things: services, cities, companies, people."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nlp.entities.found import Found
from nlp.gazetteer import NameIndex, read_names
from nlp.normalise import fold

_THING = (
    r"(?:portal|modulo|aplicativo|aplicacion|plataforma|sistema|programa|software|app"
    r"|servidor|tablero|dashboard|pagina"
    r"|proyecto)"
)
_NAMED_THING = re.compile(
    rf"\b(?P<service>{_THING}\s+(?:de\s+(?:la\s+|los\s+|las\s+)?|del\s+)(?!(?:ustedes|uds|nosotros|la|el|mi|este|esta|hoy"
    r"|ayer|manana|nuevo|siempre|trabajo|forma|manera|ellos|alguien|que)\b)[a-z]{3,20}"
    r"(?:\s+(?:electronic[ao]|documental|virtual|comercial|contable|humana|humanos|financier[ao]|digital|web|interno"
    r"|interna|corporativ[ao]|institucional|academic[ao]))?)\b"
)
_QUOTED_THING = re.compile(
    rf"\b{_THING}\s+(?:llamad[oa]\s+)?\"?(?P<name>[a-z][a-z0-9+_.-]{{1,29}})\"?"
)

_NAME_WORD = r"[A-ZÁÉÍÓÚÑÜÂÊÔÃÕÇ][a-záéíóúñüâêôãõç]+"
_NAME = rf"{_NAME_WORD}(?:[ ](?:(?:de|del|la|las|los|da|dos)[ ]){{0,2}}{_NAME_WORD}){{0,3}}"
_PERSON_CUED = re.compile(
    r"(?i:\b(?:soy|me llamo|mi nombre es|habla|le habla|les habla|con|señora?|sr\.?|sra\.?|don"
    r"|doña|ingenier[oa]|ing\.?"
    r"|doctora?|dr\.?|dra\.?|señorita|atentamente,?|cordialmente,?|saludos,?|att\.?:?"
    r"|usuari[oa](?: de)?|nombre de"
    r"|compañer[oa]|asesora?|técnic[oa]|my name is|i am|this is|meu nome é|sou o"
    r"|sou a))\s+(?P<name>" + _NAME + r")(?![\w@.])"
)
_PERSON_LOWER = re.compile(
    r"\b(?:me llamo|mi nombre es|my name is|meu nome e)\s+(?P<name>[a-z]{3,}(?:\s+(?!de\b|y\b"
    r"|con\b|del\b|desde\b|para\b"
    r"|mi\b|trabajo\b|estoy\b|and\b|e\b|soy\b|tengo\b|necesito\b|no\b|la\b|el\b|en\b)[a-z]{3,}){0,2})"
)
_NOT_NAMES = frozenset(
    """ustedes usted cliente clientes buenas buenos dias tardes noches señor gracias hola soporte
    gerente contador contadora yo el la un una proveedor colombia sap vpn teams outlook
    excel word office urgente lunes martes miercoles jueves viernes sabado domingo enero
    febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
    quien nuevo nueva muy parte todo respeto""".split()  # noqa: SIM905 - read as running words
)
_SUFFIX = (
    r"(?:S\.?\s?A\.?\s?S\.?|S\.\s?A\.|SA|Ltda\.?|LTDA\.?|E\.?S\.?P\.?|S\.?C\.?A\.?|Inc\.?"
    r"|LLC|Cía\.?|E\.U\.)"
)
_COMPANY = re.compile(
    r"(?<!\w)(?P<legal>(?:[A-ZÁÉÍÓÚÑ][\w&.-]{0,40}[ ](?:(?:de|del|la|el|los|las|y|&)[ ]){0,2}){1,5}"
    + _SUFFIX
    + r")(?![\w])"
    r"|(?i:\b(?:la\s+)?(?:empresa|compañía|compañia|firma|sociedad|de\s+parte\s+de|escribo\s+de|company))\s+(?P<named>[A-ZÁÉÍÓÚÑ]"
    r"[\wáéíóúñ&]+(?:[ ](?:(?:de|del|la|el|los|las|y|&)[ ]){0,2}[A-ZÁÉÍÓÚÑ][\wáéíóúñ&]+){0,3})"
)
_PLACED = re.compile(
    r"(?:\b(?:en|de|desde|a|hacia|para|sede|ciudad|oficina|sucursal|in|from|em)\W+)$"
)
# Towns whose names are also names of people or ordinary words.
_AMBIGUOUS = frozenset(
    """bello soledad armenia florencia turbo cota caldas granada plato leticia candelaria socorro
    palmira garzon fundacion codazzi arjona pasto lima madrid cartago mosquera espinal""".split()  # noqa: SIM905 - read as running words
) | {"la estrella", "el banco", "san andres"}


@dataclass(frozen=True)
class Names:
    """The general gazetteers of ``training_data/gazetteer``."""

    services: NameIndex
    cities: NameIndex
    first_names: frozenset[str]

    @classmethod
    def load(cls, folder: Path) -> "Names":
        return cls(
            NameIndex("servicio", read_names(folder / "servicios.txt"), confidence=0.95, rank=5),
            NameIndex("ciudad", read_names(folder / "ciudades.txt"), confidence=0.95, rank=5),
            frozenset(fold(name) for name in read_names(folder / "nombres.txt")),
        )

    def find(self, folded: str, text: str, known: frozenset[str]) -> Iterator[Found]:
        for service in self.services.find(folded, known):
            written = text[service.start : service.end]
            if fold(written).startswith("correo") and "@" in text[service.end : service.end + 40]:
                continue  # "mi correo es ana@…" names no service
            yield Found("servicio", service.start, service.end, written, service.confidence, 5)
        yield from self._cities(folded, text, known)
        yield from _find_things(folded, text)
        yield from find_companies(text)
        yield from self._people(folded, text)

    def _cities(self, folded: str, text: str, known: frozenset[str]) -> Iterator[Found]:
        for city in self.cities.find(folded, known):
            key = folded[city.start : city.end]
            placed = bool(_PLACED.search(folded[max(0, city.start - 12) : city.start]))
            capital = text[city.start].isupper() and not text.isupper()
            if placed or (key not in _AMBIGUOUS and (capital or city.confidence > 0.9)):
                yield city

    def _people(self, folded: str, text: str) -> Iterator[Found]:
        for match in _PERSON_CUED.finditer(text):
            name = match["name"]
            if fold(name.split()[0]) not in _NOT_NAMES:
                yield Found("persona", *match.span("name"), name, 0.85, rank=4)
        for match in _PERSON_LOWER.finditer(folded):
            start, end = match.span("name")
            yield Found("persona", start, end, text[start:end].title(), 0.75, rank=3)
        for match in re.finditer(_NAME, text):
            if fold(match[0].split()[0]) in self.first_names and not text.isupper():
                yield Found("persona", *match.span(), match[0], 0.8, rank=3)


def _find_things(folded: str, text: str) -> Iterator[Found]:
    for match in _NAMED_THING.finditer(folded):
        start, end = match.span("service")
        yield Found("servicio", start, end, text[start:end], 0.85, rank=5)
    for match in _QUOTED_THING.finditer(folded):
        start, end = match.span("name")
        # A name is written with a capital inside a sentence of small letters.
        if text[start].isupper() and not text.isupper() and text[start:end].lower() != "de":
            yield Found("servicio", start, end, text[start:end], 0.75, rank=4)


def find_companies(text: str) -> Iterator[Found]:
    for match in _COMPANY.finditer(text):
        name = "legal" if match["legal"] else "named"
        yield Found(
            "empresa", *match.span(name), match[name], 0.9 if match["legal"] else 0.75, rank=5
        )
