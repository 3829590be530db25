"""Whether a message can be an answer to the question about a draft at all. Pure, no model.

"mil gracias" is no number of people and "toda la oficina" no moment; what does not fit is heard as
something else, so that it neither fills a field with nonsense nor gets lost.
"""

import re

from bot.dialogue.context import SURE, Context
from bot.dialogue.words import plain

_LONGEST = 15  # words; what is longer tells a story
_NAME_LONGEST = 8  # words of the name of a service
_TITLE_LONGEST = 3  # words that are a name even where they sound like a report

_WHEN = re.compile(
    r"\d|\b(?:desde|hace|llev[oa]\w*|hoy|ayer|antier|anteayer|anoche|ahora|ahorita|ahoritica|rat[io]\w*|"
    r"siempre|recien|apenas|temprano|dias?|semanas?|mes|meses|horas?|minutos?|anos?|quincena|"
    r"manana|mananita|tarde|noche|madrugada|mediodia|lunes|martes|miercoles|jueves|viernes|sabado|"
    r"domingo|festivo|puente|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|"
    r"noviembre|diciembre|actualiza\w*|cambi\w*|migra\w*|today|yesterday|since|ago|now|always|"
    r"morning|afternoon|evening|night|days?|weeks?|months?|hours?|minutes?|monday|tuesday|wednesday|"
    r"thursday|friday|saturday|sunday|ontem|hoje|agora|sempre|semanas?|manha|noite|segunda|terca|"
    r"quarta|quinta|sexta)\b"
)
_HOW_MANY = re.compile(
    r"\d|\b(?:un[oa]?|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce|quince|veint\w*|"
    r"treinta|cuarenta|cincuenta|cien|cientos|docena\w*|tod[oa]s?|nadie|ningun\w*|vari[oa]s|"
    r"much[oa]s|much[ií]sim[oa]s|poc[oa]s|algun[oa]s|casi|mitad|mayoria|media|medio|solo|sola|"
    r"solamente|yo|conmigo|nosotr[oa]s|unic[oa]|a mi|equipo|area|oficina|sede|empresa|planta|"
    r"bodega|"
    r"departamento|grupo|gente|personas?|usuari[oa]s?|companer[oa]s?|clientes?|jefe|gerente|"
    r"one|two|three|four|five|six|seven|eight|nine|ten|dozen\w*|hundred\w*|every\w+|all|nobody|"
    r"no one|several|many|few|some|only me|just me|half|most|team|people|users?|staff|company|"
    r"dois|duas|quatro|sete|oito|nove|dez|vinte|trinta|ninguem|muit[oa]s|pouc[oa]s|algun?s|so eu|"
    r"equipe|metade|pessoas?|empresa)\b"
)
_REFERENCE = re.compile(
    r"\d|\b(?:factura\w*|contrato|acta|entrega|orden|pedido|cobro|cuenta|cotizacion|propuesta|"
    r"ultim[oa]|primer[oa]?|pasad[oa]|este mes|enero|febrero|marzo|abril|mayo|junio|julio|agosto|"
    r"septiembre|octubre|noviembre|diciembre|invoice|contract|delivery|order|bill|last|latest|"
    r"january|february|march|april|may|june|july|august|september|october|november|december|"
    r"fatura|nota|pedido|ultima|janeiro|fevereiro|marco|maio|junho|julho|setembro|outubro|novembro|"
    r"dezembro)\b"
)
_FITTING = {"desde": _WHEN, "afectados": _HOW_MANY, "referencia": _REFERENCE}
_PLACE = re.compile(
    r"^(?:es )?(?:en|de|in|na|no) (?:la |el |las |los |the )?"
    r"(?:sede|oficina|bodega|planta|piso|ciudad|sucursal|tienda|office|branch|filial)\b"
)
_NO_NAME = re.compile(r"^(?:no|ya|que|porque|es que|pues)\b|^\W*[\d\W]+$")
_ELSEWHERE = ("escalar", "queja", "insulto", "reclamo", "agradecimiento", "despedida", "saludo",
              "reabrir_ticket", "felicitacion", "cancelar_suscripcion")  # fmt: skip


def fits(ctx: Context, slot: str) -> bool:
    """Whether the text answers the question for ``slot`` where no entity was recognised."""
    if ctx.words > _LONGEST:
        return False
    pattern = _FITTING.get(slot)
    if pattern is None:
        return _may_be_a_name(ctx)
    return bool(pattern.search(plain(_without(ctx, slot))))


def _may_be_a_name(ctx: Context) -> bool:
    """Any few words can name a service, unless they surely say something else."""
    said = plain(ctx.text)
    if ctx.words > _NAME_LONGEST or _PLACE.search(said) or _NO_NAME.match(said):
        return False
    tells = ctx.words > _TITLE_LONGEST and ctx.means(
        "incidente", "agregar_informacion", at_least=SURE
    )
    if tells or ctx.means(*_ELSEWHERE, at_least=SURE):
        return False
    return not any(e.type in {"fecha", "usuarios_afectados", "ambiente"} for e in ctx.entities)


def _without(ctx: Context, slot: str) -> str:
    """The text without what answers another question: the 3 of "a las 3" counts nobody."""
    text = ctx.text
    for entity in ctx.entities:
        answers = {"fecha": "desde", "usuarios_afectados": "afectados"}.get(entity.type)
        if answers and answers != slot:
            text = text.replace(entity.text, " ")
    return text
