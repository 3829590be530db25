"""Short answers recognised by their words alone, in Spanish, English and Portuguese.

The model judges sentences; "sí", "2", "no sé" or "STOP" must never depend on it. The words are
data, in ``words.toml``. Every function takes the text as the client wrote it.
"""

import re
import tomllib
import unicodedata
from importlib import resources

from bot.messages import Choice

_SHORT = 200  # characters; what is longer is no short answer
_TELLING = 2_000  # characters looked at to see what a text is about
_SKIN_TONES = {chr(c) for c in range(0x1F3FB, 0x1F400)}


def _load() -> dict[str, frozenset[str]]:
    source = resources.files("bot.dialogue").joinpath("words.toml").read_text(encoding="utf-8")
    return {
        name: frozenset(w.strip() for w in re.split(r"[|\n]", block) if w.strip())
        for name, block in tomllib.loads(source).items()
    }


_WORDS = _load()
_ORDINALS = {
    word: position
    for position, name in enumerate(("first", "second", "third", "fourth", "fifth"), start=1)
    for word in _WORDS[name]
}
_POSITION = re.compile(
    r"^(?:(?:la|el|opcion|numero|option|number|opcao|a|o|the)\s+|#\s*)*(\w+)(?: one)?$"
)
_REFUSE_DATA = re.compile(
    r"^(?:yo )?(?:no (?:autorizo|acepto|les? doy)|revoco|retiro|i do not (?:accept|consent)|"
    r"i don't (?:accept|consent)|nao (?:autorizo|aceito)|revogo)\b.{0,60}"
    r"\b(?:datos|data|dados|autorizacion|consentimiento|consent|consentimento|autorizacao)\b"
)
_UNKNOWN = re.compile(
    r"^(?:(?:ay|uy|pues|la verdad|realmente|ahora|en este momento) )*"
    r"(?:no (?:lo |la )?(?:se|tengo|recuerdo|me acuerdo)|"
    r"nao (?:sei|tenho|lembro)|i (?:don't|do not) (?:know|have|remember))"
    r"(?: (?:el|la|ese|esa|eso|bien|exactamente|cual|numero|dato|factura|contrato|idea|a|mano|aqui|"
    r"ahora|de|the|it|that|number|at|hand|o|isso|esse|agora|fatura|certo|cuantos|cuantas))*$"
)
_URGENT_TOO = re.compile(
    r"^(?:si+|ok|listo|dale|dele|hagale|bueno|claro|correcto|perfecto|yes|sim)\b"
    r"(?: (?:pero|y|por favor|es|que|muy|ponga\w*|pongal\w*|marque\w*|coloque\w*|como|de|con|la|lo|"
    r"but|and|it|is|mas|e|muito|mark|as))* "
    r"(?:urgent\w*|urge|urgencia|prioridad(?: alta)?|prioritario|ya mismo|priority)$"
)
_ANSWER_FIRST = re.compile(
    r"^\W*(?:s[ií]+|ok|listo|bueno|claro|yes|sim)\b\W*"
    r"(?:pero|y|adem[aá]s|tambi[eé]n|but|and|mas|e)\b\W*",
    re.IGNORECASE,
)
_REVOKE = re.compile(r"\b(?:revoco|retiro|revogo)\b")
_QUESTION = re.compile(
    r"(?:que|como|cuando|donde|cual|quien|what|how|when|where|which|who|qual|onde)\b"
)
_ALONE = r"(?=\W*$|\s*[,.;:!?])"
_LEAD_IN = (
    r"aj[aá]|y entonces|ve|vea|mire|oiga|oye|parce|cuadro|pues|es que|"
    r"(?:le|les|te) (?:cuento|comento)(?: que)?|"
    r"(?:lo que (?:pasa|sucede) es|resulta(?: y pasa)?) que|"
    r"f[ií]jese que|(?:yo )?lo que (?:le|les|te) (?:quer[ií]a|quiero) (?:decir|contar) es que"
)
_GREETING = re.compile(
    r"^\W*(?:(?:(?:muy\s+)?buen[oa]?s?\s+(?:d[ií]as?|tardes?|noches?)|hola+|saludos|"
    r"buenas(?:(?=\s+(?:mire|vea|es|le|les|no|la|el|me|tengo|necesito|quisiera)\b)|"
    + _ALONE
    + r")|"
    r"(?:qu[eé] (?:tal|m[aá]s|hubo)|quiubo|c[oó]mo (?:est[aá]n?|le va|vamos))" + _ALONE + r"|"
    r"cordial saludo|(?:estimad|apreciad)[oa]s?(?: \w+){0,2}(?=[,:])|"
    r"good (?:morning|afternoon|evening)|hello|hi|hey|ol[aá]|oi|bom dia|boa (?:tarde|noite)|"
    + _LEAD_IN
    + r")\b[\s,.;:!?¡¿👋🙏-]*)+",
    re.IGNORECASE,
)


