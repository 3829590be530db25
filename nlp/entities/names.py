"""Named things: services, companies, towns and persons, by lists and by rules."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nlp.entities.found import LISTED, LOOSE, Found
from nlp.entities.people import find_companies, find_people
from nlp.gazetteer import NameIndex, Token, read_names, tokens_of
from nlp.normalise import fold

_THING = (
    r"(?:portal|modulo|aplicativo|aplicacion|plataforma|sistema|programa|software|app"
    r"|servidor|tablero|dashboard|pagina|proyecto)"
)
_NAMED_THING = re.compile(
    rf"\b(?P<service>{_THING}\s+(?:de\s+(?:la\s+|los\s+|las\s+)?|del\s+)(?!(?:ustedes|uds"
    rf"|nosotros|la|el|mi|este|esta|hoy"
    r"|ayer|manana|nuevo|siempre|trabajo|forma|manera|ellos|alguien|que|otro|otra|los|las|un"
    r"|una|prueba|puntos|mierda|ventas|power)\b)[a-z]{3,20}"
    r"(?:\s+(?:electronic[ao]|documental|virtual|comercial|contable|humana|humanos"
    r"|financier[ao]|digital|web|interno"
    r"|interna|corporativ[ao]|institucional|academic[ao]))?)\b"
)
_QUOTED_THING = re.compile(
    rf"\b{_THING}\s+(?:llamad[oa]\s+)?\"?(?P<name>[a-z][a-z0-9+_.-]{{1,29}})\"?"
)
# "HiloTrack", "NaviERP": nobody writes a word so who does not name a product.
_CAMEL = re.compile(
    r"(?<![\w@./-])[A-ZÁÉÍÓÚ][a-záéíóúñ]+(?:[A-ZÁÉÍÓÚ][\wáéíóúñ]*)+(?![\w@]|\.\w|-\d)"
)
_NOT_PRODUCTS = frozenset(
    ["whatsapp", "youtube", "linkedin", "mcdonald", "devops", "finops", "secops"]
)
_MAIL_AS_ADDRESS = re.compile(
    r"(?:\b(?:mi|mis|su|sus|tu|un|ni|por|que|cual|cuantos|otro|este|ese|cinco|siete|veinte|\d+"
    r"|los|muchos|varios|tantos|mas|sin|x|vario|cambio\s+de|del|nuevo)\s+)$"
)
_MAIL_DOWN = re.compile(
    r"\s+(?:no|esta|sigue|se\s+cay|fall|caid|lento|corporativo|no\s+me|bloq|desde)"
)
_MAIL_UP = re.compile(
    r"\b(?:ca[iy]\w*|cay\w*|abr\w+|entr\w+|ingres\w+|sirv\w+|funcion\w+|carg\w+|fall\w+"
    r"|acce\w+|clave|contrasena"
    r"|cuota|firma|arregl\w+|servicio|lo|sin|configur\w+|bloque\w+|dano|problema\w*|lent\w+"
    r"|migr\w+|licencia\w*|revis\w+"
    r"|cuenta|crear?|creen\w*|abran|mensajes|usar|uso|buzon|servidor|con)\s+(?:(?:de|a|con|en"
    r"|del|al|el|la|me|se|nos|ni|les|mi|su)\s+){0,3}$"
)
_PLACED = re.compile(
    r"(?:\b(?:en|de|desde|a|hacia|para|sede|ciudad|oficina|sucursal|tiendas?|planta|bodega|via"
    r"|in|from|em|y|e|entre|hasta|municipio|regional)\W+)$"
)
_LISTED = re.compile(r"(?:,|\by\b|\be\b|[-/–])\s*$")
# Towns whose names are also names of people or ordinary words: only where a place is spoken of,
# and with a capital.
_AMBIGUOUS = frozenset(
    """
    bello soledad armenia florencia turbo cota caldas granada plato leticia candelaria
    socorro palmira garzon fundacion codazzi arjona pasto lima madrid cartago mosquera
    espinal albania albán andes andalucia acevedo aldana altamira alvarado argelia barbosa
    barrancas betania betulia bolivar briceno balboa belalcazar buenavista calamar castilla
    ceja cerrito cisneros coello concordia convencion corinto cumbal dolores fresno florida
    gigante ginebra genova galeras guamal guamo guadalupe herrera honda jardin jerico junin
    linares libano malaga mani manta medina miranda miraflores montenegro monterrey morales
    murillo narino neira obando ortega ospina ovejas pacho padilla palermo pesca piedras
    policarpa potosi prado pradera providencia purificacion quito remedios restrepo ricaurte
    rivera robles rosas rovira salamina salgar saldana segovia sevilla silvia suarez susa
    tame tello tenerife toledo toro tota trinidad trujillo une valencia valdivia velez
    venecia versalles victoria villanueva viterbo zambrano zaragoza barcelona santiago
    panama porto london orlando houston santuario galapa mesetas medellin_ manzanares
    marsella miami caloto tolu silvania samana luruaco astrea ataco calarca rosal retiro
    """.split()  # noqa: SIM905 - read as running words
)
_COMMON_PARTS = (
    "la ",
    "el ",
    "los ",
    "san ",
    "santa ",
    "puerto ",
    "santo ",
    "paz ",
    "don ",
    "agua ",
    "rio ",
)
# Products and companies that are words too: only with a capital in a sentence of small letters.
_ALSO_WORDS = frozenset(
    """
    office exchange
    word excel teams access meet forms planner project slack notion canvas elastic crystal
    alegra zebra oracle apache bizagi ariba remedy mantis asana acrobat publisher kafka
    puppet rancher nexus informatica milestone genesys access exito tigo olimpica alpina
    sura porvenir terpel alqueria colmena fiori concur looker tableau enlace operativo word
    enel vanti coordinadora deprisa adres sena bi api nas bold citrix sanitas redis redshift
    crystal stripe docker signal monday corona argos canal excel aranda remedy access
    """.split()  # noqa: SIM905 - read as running words
) - frozenset(
    [
        "word",
        "excel",
        "teams",
        "meet",
        "forms",
        "planner",
        "oracle",
        "citrix",
        "docker",
        "bi",
        "api",
        "tableau",
        "tigo",
        "sura",
        "sena",
    ]
)


@dataclass(frozen=True)
class Names:
    """The general gazetteers of ``training_data/gazetteer``."""

    services: NameIndex
    companies: NameIndex
    cities: NameIndex
    first_names: frozenset[str]
    surnames: frozenset[str]

    @classmethod
    def load(cls, folder: Path) -> "Names":
        def folded(name: str) -> frozenset[str]:
            return frozenset(fold(written) for written in read_names(folder / name))

        return cls(
            NameIndex(
                "servicio",
                read_names(folder / "servicios.txt"),
                confidence=0.95,
                rank=LISTED,
                typos_from=7,
            ),
            NameIndex(
                "empresa",
                read_names(folder / "empresas.txt"),
                confidence=0.9,
                rank=LISTED,
                typos_from=7,
            ),
            NameIndex(
                "ciudad",
                read_names(folder / "ciudades.txt"),
                confidence=0.95,
                rank=LISTED,
                typos_from=7,
            ),
            folded("nombres.txt"),
            folded("apellidos.txt"),
        )

    def find(self, folded: str, text: str, known: frozenset[str]) -> Iterator[Found]:
        tokens = tokens_of(folded)
        yield from self._services(folded, text, known, tokens)
        yield from self._companies(folded, text, known, tokens)
        yield from self._cities(folded, text, known, tokens)
        yield from _find_things(folded, text)
        yield from find_companies(text)
        yield from find_people(folded, text, self.first_names, self.surnames)

    def _services(
        self, folded: str, text: str, known: frozenset[str], tokens: list[Token]
    ) -> Iterator[Found]:
        for service in self.services.find(folded, known, tokens):
            start, end = service.start, service.end
            written = text[start:end]
            if folded[start:end] in _ALSO_WORDS and not _is_name(text, start):
                continue
            if folded.startswith("correo", start):
                address = "@" in text[end : end + 40]  # "mi correo es ana@…" names no service
                before = folded[max(0, start - 40) : start]
                down = _MAIL_DOWN.match(folded, end)
                up = _MAIL_UP.search(before) and not _MAIL_AS_ADDRESS.search(before[-14:])
                bare = folded[start:end] == "correo"
                if address or (bare and not (down or up)):
                    continue
            if (
                service.confidence < 0.9
                and written.endswith("s")
                and fold(service.value) == fold(written)[:-1]
            ):
                continue  # the plural of a kind of thing
            yield Found("servicio", start, end, written, service.confidence, service.rank)

    def _companies(
        self, folded: str, text: str, known: frozenset[str], tokens: list[Token]
    ) -> Iterator[Found]:
        for company in self.companies.find(folded, known, tokens):
            start, end = company.start, company.end
            exact = company.confidence >= 0.9
            shared = folded[start:end] in _ALSO_WORDS or folded.startswith("camara", start)
            if shared and not _is_name(text, start):
                continue
            if exact or (end - start > 8 and _is_name(text, start)):
                yield Found(
                    "empresa", start, end, text[start:end], company.confidence, company.rank
                )

    def _cities(
        self, folded: str, text: str, known: frozenset[str], tokens: list[Token]
    ) -> Iterator[Found]:
        last_end = -9
        for city in self.cities.find(folded, known, tokens):
            key, start = folded[city.start : city.end], city.start
            placed = bool(_PLACED.search(folded[max(0, start - 14) : start]))
            placed = placed or (
                start - last_end < 5 and bool(_LISTED.search(folded[last_end:start]))
            )
            capital = _is_name(text, start)
            exact = city.confidence > 0.9
            opens = start == 0 or text[max(0, start - 2) : start] in {". ", "\n", "? ", "! "}
            doubtful = key in _AMBIGUOUS or (
                key.startswith(_COMMON_PARTS) and (not capital or opens)
            )
            if not exact:  # a typo: of a long word, where a town would stand
                good = placed and (capital or (len(key) >= 7 and text.islower()))
            elif doubtful:
                good = placed and capital
            else:
                good = placed or capital or len(key) > 6
            if good:
                last_end = city.end
                yield city


def _is_name(text: str, start: int) -> bool:
    """Whether a capital at ``start`` says anything."""
    return text[start].isupper() and not text.isupper()


def _find_things(folded: str, text: str) -> Iterator[Found]:
    for match in _NAMED_THING.finditer(folded):
        start, end = match.span("service")
        yield Found("servicio", start, end, text[start:end], 0.8, rank=LISTED)
    for match in _QUOTED_THING.finditer(folded):
        start, end = match.span("name")
        # A name is written with a capital inside a sentence of small letters.
        if _is_name(text, start) and text[start:end].lower() != "de":
            yield Found("servicio", start, end, text[start:end], 0.75, rank=LOOSE)
    for match in _CAMEL.finditer(text):
        if match[0].lower() not in _NOT_PRODUCTS:
            yield Found("servicio", *match.span(), match[0], 0.8, rank=LOOSE)
