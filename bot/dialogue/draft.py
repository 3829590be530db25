"""A ticket in the making: what is known of it, what is worth asking, how it is shown."""

import difflib
import re
from datetime import datetime

from bot.dialogue import words
from bot.dialogue.context import Context
from bot.dialogue.model import Draft, TicketType
from bot.dialogue.phrases import BOGOTA
from bot.messages import Choice
from nlp.understanding import Entity

MAX_QUESTIONS = 3
TITLE_LENGTH = 120
_KEPT_LENGTH = 10_000  # of a description; the messages themselves are stored whole
_COMPARED = 500  # characters of a line that an edited message is compared with
_SHOWN_LENGTH = 300  # of a description repeated to the client
_LONG = 60  # words; who writes this much has told what matters

QUESTIONS: dict[TicketType, tuple[str, ...]] = {
    "incidente": ("que", "servicio", "desde", "afectados"),
    "peticion": ("que", "servicio"),
    "queja": ("que", "servicio"),
    "reclamo": ("que", "referencia"),
    "denuncia": ("que",),
    "habeas_data": ("que",),
    "sugerencia": ("que",),
    "felicitacion": ("que",),
}
"""What may be asked for each type, in order. A question needs a phrase ``report.ask_<name>``."""

_SLOT_OF_ENTITY = {
    "servicio": "servicio",
    "ambiente": "ambiente",
    "usuarios_afectados": "afectados",
    "factura": "referencia",
    "contrato": "referencia",
    "codigo_error": "codigo_error",
    "monto": "monto",
}
_ENVIRONMENTS = frozenset({"produccion", "qa", "desarrollo", "staging"})
_EVERYBODY = re.compile(
    r"\b(?:tod[oa]s? (?:el |l[oa]s? )?"
    r"(?:empresa|compañ[ií]a|usuarios|equipo|oficina|sede|planta|área|bodega)|todos nosotros|"
    r"nadie puede \w+|(?:a )?nadie en (?:la |el )?\w+|a nadie|"
    r"a todos|everyone|everybody|nobody|the whole company|all users|"
    r"tod[ao] a empresa|todos os usu[aá]rios|todo mundo|ningu[eé]m)\b",
    re.IGNORECASE,
)
_ONLY_ME = re.compile(
    r"\b(?:(?:s[oó]lo|solamente|nada m[aá]s) (?:a m[ií]|yo)|a m[ií] sol[oa]|yo sol[oa]|"
    r"soy (?:el|la) [uú]nic[oa]|only me|just me|s[oó] eu)\b",
    re.IGNORECASE,
)
_NOBODY = re.compile(r"nadie|nobody|ningu[eé]m", re.IGNORECASE)
_BILL = re.compile(
    r"\b(?:factura|cobro|cuenta|recibo|contrato|invoice|bill|fatura)\w* (?:de|del|do|for|from)"
    r" (?:mes de )?(?:este mes|(?:el )?mes pasado|[uú]ltimo mes|enero|febrero|marzo|abril|mayo|"
    r"junio|julio|agosto|septiembre|octubre|noviembre|diciembre|january|february|march|april|may|june|"
    r"july|august|september|october|november|december|last month|this month|janeiro|fevereiro|"
    r"mar[cç]o|maio|junho|julho|setembro|outubro|novembro|dezembro|m[eê]s passado|este m[eê]s)\b",
    re.IGNORECASE,
)
_COUNT = re.compile(
    r"^(?:(?:somos|son|como|un[oa]s|a|m[aá]s o menos|por ah[ií]|about|around|um[ao]?s) )*(\d{1,5})"
    r"(?: (?:m[aá]s o menos|personas?|usuarios?|people|pessoas?))?\W*$",
    re.IGNORECASE,
)
_SINCE = re.compile(r"(?:\b(?:desde|since) )?(?:\b(?:el|la|las|los) )?$", re.IGNORECASE)