def plain(text: str) -> str:
    """Lower case, no accents, no punctuation, single spaces; emojis stay, without skin tones."""
    decomposed = unicodedata.normalize("NFKD", text).lower().replace("’", "'")
    kept = "".join(
        c if c.isalnum() or c in "'/#" or ord(c) > 0x2070 else " "
        for c in decomposed
        if not unicodedata.combining(c) and unicodedata.category(c) != "Cf" and c not in _SKIN_TONES
    )
    return " ".join(kept.split())


def _short(text: str) -> str:
    """Plain words of a short answer; of a long text nothing, since it is none."""
    return plain(text) if len(text) <= _SHORT else ""


def is_yes(text: str) -> bool:
    """A yes in any of its colloquial forms: "de una", "listo pues, hágale", "ombe sí"."""
    said = _short(text)
    return said in _WORDS["yes"] or _says_only(said, _WORDS["yes_words"])


def is_no(text: str) -> bool:
    said = _short(text)
    return said in _WORDS["no"] or _says_only(said, _WORDS["no_words"])


def _says_only(said: str, answers: frozenset[str]) -> bool:
    """Whether a short text is these answers with nothing but courtesies around them."""
    answer = [w for w in said.split() if w not in _WORDS["courtesy"]]
    return 0 < len(answer) <= 4 and answers.issuperset(answer)


def is_cancel(text: str) -> bool:
    return _short(text) in _WORDS["cancel"]


def is_stop(text: str) -> bool:
    """The client wants no more unrequested messages."""
    return _short(text) in _WORDS["stop"]


def is_unknown(text: str) -> bool:
    """The client cannot or will not give what was asked ("no sé")."""
    said = _short(text)
    return said in _WORDS["unknown"] or bool(_UNKNOWN.match(said))


def is_impatient(text: str) -> bool:
    """The client has had enough of questions ("ya le dije", "qué tanta pregunta")."""
    said = f" {_short(text)} "
    return any(f" {phrase} " in said for phrase in _WORDS["impatient"])


def is_yes_and_urgent(text: str) -> bool:
    """A yes that adds only that it is urgent."""
    return bool(_URGENT_TOO.match(_short(text)))


def without_answer(text: str) -> str:
    """What follows a yes in the same message: "sí, pero es en la sede norte"."""
    return _ANSWER_FIRST.sub("", text, count=1).strip() or text.strip()


def is_same(text: str) -> bool:
    """Whether it is said to be the same matter: "sí, eso mismo", "es el mismo caso"."""
    said = _short(text)
    named = is_yes(text) or any(phrase in said for phrase in _WORDS["same"])
    return named and not is_another(text) and not is_no(text)


def is_another(text: str) -> bool:
    """Whether what was taken for the same matter is said to be a different one."""
    said = _short(text)
    return any(phrase in said for phrase in _WORDS["another"])


def wants_human(text: str) -> bool:
    return _short(text) in _WORDS["human"]


def accepts(text: str) -> bool:
    said = _short(text)
    if said in _WORDS["accept"]:
        return True
    accepting = _WORDS["accept_words"]
    some = not accepting.isdisjoint(said.split())
    return some and _says_only(said, accepting | _WORDS["yes_words"])


def refuses(text: str) -> bool:
    """A refusal to have one's data treated; "no autorizo ese cobro" is none."""
    words = _short(text)
    return words in _WORDS["refuse"] or bool(_REFUSE_DATA.match(words))


def refuses_data(text: str) -> bool:
    """A refusal that names the data, so that it means that at any time."""
    return bool(_REFUSE_DATA.match(_short(text)))


def revokes(text: str) -> bool:
    """Takes back a consent given before."""
    return refuses(text) and bool(_REVOKE.search(plain(text)))


def without_greeting(text: str) -> str:
    """The text after its opening greeting; the text itself where nothing else is left."""
    rest = _GREETING.sub("", text.strip(), count=1).strip()
    return rest or text.strip()


def telling(text: str) -> list[str]:
    """The words that say something about the matter."""
    return [
        w for w in plain(text[:_TELLING]).split() if w not in _WORDS["empty"] and not w.isdigit()
    ]


def names_a_thing(text: str) -> bool:
    """Whether a device is named, so that asking for the service would be absurd."""
    return not _WORDS["things"].isdisjoint(plain(text[:_TELLING]).split())


def says_little(text: str) -> bool:
    """Whether a report of this text alone would tell an agent nothing ("tengo un problema")."""
    return len(telling(text)) < 2


def looks_like_question(text: str) -> bool:
    return "?" in text or bool(_QUESTION.match(plain(text[:_SHORT])))


def chosen(text: str, offered: tuple[Choice, ...]) -> str | None:
    """The id of the offered choice that the text names.

    By its label, by its position ("2", "la segunda"), or by a yes or no for ``…:yes``, ``…:no``.
    """
    words = _short(text)
    if not words:
        return None
    for choice in offered:
        if words == plain(choice.label):
            return choice.id
    position = _POSITION.match(words)
    if position:
        word = position[1]
        number = int(word) if word.isdecimal() and len(word) < 3 else _ORDINALS.get(word, 0)
        if 1 <= number <= len(offered):
            return offered[number - 1].id
    ending = ":yes" if is_yes(text) else ":no" if is_no(text) else None
    return next((c.id for c in offered if ending and c.id.endswith(ending)), None)
