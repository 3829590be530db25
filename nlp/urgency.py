"""How urgent a message is: what it says outright, else what its intents and numbers imply."""

import re
from collections.abc import Sequence

from nlp.understanding import Entity, IntentScore, Urgency

_CRITICAL = re.compile(
    r"\b(?:critic[oa]s?|produccion\s+(?:caida|parada|detenida)|caida?\s+total|todo\s+(?:esta\s+)?(?:caido|parado)|tod[oa]s\s+"
    r"(?:l[oa]s\s+)?(?:usuarios|sedes|la\s+empresa)|toda\s+la\s+(?:empresa|oficina|compania|operacion|sede|planta)|nadie\s+(?:puede|ha\s+podido|logra)|a\s+nadie|llevamos\s+(?:\w+\s+){0,4}sin\s+(?:sistema|servicio|internet|red|luz)|sin\s+poder\s+(?:facturar|operar|vender|despachar|trabajar)"
    r"|operacion\s+(?:parada|detenida|paralizada)|paralizad[oa]s?|prioridad\s+(?:1|uno|maxima)|p1|sev\s?1|ransomware|hacke\w+"
    r"|no\s+podemos\s+(?:facturar|operar|vender|despachar|trabajar|atender)|estamos\s+(?:parados|detenidos|sin\s+(?:sistema|servicio|facturar))"
    r"|production\s+(?:is\s+)?down|down\s+for\s+(?:all|everyone)|fora\s+do\s+ar|everyone\s+is)\b"
)
_HIGH = re.compile(
    r"\b(?:urgent\w*|urge|urgencia|emergencia|inmediat[oa]\w*|ya\s+mismo|cuanto\s+antes|lo\s+antes\s+posible|de\s+una\s+vez|asap"
    r"|right\s+now|afan\w*|embalad[oa]s?|hoy\s+mismo|prioridad|prioritari[oa]|grave|no\s+da\s+espera|antes\s+de\s+que\s+termine\s+el\s+dia"
    r"|cierre\s+(?:contable|de\s+mes)|vence\s+hoy|imediat\w+|multa|se\s+vence)\b"
)
_LOW = re.compile(
    r"\b(?:sin\s+(?:afan|prisa|apuro)|cuando\s+(?:pued\w+|tenga\w*\s+(?:un\s+)?(?:tiempo|tiempito|chance))|no\s+es\s+urgente|no\s+hay\s+(?:afan|prisa)"
    r"|no\s+urge|con\s+calma|no\s+rush|sem\s+pressa|whenever\s+you\s+can|baja\s+prioridad)\b"
)
_BY_INTENT: dict[str, Urgency] = {
    "incidente": "media", "reclamo": "media", "queja": "media", "peticion": "media",
    "reabrir_ticket": "alta", "escalar": "alta", "denuncia": "alta", "hablar_humano": "media",
    "habeas_data": "media", "estado_ticket": "media", "agregar_informacion": "media",
}  # fmt: skip


def says_low(folded: str) -> bool:
    """The client says that there is no hurry."""
    return bool(_LOW.search(folded))


def of(folded: str, intents: Sequence[IntentScore], entities: Sequence[Entity]) -> Urgency:
    """``folded`` text and what was found in it → baja, media, alta or critica."""
    main = intents[0].intent
    if says_low(folded):
        return "baja"
    affected = max((e.value for e in entities if e.type == "usuarios_afectados"), default=0)
    technical = main in {"incidente", "reabrir_ticket", "escalar"}
    if technical and (_CRITICAL.search(folded) or affected >= 50):
        return "critica"
    if _HIGH.search(folded) or _CRITICAL.search(folded) or (technical and affected >= 10):
        return "alta"
    if technical and any(e.type == "ambiente" and e.value == "produccion" for e in entities):
        return "alta"
    return _BY_INTENT.get(main, "baja")