def begin(ctx: Context, kind: TicketType, text: str) -> Draft:
    """A draft from the client's words, with everything the message already tells."""
    draft = Draft(
        type=kind, description=shorten(text, _KEPT_LENGTH), urgency=ctx.understanding.urgency
    )
    slots = {"adjuntos": files} if (files := ctx.state.memory.get("attachments")) else {}
    if len(ctx.facts.services) == 1 and kind in {"incidente", "peticion", "queja"}:
        slots["servicio"] = ctx.facts.services[0]  # the summary shows it, to be corrected
    return fill(ctx, draft.model_copy(update={"slots": slots}))


def fill(ctx: Context, draft: Draft, *, replace: bool = True) -> Draft:
    """The draft with what this message names.

    The newer word replaces the older one, unless ``replace`` is false: then what is known stays.
    """
    slots = dict(draft.slots)
    taken = set() if replace else {slot for slot, value in slots.items() if value}
    for entity in ctx.entities:
        slot = _SLOT_OF_ENTITY.get(entity.type)
        if entity.type == "fecha" and draft.type == "incidente" and not _to_come(ctx, entity):
            slot = "desde"
        if slot and slot not in taken:
            slots[slot] = _value(ctx, slot, entity)
            taken.add(slot)
    if "servicio" not in taken and (named := _named_service(ctx, ctx.text)):
        slots["servicio"] = named
    for pattern in (_EVERYBODY, _ONLY_ME):
        if "afectados" not in taken and (found := pattern.search(ctx.text)):
            nobody = _NOBODY.search(found[0])  # "it works for nobody" affects everybody
            slots["afectados"] = ctx.phrase("report.everybody") if nobody else found[0]
    if draft.type == "reclamo" and not slots.get("referencia") and (told := _BILL.search(ctx.text)):
        slots["referencia"] = told[0]
    uncounted = draft.type == "incidente" and not slots.get("afectados")
    if uncounted and (count := _COUNT.match(ctx.text)):
        slots["afectados"] = count[1]
    if files := attached(ctx):
        slots["adjuntos"] = [*slots.get("adjuntos", []), *files]
    louder = ctx.understanding.urgency in {"alta", "critica"} and draft.urgency != "critica"
    urgency = ctx.understanding.urgency if louder else draft.urgency
    return draft.model_copy(update={"slots": slots, "urgency": urgency})


def attached(ctx: Context) -> list[str]:
    """Names of the message's files, for the agent to know that they are there."""
    return [a.filename or a.content_type for a in ctx.message.attachments]


def _to_come(ctx: Context, entity: Entity) -> bool:
    """Whether a date lies ahead: "tengo reunión en 5 minutos" is not since when it fails."""
    value = entity.value.get("start") if isinstance(entity.value, dict) else entity.value
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return False
    local = moment if moment.tzinfo else moment.replace(tzinfo=BOGOTA)
    return local > ctx.facts.now


def untold(ctx: Context) -> list[str]:
    """The telling words of the message that are no part of an entity."""
    text = ctx.text
    for entity in ctx.entities:
        text = text.replace(entity.text, " ")
    for pattern in (_EVERYBODY, _ONLY_ME):
        text = pattern.sub(" ", text)
    return [w for w in words.telling(text) if w not in _CORRECTING]


_CORRECTING = frozenset(
    {"perdon", "corrijo", "corrija", "equivoque", "cambie", "mejor", "dicho", "sorry", "desculpe",
     "servicio", "desculpa", "actually", "son", "somos", "personas", "usuarios", "people", "era"}
)  # fmt: skip


def add(draft: Draft, text: str) -> Draft:
    """The draft with more words of the client; words that say nothing are replaced."""
    before = draft.description
    if not text or text in before:
        return draft
    joined = text if not words.telling(before) else f"{before}\n{text}"
    return draft.model_copy(update={"description": shorten(joined, _KEPT_LENGTH)})


def edit(draft: Draft, text: str) -> Draft:
    """The draft with a message replaced by its edited text: the line most like it."""
    lines = draft.description.split("\n")
    alike = difflib.get_close_matches(text[:_COMPARED], [x[:_COMPARED] for x in lines], n=1)
    if not alike:
        return add(draft, text)
    edited = [text if x[:_COMPARED] == alike[0] else x for x in lines]
    return draft.model_copy(update={"description": shorten("\n".join(edited), _KEPT_LENGTH)})


