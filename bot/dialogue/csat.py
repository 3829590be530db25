"""Read a satisfaction score of 1 to 5 out of what people type. Pure, no model."""

import re
from dataclasses import dataclass

from bot.dialogue.words import plain


@dataclass(frozen=True, slots=True)
class ParsedScore:
    """``score`` 1–5 or ``None``; ``comment`` is what else was said.

    ``explicit``: a number, stars, a thumb or a rating alone, so surely an answer; otherwise the
    score was read out of a sentence, which may be about something else. ``unclear``: a number that
    is no score ("0", "10", "6"), so worth asking again.
    """

    score: int | None = None
    comment: str | None = None
    explicit: bool = False
    unclear: bool = False


_NUMBERS = {
    "uno": 1, "una": 1, "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5,
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5,
    "um": 1, "dois": 2, "duas": 2, "quatro": 4,
}  # fmt: skip
_RATINGS: dict[int, str] = {
    5: "excelente|excelentes|excelentisimo|excelentisima|muy bueno|muy buena|muy buen|muy bien|"
    "perfecto|perfecta|genial|espectacular|increible|maravilloso|maravillosa|fantastico|fantastica|"
    "impecable|inmejorable|super|super bien|buenisimo|buenisima|buenisimos|de lujo|de maravilla|"
    "muy satisfecho|muy satisfecha|lo maximo|una chimba|una berraquera|bacano|bacanisimo|10/10|"
    "excellent|great|awesome|perfect|amazing|outstanding|very good|fantastic|wonderful|"
    "very satisfied|brilliant|excelentes|otimo|otima|muito bom|muito boa|perfeito|perfeita|"
    "maravilha|muito satisfeito|muito satisfeita|sensacional",
    4: "bueno|buena|bien|satisfecho|satisfecha|chevere|todo bien|bastante bien|good|fine|nice|"
    "satisfied|pretty good|well|bom|boa|bem|satisfeito|satisfeita|legal",
    3: "regular|mas o menos|normal|aceptable|ni bien ni mal|ahi ahi|maso|masomenos|pasable|"
    "average|so so|fair|neutral|meh|mais ou menos|razoavel|medio",
    2: "malo|mala|mal|deficiente|insatisfecho|insatisfecha|no muy bien|no muy bueno|"
    "no muy buena|nada bueno|nada buena|bad|poor|unsatisfied|dissatisfied|not good|not great|"
    "ruim|insatisfeito|insatisfeita|no me gusto|flojo|floja",
    1: "muy malo|muy mala|muy mal|pesimo|pesima|horrible|terrible|fatal|una porqueria|"
    "un desastre|desastroso|desastrosa|malisimo|malisima|lo peor|deplorable|nefasto|nefasta|"
    "very bad|awful|very poor|worst|the worst|terrible|muito ruim|pessimo|pessima|horrivel|"
    "muy insatisfecho|muy insatisfecha|very dissatisfied",
}
_SCORE_OF = {w: score for score, block in _RATINGS.items() for w in block.split("|")}
_RATING = re.compile(
    r"\b(" + "|".join(sorted((re.escape(w) for w in _SCORE_OF), key=len, reverse=True)) + r")\b"
)
_SERVICE = re.compile(
    r"\b(?:atencion|servicio|soporte|trabajo|gestion|experiencia|ayuda|respuesta|service|support|"
    r"job|help|atendimento|servico|suporte|pero|aunque|but|mas|porem)\b"
)
_GREETING = re.compile(
    r"(?:buen[oa]?s?|good|bo[ma]) (?:dia|dias|tardes?|noches?|noite|morning|afternoon|evening)\b"
)
_VAGUE = frozenset({"super", "fatal", "terrible", "genial", "perfecto", "perfecta", "great"})
_OPENERS = frozenset(
    {"bueno", "bien", "perfecto", "perfecta", "normal", "good", "well", "bom", "bem"}
)
_NEGATION = re.compile(r"\b(?:no|not|nada|nao|ni|sin|never|nunca|tampoco)(?: \w+){0,2} $")
_FILLER = re.compile(
    r"^(?:(?:un|una|uma?|a|an|el|la|le|les|lo|los|pues|doy|pongo|mi|my|i|give|is|nota|calificacion|"
    r"califico|con|servicio|atencion|todo|todos|muchas|mil|gracias|thanks|thank|you|obrigado|"
    r"obrigada|dou|su|the|service|it|was|fue|estuvo|me|parecio|quede|muito|muy|de|en|digo|creo|"
    r"que|seria|son|es|e|servico|atendimento|foi|very|much|puntos?|points?|estrellas?|stars?|"
    r"estrelas?|score|rating|nota|sobre|out|of|ustedes|senor|senora|por|favor|bueno|"
    r"listo)(?: |$))*$"
)
_NUMBER = re.compile(
    r"^(?P<lead>(?:[a-z']+ ){0,5}?)(?P<number>\d{1,3}(?:[.,]\d+)?|" + "|".join(_NUMBERS) + r")"
    r"(?: ?(?:/|de|sobre|out of|of|em) ?(?P<scale>\d{1,3}|cinco|five))?(?P<rest>(?: .*)?)$"
)
_STARS = re.compile(r"[⭐🌟★]")
_UP = {"👍": 5, "👌": 5, "💯": 5, "❤": 5, "😍": 5, "🤩": 5, "👏": 5, "😀": 5, "😃": 5, "😄": 5}
_DOWN = {"👎": 1, "😡": 1, "🤬": 1, "😠": 1, "🤮": 1, "😤": 1}
_FACES = {**_UP, **_DOWN, "🙂": 4, "😊": 4, "😐": 3, "😕": 2, "🙁": 2, "☹": 2, "😞": 2}
_KEYCAP = re.compile(r"(\d)\ufe0f?\u20e3")
_COUNTED = re.compile(
    r"^(?:anos?|dias?|horas?|minutos?|semanas?|meses|mes|veces|personas?|usuarios?|casos?|tickets?|"
    r"equipos?|facturas?|problemas?|errores|sedes?|computadores|days?|hours?|weeks?|times|people|"
    r"users|invoices|pessoas|vezes|de l[ao]s?|de mis|de nuestr[oa]s|of the|of our|dos|das|am|pm|"
    r"a m|p m|%)\b"
)


