"""Where and how many: the environment that is meant, and the number of people affected."""

import re
from collections.abc import Iterator

from nlp.entities.found import Found
from nlp.entities.numbers import WORDS, parse

_ENVIRONMENTS = {
    "produccion": "produccion", "prod": "produccion", "prd": "produccion",
    "productivo": "produccion", "production": "produccion", "producao": "produccion",
    "qa": "qa", "calidad": "qa", "pruebas": "qa", "testing": "qa", "test": "qa", "testes": "qa",
    "desarrollo": "desarrollo", "dev": "desarrollo", "development": "desarrollo",
    "desenvolvimento": "desarrollo", "staging": "staging", "stg": "staging",
    "preproduccion": "staging", "pre-produccion": "staging", "preprod": "staging",
    "uat": "staging", "homologacao": "staging",
}  # fmt: skip
_ALWAYS = r"qa|prd|staging|stg|preproduccion|pre-produccion|preprod|uat"
_ANY = "|".join(sorted(_ENVIRONMENTS, key=len, reverse=True))
# Words that name an environment only where one is spoken of: production is what a plant does too.
_PLACE = (
    r"ambientes?|entornos?|environments?|servidor(?:es)?|instancias?|bases?(?:\s+de\s+datos)?"
    r"|bd|tenant|cluster"
    r"|nodos?|api|datos|release|version|rama|namespace|url|deploy|despliegues?|pase|paso|corte"
    r"|salida"
    r"|copia|replica|suscripcion|cuenta"
)
_MOVES = (
    r"en|a|desde|sobre|hacia|in|to|on|em|entre|contra|pasar|subir|solo\s+de|copi\w+|tumb\w+"
    r"|afecta\w*"
)
_NOT_OF_A_PLANT = (
    r"(?!\s+(?:de|del|la)\s+(?!(?:el\s+|la\s+)?(?:lunes|martes|miercoles|jueves|viernes|sabado"
    r"|domingo|mes|dia|[0-3]?\d|erp|sap"
    r"|portal|sistema|app|cliente|\w+o\s+pasado)))(?!\s+(?:industrial|diaria|mensual|musical"
    r"|agricola))"
)
_ENVIRONMENT = re.compile(
    rf"\b(?P<free>{_ALWAYS})\b(?!-\d)"
    rf"|\b(?:{_PLACE})\s+(?:de\s+|del\s+|en\s+|a\s+)?(?P<named>{_ANY})\b"
    rf"|\b(?:{_MOVES})\s+(?P<placed>produccion|prod|production|producao|pruebas|desarrollo|dev"
    rf"|testing"
    rf"|calidad|desenvolvimento|test)\b{_NOT_OF_A_PLANT}"
    r"|\b(?:el|la|lo)\s+de\s+(?P<that>produccion|pruebas|desarrollo|calidad)\b(?=\W*$|\s*[,.;])"
    r"|\b(?:era|es|fue|no|ni|sino|solo)\s+(?:en\s+|el\s+|de\s+)?(?P<told>dev|prod|pruebas"
    r"|produccion)\b"
    r"(?=\s*(?:[.,;!?]|$))"
    r"|\b(?P<first>production|prod)\s+(?:is|server|environment|database|tenant|cluster"
    r"|instance|release|deploy\w*|build|site)\b"
    rf"|(?<=\bqa)\s*(?:y|e|and|,|/)\s*(?:en\s+)?(?P<after>{_ANY})\b"
    rf"|\b(?P<before>produccion|pruebas|desarrollo|prod|dev|test)(?=\s*(?:y|e|and|,"
    rf"|/)\s*(?:en\s+)?(?:{_ALWAYS})\b)"
    r"|^\W*(?:es\s+|fue\s+|solo\s+)?(?:(?:en|el|ambiente|de)\s+)*(?P<alone>produccion|pruebas"
    r"|desarrollo|dev|prod)\W*$"
)