def next_question(ctx: Context, draft: Draft, asked: tuple[str, ...]) -> str | None:
    """The next thing worth asking, or ``None`` when the draft can be shown."""
    if len(asked) >= MAX_QUESTIONS:
        return None
    open_questions = (q for q in QUESTIONS[draft.type] if q not in asked and q not in draft.slots)
    return next((q for q in open_questions if _worth_asking(ctx, draft, q)), None)


def _worth_asking(ctx: Context, draft: Draft, question: str) -> bool:
    told_much = len(draft.description.split()) > _LONG
    match question:
        case "que":
            return words.says_little(draft.description)
        case "servicio":
            known = len(ctx.facts.services)
            unnamed = known > 1 or not words.names_a_thing(draft.description)
            return known != 1 and unnamed and (draft.type == "incidente" or known > 1)
        case "desde" | "afectados":  # an outage is acted on first and counted later
            return draft.urgency != "critica" and not told_much
        case _:
            return not told_much


def service_choices(ctx: Context) -> tuple[Choice, ...]:
    """The account's services as choices, where they are few enough for a list of ten rows."""
    names = ctx.facts.services
    if not 2 <= len(names) <= 9:
        return ()
    rows = [
        Choice(
            id=f"service:{n}", label=shorten(name, 20), description=name if len(name) > 20 else ""
        )
        for n, name in enumerate(names)
    ]
    return (*rows, *ctx.offer("service:other"))


def _value(ctx: Context, slot: str, entity: Entity) -> str:
    if slot == "ambiente":
        return str(entity.value)
    if slot == "servicio":
        return _named_service(ctx, entity.text) or entity.text
    if slot == "desde":  # "desde las 9" is understood, a bare "9" is not
        before = ctx.message.text[: entity.start]
        lead = _SINCE.search(before)
        return f"{lead[0] if lead else ''}{entity.text}"
    return entity.text


def _named_service(ctx: Context, text: str) -> str | None:
    """The account's one service of which the text says a word: "el SAP" is SAP Business One."""
    said = set(words.telling(text))
    shared = {name: len(said & set(words.telling(name))) for name in ctx.facts.services}
    most = max(shared.values(), default=0)
    nearest = [name for name, count in shared.items() if count == most]
    return nearest[0] if most and len(nearest) == 1 else None


def title_of(draft: Draft) -> str:
    """One line for lists: the first sentence that says something."""
    text = words.without_greeting(draft.description)
    sentences = [" ".join(s.split()) for s in re.split(r"(?<=[.!?])\s+|\n+", text)]
    telling = next((s for s in sentences if not words.says_little(s)), " ".join(text.split()))
    telling = words.without_greeting(telling)
    return shorten(telling.strip(" .,"), TITLE_LENGTH) or draft.type


def shorten(text: str, length: int) -> str:
    """At most ``length`` characters, cut between words where that is possible."""
    if len(text) <= length:
        return text
    cut = text[: length - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut[length // 2 :] else cut).rstrip(" ,.;:") + "…"


def _shown_value(ctx: Context, slot: str, value: str) -> str:
    if slot == "ambiente" and value in _ENVIRONMENTS:
        return ctx.phrase(f"environment.{value}")
    return shorten(value, 60)


def shown(ctx: Context, draft: Draft) -> dict[str, str]:
    """The parameters of a summary: ``type``, ``description`` and ``details`` (lines or empty)."""
    lines = [
        ctx.phrase(f"report.detail_{slot}", value=_shown_value(ctx, slot, str(draft.slots[slot])))
        for slot in ("servicio", "ambiente", "desde", "afectados", "referencia")
        if draft.slots.get(slot)
    ]
    if files := draft.slots.get("adjuntos"):
        lines.append(ctx.phrase("report.detail_adjuntos", value=str(len(files))))
    return {
        "type": ctx.phrase(f"type.{draft.type}"),
        "description": shorten(words.without_greeting(draft.description), _SHOWN_LENGTH),
        "details": "".join(f"\n• {line}" for line in lines),
    }