def parse_csat(text: str) -> ParsedScore:
    """The score that a typed answer states."""
    said = text.strip()
    if not said or len(said) > 2000:
        return ParsedScore()
    keycap = _KEYCAP.fullmatch(said)
    return (
        _number(keycap[1] if keycap else said, said)
        or _symbols(said)
        or _rating(said)
        or ParsedScore()
    )


def _number(text: str, said: str) -> ParsedScore | None:
    """A number: "5", "5/5", "un cinco", "le doy 4 de 5", "5 pero se demoraron"."""
    whole = re.sub(r"(\d)[.,](\d)", r"\1#\2", text)  # "4.5" must not become "4 5"
    found = _NUMBER.match(plain(whole).replace("#", "."))
    if found is None or not _FILLER.match(found["lead"]):
        return None
    number, scale, rest = found["number"], found["scale"], found["rest"].strip()
    if _COUNTED.match(rest):
        return None
    value = float(_NUMBERS.get(number) or number)
    comment = None if _FILLER.match(rest) or not re.search(r"[a-z]", rest) else _comment(said)
    if scale in {"10", "100"} or value != int(value) or not 1 <= value <= 5:
        return None if comment and scale is None else ParsedScore(unclear=True)
    if number in {"una", "uma", "um"} and rest:
        return None  # an article: "una queja"
    spelled_in_sentence = number in _NUMBERS and comment is not None and scale is None
    contradiction = comment is not None and bool(re.match(r"[-–y]? ?\d\b|(?:o|or|ou) ", rest))
    if contradiction:
        return ParsedScore(unclear=True)
    return ParsedScore(score=int(value), comment=comment, explicit=not spelled_in_sentence)


def _symbols(said: str) -> ParsedScore | None:
    """Stars are counted; a thumb or a face counts once however often it is repeated."""
    comment = _comment(said)
    stars = len(_STARS.findall(said))
    if stars:
        if stars > 5:
            return ParsedScore(unclear=True)
        return ParsedScore(score=stars, comment=comment, explicit=True)
    faces = {_FACES[c] for c in said if c in _FACES}
    if len(faces) != 1:
        return ParsedScore(unclear=True) if faces and comment is None else None
    if comment is None:
        return ParsedScore(score=faces.pop(), explicit=True)
    return None  # words beside a face: the words decide


def _rating(said: str) -> ParsedScore | None:
    """Words that rate, the first of them, turned where negated: "muy mala la atención"."""
    words = plain(said)
    found = _RATING.search(words)
    if found is None:
        return None
    score = _SCORE_OF[found[1]]
    before, after = words[: found.start()], words[found.end() :].strip()
    negated = bool(_NEGATION.search(before))
    if negated:
        score = 2 if score >= 4 else 4
    alone = (negated or bool(_FILLER.match(before))) and bool(_FILLER.match(after))
    if not alone and (found.start() > 30 or not _rates_us(said, found[1], before)):
        return None  # the word rates something else: "error fatal", "bom dia"
    return ParsedScore(score=score, comment=None if alone else _comment(said), explicit=alone)


def _rates_us(said: str, rating: str, before: str) -> bool:
    """Whether a rating within a sentence is about the service."""
    words = plain(said)
    if _GREETING.match(words):
        return False
    if rating not in _OPENERS and plain(re.split(r"[,.;:!]", said, maxsplit=1)[0]) == rating:
        return True
    if _SERVICE.search(words) or rating.startswith(("muy ", "very ", "muito ")):
        return True
    return _SCORE_OF[rating] in {1, 5} and rating not in _VAGUE and bool(_FILLER.match(before))


def _comment(said: str) -> str | None:
    return said if re.search(r"[^\W\d_]{3,}", said) else None