_PEOPLE = (
    r"usuari[oa]s?|personas?|companer[oa]s?|compas|emplead[oa]s?|funcionari[oa]s?"
    r"|trabajador(?:a|es|as)?"
    r"|colaborador(?:a|es|as)?|users?|people|employees|persons|colleagues|pessoas|usuarios"
    r"|colegas|funcionarios"
)
# Others count as affected only where the words before say so.
_OTHERS = (
    r"puestos|cajer[oa]s?|vendedor(?:a|es|as)?|agentes|asesor(?:es|as)|clientes|estaciones"
    r"|operari[oa]s|operadores"
    r"|supervisores|auxiliares|analistas|medic[oa]s|enfermer[oa]s|docentes|profesores"
    r"|estudiantes|alumnos|pacientes"
    r"|conductores|estibadores|transportadores|despachadores|tecnicos|ingenieros|contadores"
    r"|abogad[oa]s|secretarias"
    r"|gerentes|coordinador(?:es|as)|afectad[oa]s|bloquead[oa]s|operators|workers|nurses"
    r"|doctors|parad[oa]s|terceros|obrer[oa]s"
    r"|asociad[oa]s|mamas|papas|padres|familias|socios|afiliad[oa]s"
    r"|proveedores|cobradores|mensajeros"
    r"|recepcionistas|bodegueros|ejecutiv[oa]s|comerciales|digitador(?:es|as)|meseros"
    r"|aprendices|practicantes|muchach[oa]s"
    r"|equipos\s+de\s+trabajo|agents|cashiers|customers|drivers|staff"
)
_NUMBER = rf"\d{{1,3}}(?:[.,]\d{{3}})|\d{{1,6}}|{WORDS}|unas?\s+\w+ena"
_OF_US = r"(?:de\s+(?:los|las|mis|nuestr[oa]s)\s+)?"
_HIT = (
    r"somos|seriamos|son|eramos|quedaron|quedamos|quedan|hay|tenemos|tengo|tienen|impacto\s*:"
    r"|estan|estamos"
    r"|afecta\w*|impacta\w*|bloque\w+|sin|perjudica\w*"
    r"|hoy|ya|presenta\w*|pas[ao]\w*\s+a|for|affect\w*|are|have"
)
_HIT_AFTER = (
    r",?\s*(?:(?:que|q|ya|estan|quedaron|siguen|tod[oa]s)\s+)*(?:sin|estan\s+\w+[aei]ndo|no"
    r"|parad|bloque|afectad"
    r"|brazos|mirando|esperando|detenid|aparecen\s+sin|represad"
    r"|varad|quiet[oa]s|without|cannot|can't|down|stuck|blocked|locked|sem\b)"
)
_AFFECTED = re.compile(
    rf"\b(?P<number>{_NUMBER})\s+(?:more\s+|otr[oa]s\s+)?{_OF_US}(?:{_PEOPLE})\b"
    rf"|\b(?:{_HIT})\s+(?:ya\s+)?(?:a\s+)?(?:como\s+|unos\s+|unas\s+|mas\s+de\s+|casi\s+"
    rf"|about\s+|over\s+|los\s+|las\s+|otros\s+|a\s+)*"
    rf"(?P<told>(?P<number2>{_NUMBER})\s+{_OF_US}(?:{_OTHERS}))\b"
    rf"|\b(?P<stuck>(?P<number5>{_NUMBER})\s+{_OF_US}(?:{_OTHERS}))(?={_HIT_AFTER})"
    rf"|\b(?:somos|seriamos|ya\s+son|eramos)\s+(?:ya\s+)?(?:como\s+|unos\s+|unas\s+"
    rf"|mas\s+de\s+|casi\s+)*"
    rf"(?P<number3>\d{{1,6}}|{WORDS})\b(?=\s*(?:[.,;!?)]|$|\n|(?:y|en|de\s+(?:la|el)|los|las"
    rf"|sin|con|aca|aqui|que|q|afectad|ya)\b))"
    rf"|\bafectad[oa]s\s*(?:son|:)?\s*(?P<number4>\d{{1,6}}|{WORDS})\b(?!\s*[a-z]*\s*de\b)"
)
_HARMLESS_BEFORE = re.compile(
    r"\b(?:licencias?|cre(?:ar|en|e|an|arme|acion|en(?:me|le|les))|clave|restable\w+"
    r"|contrasena|necesit\w+|capacit\w+|contrat\w+"
    r"|cotiz\w+|agreg\w+|adicion\w+|nuev[oa]s|para|prob\w+|prueba"
    r"|vimos|cuando|maximo|hasta|cupo|plan|aprox|incluye|inclui\w+|habilit\w+|acces\w*"
    r"|permisos?|habilitar|datos\s+de|nuestros|nuestras|con"
    r"|por\s+cada|equipo\s+de|empresa\s+de|oficina\s+de|planta\s+de|somos\s+una|activ\w+"
    r"|registr\w+|elimin\w+|retir\w+|traslad\w+|cupos?|tres\s+de"
    r"|soporte|servicio|software|paquete|pack|listado|quote|licenses?|demo|onboard\w*|cost\w*"
    r"|vale|cuesta|precio|contamos\s+con|comprar|quiero|queremos)\b"
)
_HARM_BEFORE = re.compile(
    r"\b(?:somos|son|quedaron|quedamos|bloquead\w*|sin|afecta\w*|afectad\w*|parad[oa]s|hay"
    r"|estan|no\s+\w+n|se\s+\w+ron|tenemos|impact\w*|ya\s+(?:somos|son"
    r"|van))\b"
)
_HARMLESS_AFTER = re.compile(
    r"\s*(?:nuev[oa]s|adicional\w*|temporal\w*|distint\w*|diferent\w*|mas\b|extra|concurrentes"
    r"|simultane\w+|activos)"
)
_IS_HIT = re.compile(_HIT_AFTER)
_ONLY_ME = re.compile(
    r"\b(?:(?:solo|solamente|unicamente|nada\s+mas)\s+(?:a\s+mi|yo|me\s+pasa\s+a\s+mi|el\s+mio"
    r"|la\s+mia|mi\s+usuario|mi\s+equipo)|soy\s+(?:el|la)\s+unic[oa]"
    r"|only\s+me|just\s+me|so\s+eu|apenas\s+eu)\b(?!\s+(?:se|creo|quiero))"
)


