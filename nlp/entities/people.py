"""Names of persons and companies, by the words around them and by how they are written."""

import re
from collections.abc import Iterator

from nlp.entities.found import LISTED, LOOSE, Found
from nlp.normalise import fold

_CAPITAL = r"[A-ZÁÉÍÓÚÑÜÂÊÔÃÕÇ]"
_WORD = rf"{_CAPITAL}[a-záéíóúñüâêôãõç]+(?:-{_CAPITAL}[a-záéíóúñ]+)?"
_NAME = rf"{_WORD}(?:[ ](?:(?:de[ ]la|de[ ]los|del|de|la|da|dos)[ ])?{_WORD}){{0,3}}"
_CUES = (
    r"soy|me llamo|mi nombre es|habla|le habla|les habla|con|señora?|sr\.?|sra\.?|don|doña"
    r"|ingenier[oa]|ing\.?|inge|doctora?|dr\.?|dra\.?|señorita|srta\.?|atentamente,?"
    r"|cordialmente,?|saludos,?"
    r"|att\.?:?,?|usuari[oa](?: de)?|a nombre de|nombre de|compañer[oa]|asesora?|técnic[oa]"
    r"|consultora?|instalador"
    r"|gerente|coordinadora?|directora?|analista|auxiliar|jefe|profesora?|profe|joven|niña(?: "
    r"nueva)?|señor,|hijo|hija|escribe|autoriza"
    r"|autorizó|firma|atendió|pregunte por|preguntar por|se llama|llamad[oa]|un tal|una tal"
    r"|por parte de|yo,|ejecutiv[oa]|agente|funcionari[oa]"
    r"|my name is|i am|i'm|this is|regards,?|best,?|thanks,|meu nome é|sou o|sou a|abraços,?"
    r"|obrigad[oa],"
)
_CUED = re.compile(rf"(?i:(?<!\w)(?:{_CUES})[ \n]+)(?P<name>{_NAME})(?![\w@]|\.\w)")
_ALONE = re.compile(rf"(?<![\w@.-]){_NAME}(?![\w@]|\.\w)")
_LOWER = re.compile(
    r"\b(?:me llamo|mi nombre es|my name is|meu nome e)\s+(?P<name>[a-z]{3,}(?:\s+(?!de\b|y\b"
    r"|con\b|del\b|desde\b|para\b"
    r"|mi\b|trabajo\b|estoy\b|and\b|e\b|soy\b|tengo\b|necesito\b|no\b|la\b|el\b|en\b|gerente\b"
    r"|auxiliar\b|cedula\b|cc\b)[a-z]{3,}){0,2})"
)
# A line of its own near the end, as under a letter.
_SIGNED = re.compile(rf"\n[ ]*(?P<name>{_WORD}(?:[ ]{_WORD}){{1,3}})[ ]*(?=\n|$)")
_LETTERS = re.compile(r"[a-z]{2,}")
_NOT_NAMES = frozenset(
    """
    ustedes usted cliente clientes buenas buenos buen dias tardes noches señor senor senora
    gracias hola soporte gerente contador contadora yo el la un una proveedor colombia sap
    vpn teams outlook cordial saludo excel word office urgente lunes martes miercoles jueves
    viernes sabado domingo enero febrero marzo abril mayo junio julio agosto septiembre
    octubre noviembre diciembre quien nuevo nueva muy parte todo respeto favor necesito
    periferia por para que no si los las mi su este esta bogota cali medellin tecnologia
    sistemas ti cartera compras recursos humanos ingeniero ingeniera doctor doctora asesor
    tecnico hospital clinica ingenio grupo comercial transportes inversiones constructora
    distribuidora agencia operadora telares hilanderias droguerias trapiche hoteles hotel
    banco empresa compañia industrias alimentos colegio universidad fundacion windows
    microsoft google power zoom azure adobe the good dear please thanks regards ola bom boa
    """.split()  # noqa: SIM905 - read as running words
)
# Given names that are words, towns or months too: alone they name nobody.
_ALSO_WORDS = frozenset(
    """
    sol segundo justo lady domingo paloma estrella linda mark victoria soledad amparo aurora
    cielo flor salvador rosa dalia iris santiago leticia socorro pilar mercedes rosario
    guadalupe consuelo piedad luz angel jesus julio eva clemencia esperanza milagros abril
    mar alba pastor lima fanny constanza gloria francia martina valencia florencia dora
    tania victor celia elisa caridad lucero jordan israel cruz marco nube
    """.split()  # noqa: SIM905 - read as running words
)

