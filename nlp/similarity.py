"""Do two texts tell of the same problem?"""

from collections.abc import Iterable

from nlp.entities import identifiers
from nlp.normalise import clean, words

SAME_PROBLEM = 0.8
"""From this score on, which may be a cosine of two meanings, two texts are taken for one problem.

Cautious on purpose: of a thousand pairs of unrelated messages one lies above 0.63, but another
failure of the same kind of system may reach 0.76.
"""

MAYBE_SAME = 0.5
"""From this score on it is worth asking whether two texts tell of the same problem.

Tuned on `training_data/pairs`: of problems told again, nearly half lie above it, of unrelated ones
one in fifty. What shares most words and differs in one thing lies above it as often, so that no
threshold could decide by itself; `make bench` prints the shares.
"""

_SAME_SYSTEM = 0.1  # added where both name it
_JUST_NOT_SAME = SAME_PROBLEM - 0.01  # the most that naming it makes of a score
_ANOTHER_SYSTEM = 0.4  # the most, where both name one and they differ


def same_problem(
    text: str,
    other: str,
    *,
    cosine: float = 0.0,
    systems: Iterable[str] = (),
    others: Iterable[str] = (),
) -> float:
    """How much two texts tell of the same problem, 0–1.

    From :data:`SAME_PROBLEM` on surely enough to join them unasked, from :data:`MAYBE_SAME` on
    worth a question. ``cosine`` is that of their meanings, where known; ``systems`` and ``others``
    are the applications and services that each names.
    """
    score = max(similarity(text, other) if text else 0.0, cosine)
    mine, theirs = _names(systems), _names(others)
    if not mine or not theirs:
        return score
    if not any(a & b for a in mine for b in theirs):
        return min(score, _ANOTHER_SYSTEM)
    return score if score >= SAME_PROBLEM else min(score + _SAME_SYSTEM, _JUST_NOT_SAME)


def _names(systems: Iterable[str]) -> list[frozenset[str]]:
    """The telling words of each name: "el portal de pagos" is "portal pagos"."""
    named = (frozenset(words(clean(system).folded)) - _COMMON for system in systems)
    return [name for name in named if name]


# Words that any two messages share; they say nothing about the problem.
_COMMON = frozenset(
    """a al algo ante aqui asi aun aunque ayer bien buen buena buenas bueno buenos cada cordial
        como con cual cuando de del desde dia dias donde dos e el ella ellos en entonces era
        es esa ese eso esta estaba estamos estan estar estas este esto estos estoy fue
        gracias ha hace hacer han hasta hay he hola hoy ir la las le les lo los manana mas
        me mi mis muy nada ni no nos nosotros o otra otro para pero poder podemos por porque
        pues pude puede pueden puedo que queda quien quiero saludo se senor senora senores
        ser si sido siempre sigue sin sobre solo son su sus tambien tan tarde tardes te
        tengo tenemos tiene todo todos tu un una uno unos usted ustedes va ve ver vez y ya
        yo necesito favor ayuda ayudar colabora the a an of to in on at is are was i we you
        it my our and or please hello not can since with o os do da dos das no na em nao com
        um uma meu minha por para bom dia ola que""".split()  # noqa: SIM905 - read as running words
)
# Words that mean the same in a report of a fault or a request.
_SYNONYMS = {
    "falla": "fallo", "fallando": "fallo", "fallas": "fallo", "funciona": "fallo", "sirve": "fallo",
    "error": "fallo", "errores": "fallo", "problema": "fallo", "problemas": "fallo",
    "danado": "fallo", "dano": "fallo", "caido": "fallo", "caida": "fallo", "cayo": "fallo",
    "responde": "fallo", "carga": "fallo", "abre": "fallo", "inconveniente": "fallo",
    "down": "fallo", "broken": "fallo", "entrar": "acceso", "ingresar": "acceso",
    "acceder": "acceso", "ingreso": "acceso", "loguear": "acceso", "login": "acceso",
    "clave": "acceso", "contrasena": "acceso", "password": "acceso", "usuario": "acceso",
    "lento": "lentitud", "lenta": "lentitud", "demora": "lentitud", "demorado": "lentitud",
    "correo": "email", "correos": "email", "mail": "email", "outlook": "email",
    "pagina": "portal", "web": "portal", "sitio": "portal", "plataforma": "sistema",
    "aplicativo": "sistema", "aplicacion": "sistema", "programa": "sistema", "app": "sistema",
    "facturas": "factura", "facturacion": "factura", "cobro": "cobro", "cobraron": "cobro",
    "cobrando": "cobro", "cobran": "cobro", "impresoras": "impresora", "imprimir": "impresora",
    "imprime": "impresora",
}  # fmt: skip
# So frequent that sharing them alone is no sign of the same problem.
_WEAK = {"fallo": 0.35, "sistema": 0.4, "acceso": 0.7, "lentitud": 0.7, "portal": 0.8}


def _stem(word: str) -> str:
    for ending in ("mente", "ciones", "cion", "ando", "iendo", "aron", "ieron", "ados", "adas"):
        if len(word) - len(ending) >= 4 and word.endswith(ending):
            return word.removesuffix(ending)
    for ending in ("es", "os", "as", "s", "o", "a", "e"):
        if len(word) - len(ending) >= 4 and word.endswith(ending):
            return word.removesuffix(ending)
    return word


def _terms(folded: str) -> dict[str, float]:
    terms: dict[str, float] = {}
    for word in words(folded[:2_000]):
        if len(word) < 2 or word in _COMMON or not word[0].isalnum() or "0" in word:
            continue
        term = _SYNONYMS.get(word) or _stem(word)
        terms[term] = _WEAK.get(term, 1.0)
    return terms


def _identifiers(folded: str, text: str) -> set[tuple[str, str]]:
    found = [*identifiers.find_tickets(folded), *identifiers.find_references(folded, text)]
    return {(f.type, str(f.value).lower()) for f in found}


def similarity(a: str, b: str) -> float:
    """0: nothing in common … 1: the same problem. Symmetric."""
    first, second = clean(a), clean(b)
    left, right = _terms(first.folded), _terms(second.folded)
    if not left or not right:
        return 1.0 if first.folded.strip() == second.folded.strip() != "" else 0.0
    shared = sum(weight for term, weight in left.items() if term in right)
    sizes = sorted((sum(left.values()), sum(right.values())))
    # A short reminder of a long report is still about it: look at the shorter text mostly, but
    # one shared word of a two-word text is no proof.
    score = shared * (0.65 / max(sizes[0], 1.5) + 0.35 / max(sizes[1], 1.5))
    mine, theirs = _identifiers(first.folded, a), _identifiers(second.folded, b)
    if mine & theirs:
        score = max(score, 0.9)
    elif any(x[0] == y[0] for x in mine for y in theirs):
        score *= 0.4  # another invoice, another error code: another problem
    return max(0.0, min(1.0, score))
