"""Whether the writer is content: words of praise and of anger, then what the intent implies."""

import re
from collections.abc import Sequence

from nlp.understanding import IntentScore, Sentiment

_POSITIVE = re.compile(
    r"\b(?:excelent\w*|felicit\w*|genial\w*|perfect[oa]\w*|maravill\w*|encant\w*|content[oa]s?|satisfech\w*|buenisim\w*|super\s+bien"
    r"|muy\s+(?:bien|buen[oa]?|amable)|de\s+lujo|bacan\w*|chever\w*|great|awesome|amazing|love|otim[oa]|parabens|rapidisim\w*"
    r"|impecable|crack|lo\s+mejor|espectacular|agradecid[oa]s?|mil\s+gracias|thank\s+you\s+so\s+much)\b|[👏😊😍🥰🎉❤💙🙌👍😀😃🤩]"
)
_NEGATIVE = re.compile(
    r"\b(?:pesim\w*|mal[oa]?|terrible\w*|horrible\w*|grose\w*|irrespet\w*|inacept\w*|molest[oa]s?|indign\w*|decepcion\w*|verguenza"
    r"|cansad[oa]s?|hart[oa]s?|mamad[oa]s?|aburrid[oa]s?|descontent\w*|inconform\w*|nunca\s+(?:responden|contestan|solucionan|cumplen)"
    r"|nadie\s+(?:responde|contesta)|abus\w*|ladron\w*|rob[oa]\w*|estaf\w*|mentir\w*|el\s+colmo|que\s+falta\s+de|exij\w*|basta|fatal|awful"
    r"|worst|terrible|angry|unacceptable|disappointed|pessim\w*|ridicul\w*|mierda|hp|hijueputa\w*|malparid\w*|nojoda|inutil\w*|desastre"
    r"|sigue\s+(?:igual|fallando)|otra\s+vez\s+lo\s+mismo|perdiendo)\b|[😡🤬😠👎😤💩🙄]"
)
_NEGATED = re.compile(r"\b(?:no|nada|tampoco|poco|not|nao)\W+(?:\w+\W+){0,2}$")
_BY_INTENT: dict[str, float] = {
    "queja": -1.5, "reclamo": -1.0, "denuncia": -1.0, "insulto": -3.0, "escalar": -0.8,
    "reabrir_ticket": -0.8, "felicitacion": 2.0, "agradecimiento": 1.0, "incidente": -0.3,
}  # fmt: skip


def of(folded: str, intents: Sequence[IntentScore]) -> Sentiment:
    score = _BY_INTENT.get(intents[0].intent, 0.0) * intents[0].confidence
    for match in _POSITIVE.finditer(folded):
        denied = _NEGATED.search(folded[max(0, match.start() - 25) : match.start()])
        score += -0.8 if denied else 0.8
    for match in _NEGATIVE.finditer(folded):
        denied = _NEGATED.search(folded[max(0, match.start() - 25) : match.start()])
        score += 0.4 if denied else -0.8
    if intents[0].intent in {"queja", "insulto", "denuncia"}:
        score = min(score, -0.6)  # praise in a complaint is sarcasm
    return "positivo" if score >= 0.6 else "negativo" if score <= -0.6 else "neutral"