_SUFFIX = (
    r"(?:S\.?[ ]?A\.?[ ]?S\.?|S\.[ ]?A\.?(?:[ ]?E\.?S\.?P\.?)?|SA|SAS|Ltda\.?|LTDA\.?"
    r"|E\.?S\.?P\.?|E\.?S\.?E\.?|E\.?P\.?S\.?|I\.?P\.?S\.?|S\.?C\.?A\.?|Inc\.?"
    r"|LLC|Cía\.?|E\.U\.|B\.I\.C\.?|BIC|Corp\.?|GmbH)"
)
# What companies are called; such a word and capitals after it are a name without a legal form too.
_HEAD = (
    r"(?:Gimnasio|Liceo|Institución Educativa|Electrificadora|Aceros|Perforaciones|Hospital"
    r"|Clínica|Clinica|Ingenio|Trapiche|Hilanderías?|Droguerías?|Telares|Textiles"
    r"|Transportes|Inversiones|Constructora|Distribuidora"
    r"|Comercializadora|Operadora|Agencia|Grupo|Industrias?|Alimentos|Lácteos|Colegio"
    r"|Universidad|Fundación|Hotel(?:es)?|Banco|Cooperativa|Ferretería"
    r"|Laboratorios?|Almacenes|Supermercados?|Logística|Flores|Aceites|Avícola|Molinos|Café"
    r"|Cafés|Muebles|Confecciones|Calzado|Curtiembres|Notaría|Alcaldía|Gobernación"
    r"|Cementos|Plásticos|Metales|Minera|Minas|Petrolera|Química|Seguros|Fiduciaria|Editorial"
    r"|Imprenta|Panadería|Restaurantes?|Frigorífico|Hacienda"
    r"|Cámara de Comercio|Caja de Compensación|Centro Comercial|Centro Médico|IPS|EPS|Óptica"
    r"|Odontología|Veterinaria|Autopartes|Concesionario|Papelería|Soluciones|Servicios"
    r"|Consultores|Asesores)"
)
_HEAD_WORD = re.compile(rf"{_HEAD}\b")
_PART = r"[A-ZÁÉÍÓÚÑ&][\wáéíóúñ&'-]{0,30}"
_LINK = r"(?:(?:de|del|la|el|los|las|y|e|&)[ ]){0,3}"
_LEGAL = re.compile(rf"(?<![\w.])(?:{_PART}[ ]{_LINK}){{1,6}}{_SUFFIX}(?!\w)")
_HEADED = re.compile(rf"(?<!\w){_HEAD}(?:[ ]{_LINK}{_PART}){{1,5}}")
_CALLED = re.compile(
    rf"(?i:\b(?:empresa|compañía|compañia|firma|sociedad|de[ ]parte[ ]de|escribo[ ]de"
    rf"|proveedor|razón[ ]social|company|trabajo[ ](?:en|para)|somos)[ ](?:es[ ])?)"
    rf"(?P<name>{_PART}(?:[ ]{_LINK}{_PART}){{0,4}}(?:[ ]{_SUFFIX})?)(?!\w)"
)
_OPENING = re.compile(
    r"(?:(?:En|De|Del|La|El|Los|Las|Somos|Soy|Señores|Estimados|Con|Para|Por|Desde|Y|Hola"
    r"|Buenas|Buenos|Empresa|Cliente|Razón|Social|Dear|From|We|The|Att)"
    r"[ ](?:(?:de|del|la|el|los|las)[ ])*)+"
)
_INSIDE = re.compile(rf"[ ](?:de[ ]la|del|de)[ ](?={_HEAD}\b)")


def find_companies(text: str) -> Iterator[Found]:
    for match in _LEGAL.finditer(text):
        start, end = match.span()
        opening = _OPENING.match(text, start, end)
        if opening and opening.end() < end - 4:
            start = opening.end()
        # "Yulieth Barraza de Operadora Portuaria S.A.S." is two names.
        inside = _INSIDE.search(text, start, end)
        if inside:
            start = inside.end()
        if " " in text[start:end]:
            yield Found("empresa", start, end, text[start:end], 0.9, rank=6)
    if text.isupper():
        return
    for match in _HEADED.finditer(text):
        yield Found("empresa", *match.span(), match[0], 0.75, rank=LISTED)
    for match in _CALLED.finditer(text):
        name = match["name"]
        if len(name) > 2 and fold(name.split()[0]) not in _NOT_NAMES:
            yield Found("empresa", *match.span("name"), name, 0.75, rank=LISTED)


def _whole(words: list[str], first_names: frozenset[str], surnames: frozenset[str]) -> bool:
    return len(words) > 1 and words[0] in first_names and words[-1] in surnames


def find_people(
    folded: str, text: str, first_names: frozenset[str], surnames: frozenset[str]
) -> Iterator[Found]:
    shouted = text.isupper()
    if not shouted:
        for match in _CUED.finditer(text):
            if fold(match["name"].split()[0]) not in _NOT_NAMES:
                yield Found("persona", *match.span("name"), match["name"], 0.85, rank=LOOSE)
        for match in _ALONE.finditer(text):
            first = fold(match[0].split()[0])
            if first in first_names and (" " in match[0] or first not in _ALSO_WORDS):
                rank = LISTED if " " in match[0] else LOOSE
                yield Found("persona", *match.span(), match[0], 0.8, rank)
            elif (
                " " in match[0]
                and fold(match[0].split()[-1]) in surnames
                and first not in _NOT_NAMES
                and not _HEAD_WORD.match(match[0])
            ):
                yield Found("persona", *match.span(), match[0], 0.7, rank=LOOSE)
        for match in _SIGNED.finditer(text):
            if not any(fold(word) in _NOT_NAMES for word in match["name"].split()):
                yield Found("persona", *match.span("name"), match["name"], 0.75, rank=LOOSE)
    for match in _LOWER.finditer(folded):
        start, end = match.span("name")
        yield Found("persona", start, end, text[start:end].title(), 0.75, rank=LOOSE)
    yield from _by_lists(folded, text, first_names, surnames)


def _by_lists(
    folded: str, text: str, first_names: frozenset[str], surnames: frozenset[str]
) -> Iterator[Found]:
    """Reads "camilo restrepo", "CAMILO RESTREPO": a given name and a family name side by side."""
    words = list(_LETTERS.finditer(folded))
    for i, word in enumerate(words[:-1]):
        if word[0] not in first_names:
            continue
        j = i + 1
        while (
            j < len(words) and j - i <= 3 and folded[words[j - 1].end() : words[j].start()] == " "
        ):
            if words[j][0] not in first_names and words[j][0] not in surnames:
                break
            j += 1
        if j - i > 1 and words[j - 1][0] in surnames:
            start, end = word.start(), words[j - 1].end()
            written = text[start:end]
            value = written.title() if written.islower() or written.isupper() else written
            yield Found("persona", start, end, value, 0.75, rank=LISTED)
