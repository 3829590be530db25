"""Whether the words around a date speak of what is to come or of what has happened."""

import re

_REACH = 70  # characters that are looked at on each side
_FUTURE = (
    r"para|hasta|a\s+partir|antes\s+del?|a\s+mas\s+tardar|agend\w+|program\w+|reunion\w*|cita"
    r""
    r"|mantenimiento|veng\w+|vendr\w+|entreg(?:a|ar|an|uen|ue|arian?)|sera|seran|vamos\s+a|va\s+a"
    r"|van\s+a|voy\s+a|tenemos|tengo|venc(?:e|en|er)|proxim\w+|atienden|abren|abiertos|trabajan"
    r"|habra|mandar|ir|ire|volver|volvere\w*|estar(?:e|a|an|emos)|before|until|by|next"
    r""
    r"|quiero|queremos|puede|pueden|podemos|podran?|necesit\w+|solicit(?:o|amos)|requer\w+"
    r"|requier\w+|plazo|limite|ventana|saldran?|quedar[ae]n?|llegaran?|hara|haran|daran?"
    r"|tendr\w+|will|going\s+to|espero|esperamos|mejor|mande|manden|pas(?:en|eme)|env(?:ien|ieme)"
    r"|ayudeme|salid?a\s+en\s+vivo|entra(?:n)?\s+en|sale\s+en\s+vivo|voltea\w*"
    r"|programado"
    r"|amanha|preciso|precisamos|ate|cierre|debo|debemos|hay\s+que|toca"
)
_PAST = (
    r"desde|hace|fue|fueron|pasado|pasaron|llego|llegaron|vin(?:o|ieron)|estuv\w+|report[eo]"
    r"|reportamos|empezo|comenzo|hubo|radi[cq]\w+|envi[eo]|pag(?:ue|amos|aron)|since|ultim\w+"
    r"|hicieron"
    r"|hizo|dijo|dijeron|quedo|quedaron|quede|quedamos|cayo|fallo|salio|dejo|dejaron|cobr(?:o"
    r"|aron)"
    r"|habl(?:e|o|amos)|llam(?:e|o|amos)|recib(?:i|imos|ieron)|ped[i]|pedimos|puse|pusimos|vi"
    r"|vimos"
    r"|prometi\w+|cerr(?:e|o|aron|amos)|abr(?:i|imos|io)|firm(?:amos|aron|e|o)|compr(?:e|o|amos)"
    r"|instal(?:o|e|aron)|actualiz(?:o|aron)|resolvi\w*|(?:he|ha|han|hemos|habia"
    r"|habian)\s+\w+[ai]d?do"
    r"|\w{2,}(?:aron|ieron|aste|iste|aba|aban|abamos)|was|were|did|ago|\w{2,}ed|foi|desde|factura"
    r"|facturas|corte|cobro|error|incidente|volvi|empece|entro"
)
_CUE = re.compile(rf"\b(?:(?P<future>{_FUTURE})|(?P<past>{_PAST}))\b")
_END = re.compile(r"[.;?!\n](?:\s|$)")


def points_ahead(folded: str, start: int, end: int) -> bool | None:
    """By the nearest cue before the date, else after it, in its sentence; else nobody knows."""
    before = folded[max(0, start - _REACH) : start]
    cuts = list(_END.finditer(before))
    if cuts:
        before = before[cuts[-1].end() :]
    cues = list(_CUE.finditer(before))
    if cues:
        return cues[-1].lastgroup == "future"
    after = folded[end : end + _REACH]
    cut = _END.search(after)
    cue = _CUE.search(after[: cut.start()] if cut else after)
    return None if cue is None else cue.lastgroup == "future"