def find_environments(folded: str) -> Iterator[Found]:
    for match in _ENVIRONMENT.finditer(folded):
        name = match.lastgroup
        if name is not None:
            yield Found("ambiente", *match.span(name), _ENVIRONMENTS[match[name]], 0.95, rank=6)


_DOZENS = {"docena": 12, "decena": 10, "quincena": 15, "veintena": 20, "treintena": 30}


def _count(written: str) -> int | None:
    if written.startswith(("una ", "unas ")):
        return _DOZENS.get(written.split()[1].rstrip("s"))
    count = parse(written.replace(".", "").replace(",", ""))
    return count if isinstance(count, int) and count > 0 else None


def _is_harmless(folded: str, start: int, end: int) -> bool:
    """Whether nothing has hit the people spoken of, as in "necesitamos 15 usuarios nuevos"."""
    before = folded[max(0, start - 40) : start]
    cut = max(before.rfind(mark) for mark in (".", ";", "\n", "?"))
    before = before[cut + 1 :]
    if _IS_HIT.match(folded, end):
        return False
    if _HARMLESS_AFTER.match(folded, end):
        return True
    harm = max((m.end() for m in _HARM_BEFORE.finditer(before)), default=-1)
    harmless = max((m.end() for m in _HARMLESS_BEFORE.finditer(before)), default=-1)
    return harmless > harm  # the nearer one is meant


def find_affected(folded: str) -> Iterator[Found]:
    """How many people are affected; "solo a mí" is one."""
    for match in _AFFECTED.finditer(folded):
        name = next(n for n in ("number", "number2", "number3", "number4", "number5") if match[n])
        count = _count(match[name])
        if count is None or (count == 1 and not match[name].isdigit() and name != "number3"):
            continue
        if name == "number":
            if not _is_harmless(folded, *match.span()):
                yield Found("usuarios_afectados", *match.span(), count, 0.88, rank=6)
        elif name in {"number2", "number5"}:
            span = match.span("told" if name == "number2" else "stuck")
            yield Found("usuarios_afectados", *span, count, 0.85, rank=6)
        else:
            yield Found("usuarios_afectados", *match.span(name), count, 0.75, rank=3)
    for match in _ONLY_ME.finditer(folded):
        yield Found("usuarios_afectados", *match.span(), 1, 0.85, rank=6)
