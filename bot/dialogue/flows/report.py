"""Collect what is missing of a PQR or an incident, show it, and open the ticket."""

import re

from bot.dialogue import answers, phrases, words
from bot.dialogue import draft as drafts
from bot.dialogue.context import SURE, Context, Handler
from bot.dialogue.flows import handoff, smalltalk, status, tickets
from bot.dialogue.model import Action, Draft, HandToAgent, OpenTicket, Say, TicketType, Turn
from bot.messages import MessageKind

IMMEDIATE: frozenset[TicketType] = frozenset({"felicitacion", "sugerencia"})
"""Registered as soon as they say something: nobody wants to confirm praise."""

_ASKED_THEIR_WAY = IMMEDIATE | {"peticion"}

DIGRESSIONS: dict[str, Handler] = {
    "estado_ticket": status.tell,
    "consulta_general": smalltalk.general,
    "ayuda": smalltalk.help_,
    "es_bot": smalltalk.is_bot,
}
"""Intents that are answered in the middle of a draft, after which the question comes again."""

_OTHER_MATTERS = (
    *DIGRESSIONS,
    *drafts.QUESTIONS,
    "reabrir_ticket",
    "cerrar_ticket",
    "escalar",
    "consulta_comercial",
)

_STORY = 6  # words; who answers with more tells more than was asked

_SOLVED = re.compile(
    r"\b(?:ya (?:qued[oó]|funcion|sirv|volvi[oó]|entr|se (?:arregl|solucion|resolvi|compuso|quit)|"
    r"est[aá] (?:bien|resuelto|solucionado|funcionando)|no (?:hace|es|se|pasa|necesit|import))|"
    r"solucion\w*|resolvi\w*|resuelt\w*|arregl[oó]\w*|cierr\w*|cancel\w*|"
    r"fixed|solved|works|working|resolv\w*|voltou|funcionou)",
    re.IGNORECASE,
)
"""What must be there to let a draft go, which cannot be taken back."""

_CORRECTION = re.compile(
    r"^\W*(?:no|perd[oó]n|corrijo|mejor dicho|me equivoqu[eé]|disculpe|sorry|i mean|"
    r"correction|n[aã]o|desculpe|quero dizer)\b[\s,.:;]",
    re.IGNORECASE,
)


def begin(ctx: Context, kind: TicketType, text: str, *before: Say) -> Turn:
    """Start a draft from the client's words and ask the first useful thing, or show it."""
    return _advance(ctx, drafts.begin(ctx, kind, text), (), *before)


def begin_empty(ctx: Context) -> Turn:
    """The client only said that there is something to report."""
    return _advance(ctx, Draft(type="incidente", description=""), ())


def answer(ctx: Context) -> Turn | None:
    """What an open draft makes of the message."""
    draft = ctx.state.draft
    if draft is None:
        return None
    if ctx.choice == "report:cancel" or words.is_cancel(ctx.text):
        return ctx.turn(ctx.say("report.cancelled"))
    if ctx.message.kind is MessageKind.EDIT:
        return _detail(ctx, draft)
    if ctx.state.step == "resume":
        return _resume(ctx, draft)
    if ctx.means("cerrar_ticket", at_least=SURE) and ctx.words > 1 and _SOLVED.search(ctx.text):
        return ctx.turn(ctx.say("report.cancelled_solved"))
    if ctx.means("escalar", at_least=SURE) and ctx.choice is None:
        return handoff.to_person(ctx, "pide prioridad o un superior", urgent=True)
    if ctx.means("insulto", at_least=SURE):
        return _insulted(ctx)
    if digression := _digression(ctx):
        return ctx.waiting_as_before(digression, ask_again(ctx))
    if ctx.state.step == "confirm":
        return _confirm(ctx, draft)
    if ctx.state.step == "fix":
        return _detail(ctx, draft)
    return _slot(ctx, draft, ctx.state.step or "que")


def ask_again(ctx: Context) -> Say:
    """The pending question of the draft, as it was asked."""
    draft, step = ctx.state.draft, ctx.state.step or "que"
    if draft is None:
        return ctx.say("smalltalk.menu")
    if step == "confirm":
        return _summary(ctx, draft)
    if step in {"fix", "resume"}:
        return ctx.say(f"report.{step}", *ctx.state.offered, **drafts.shown(ctx, draft))
    return _question(ctx, draft, step)


def summarise(ctx: Context, draft: Draft, *before: Say) -> Turn:
    """Show the draft for confirmation."""
    summary = _summary(ctx, draft)
    asked = ctx.state.asked
    return ctx.turn(*before, summary, flow="report", step="confirm", draft=draft, asked=asked)


def open_ticket(ctx: Context, draft: Draft, *before: Say) -> Turn:
    """Open it, and say its number, what comes next and by when."""
    actions: list[Action] = [OpenTicket(draft=draft, title=drafts.title_of(draft))]
    dated = draft.type in ctx.facts.due_by_type
    if draft.type in IMMEDIATE or draft.type in {"denuncia", "habeas_data"}:
        key = f"opened.{draft.type}"
    elif draft.urgency == "critica":
        key = "opened.urgent"
        actions.append(HandToAgent(reason=drafts.title_of(draft), urgent=True))
    else:
        key = "opened.normal"
    if dated and draft.type not in IMMEDIATE:
        key += "_due"
    return ctx.turn(*before, ctx.say(key), actions=tuple(actions))


def _advance(ctx: Context, draft: Draft, asked: tuple[str, ...], *before: Say) -> Turn:
    question = drafts.next_question(ctx, draft, asked)
    if question is None:
        if draft.type in IMMEDIATE:
            return open_ticket(ctx, draft, *before)
        return summarise(ctx.with_state(asked=asked), draft, *before)
    turn = _ask(ctx, _question(ctx, draft, question), draft, question, (*asked, question))
    return turn.model_copy(update={"replies": (*before, *turn.replies)})


def _ask(
    ctx: Context,
    question: Say,
    draft: Draft,
    step: str,
    asked: tuple[str, ...],
    *,
    misunderstood: int = 0,
) -> Turn:
    return ctx.turn(
        question, flow="report", step=step, draft=draft, asked=asked, misunderstood=misunderstood
    )


def _question(ctx: Context, draft: Draft, slot: str) -> Say:
    if slot == "que":
        kind = "_feedback" if draft.type in IMMEDIATE else "_peticion"
        return ctx.say(f"report.ask_que{kind if draft.type in _ASKED_THEIR_WAY else ''}")
    if slot == "servicio":
        return ctx.say("report.ask_servicio", *drafts.service_choices(ctx))
    if slot == "desde":
        return ctx.say("report.ask_desde", "since:today", "since:yesterday", "since:days")
    return ctx.say(f"report.ask_{slot}")


def _summary(ctx: Context, draft: Draft) -> Say:
    return ctx.say(
        "report.summary",
        "report:yes",
        "report:fix",
        "report:cancel",
        **drafts.shown(ctx, draft),
    )


def _slot(ctx: Context, draft: Draft, slot: str) -> Turn:
    """Take the answer to a question about the draft, or what the client says instead."""
    asked = ctx.state.asked
    if words.is_impatient(ctx.text):
        known = drafts.fill(ctx, draft, replace=False)
        if len(drafts.untold(ctx)) >= _STORY:
            known = drafts.add(known, ctx.text)
        return _advance_to_end(ctx, known)
    if slot == "que":
        return _what(ctx, draft)
    if words.is_unknown(ctx.text) or ctx.choice == "service:other":
        return _advance(ctx, _with(draft, slot, None), asked)
    filled = drafts.fill(ctx, draft)
    if filled.slots.get(slot) != draft.slots.get(slot):
        return _advance(ctx, _with_story(ctx, filled), asked)
    if ctx.choice or (not _courtesy(ctx) and answers.fits(ctx, slot)):
        return _advance(ctx, _with_story(ctx, _with(draft, slot, _chosen_text(ctx))), asked)
    return _instead(ctx, draft, slot)


def _instead(ctx: Context, draft: Draft, slot: str) -> Turn:
    """No answer to the question: keep what it tells, and ask once more where that may help."""
    corrected = bool(_CORRECTION.match(ctx.text))
    filled = drafts.fill(ctx, draft, replace=corrected)
    other = filled.slots != draft.slots and len(drafts.untold(ctx)) <= 1
    if not other and not _courtesy(ctx):
        return _advance(ctx, _with(drafts.add(filled, ctx.text), slot, None), ctx.state.asked)
    if ctx.state.misunderstood or filled.urgency == "critica":  # nobody is held up twice
        return _advance(ctx, _with(filled, slot, None), ctx.state.asked)
    question = _question(ctx, filled, slot)
    if not corrected:
        text = phrases.phrase(question.phrase, ctx.language)
        question = ctx.say("report.again", *question.choices, question=text)
    return _ask(ctx, question, filled, slot, ctx.state.asked, misunderstood=1)


def _courtesy(ctx: Context) -> bool:
    """A yes, a no, thanks or nothing at all, where a fact was asked for."""
    courteous = ctx.means("afirmar", "negar", "agradecimiento", "saludo", at_least=SURE)
    brief = ctx.words <= 4 and courteous
    asks_back = "?" in ctx.text and len(words.telling(ctx.text)) <= 3
    answers_nothing = words.is_yes(ctx.text) or words.is_no(ctx.text) or not ctx.text
    return brief or asks_back or answers_nothing or words.is_yes_and_urgent(ctx.text)


def _advance_to_end(ctx: Context, draft: Draft) -> Turn:
    """No further question, however little is known."""
    enough = ctx.say("report.enough")
    if words.telling(draft.description):
        return summarise(ctx, draft, enough)
    return handoff.to_person(ctx, "se cansó de las preguntas", before=(enough,))


def _what(ctx: Context, draft: Draft) -> Turn:
    """Take the answer to "what happened?", which may tell what kind of matter it is."""
    told = ctx.understanding
    kinds = drafts.QUESTIONS.keys()
    kind = next((k for k in kinds if k == told.intent and ctx.means(k)), draft.type)
    if words.says_little(draft.description) and kind != draft.type:
        draft = draft.model_copy(update={"type": kind})
    described = drafts.fill(ctx, draft)
    if words.telling(ctx.text) or not words.telling(draft.description):
        described = drafts.add(described, ctx.text)
    if not drafts.untold(ctx) and ctx.text and not ctx.state.misunderstood:
        more = "report.ask_que_more" if described.type == "incidente" else "report.ask_que_peticion"
        return _ask(ctx, ctx.say(more), described, "que", ctx.state.asked, misunderstood=1)
    if not described.description:
        described = described.model_copy(update={"description": ctx.phrase("report.no_words")})
    return _advance(ctx, described, ctx.state.asked)


def _confirm(ctx: Context, draft: Draft) -> Turn:
    """Take the answer to the summary: yes, no, or more about the matter."""
    brief = ctx.words <= 5 and not ctx.entities
    agreed = ctx.choice == "report:yes" or words.is_yes(ctx.text)
    if agreed or (brief and ctx.means("afirmar", at_least=SURE)):
        return open_ticket(ctx, draft)
    if words.is_yes_and_urgent(ctx.text):
        return open_ticket(ctx, drafts.fill(ctx, draft))
    no = ctx.choice == "report:fix" or words.is_no(ctx.text)
    if no or (brief and ctx.means("negar", at_least=SURE)):
        fix = ctx.say("report.fix")
        return ctx.turn(fix, flow="report", step="fix", draft=draft, asked=ctx.state.asked)
    if brief and ctx.means("agradecimiento", at_least=SURE):
        return open_ticket(ctx, draft)  # "listo, muchas gracias" to a summary agrees with it
    if not _says_something(ctx) and drafts.fill(ctx, draft).slots == draft.slots:
        if ctx.state.misunderstood:
            return handoff.to_person(ctx, "no se entendió la respuesta al resumen")
        again = ctx.say("report.confirm_unclear", "report:yes", "report:fix", "report:cancel")
        return _ask(ctx, again, draft, "confirm", ctx.state.asked, misunderstood=1)
    return _detail(ctx, draft)


def _says_something(ctx: Context) -> bool:
    """Whether an answer to the summary tells more about the matter."""
    telling = len(words.telling(ctx.text))
    astray = telling == 1 and ctx.means("fuera_de_alcance", "saludo", "despedida")
    return bool(ctx.entities or ctx.message.attachments or (telling and not astray))


def _detail(ctx: Context, draft: Draft) -> Turn:
    """Correct or extend the draft, and go back to where it was."""
    before = draft.slots
    only_slots = len(drafts.untold(ctx)) <= 1
    edited = ctx.message.kind is MessageKind.EDIT
    corrected = edited or ctx.state.step == "fix" or bool(_CORRECTION.match(ctx.text))
    replace = only_slots or corrected
    draft = drafts.fill(ctx, draft, replace=replace)
    if edited:
        draft = drafts.edit(draft, ctx.text)
    elif not only_slots or draft.slots == before:
        draft = drafts.add(draft, words.without_answer(ctx.text))
    step = ctx.state.step
    if step in drafts.QUESTIONS[draft.type] and step not in draft.slots:
        return _ask(ctx, _question(ctx, draft, step), draft, step, ctx.state.asked)
    return summarise(ctx, draft)


def offer_to_resume(ctx: Context, draft: Draft) -> Turn | None:
    """The first message after a long pause: a new matter goes ahead, else offer to go on."""
    asks_for_it = ctx.means("estado_ticket") and not tickets.having(ctx, tickets.OPEN)
    if ctx.means(*_OTHER_MATTERS, at_least=SURE) and not asks_for_it:
        return None
    offer = ctx.say("report.resume", "resume:yes", "resume:no", **drafts.shown(ctx, draft))
    more = not asks_for_it and not words.says_little(ctx.text)
    memory = {"since": ctx.text} if more else {}
    return ctx.turn(offer, flow="report", step="resume", draft=draft, memory=memory)


def _resume(ctx: Context, draft: Draft) -> Turn | None:
    """After a long pause: take the old draft up again, or leave it."""
    if ctx.choice == "resume:yes":
        return summarise(ctx, drafts.add(draft, str(ctx.state.memory.get("since", ""))))
    if ctx.choice == "resume:no":
        return ctx.turn(ctx.say("report.dropped"))
    if ctx.means(*_OTHER_MATTERS):
        return None  # the old draft is forgotten
    return summarise(ctx, drafts.add(drafts.fill(ctx, draft), ctx.text))


def _insulted(ctx: Context) -> Turn:
    if ctx.state.misunderstood:
        return handoff.to_person(
            ctx, "cliente molesto", before=(ctx.say("smalltalk.insult_again"),)
        )
    turn = ctx.waiting_as_before(ctx.turn(ctx.say("smalltalk.insult")), ask_again(ctx))
    return turn.model_copy(update={"state": turn.state.model_copy(update={"misunderstood": 1})})


def _digression(ctx: Context) -> Turn | None:
    """An answer to something else asked in between, unless it answers the pending question."""
    handler = DIGRESSIONS.get(ctx.understanding.intent)
    if handler is None or ctx.choice or not ctx.means(*DIGRESSIONS, at_least=SURE):
        return None
    if ctx.state.step == "que" and not words.looks_like_question(ctx.text):
        return None
    known = drafts.fill(ctx, Draft(type="incidente", description="")).slots
    if known and not words.looks_like_question(ctx.text):
        return None
    return None if ctx.state.step in known else handler(ctx)


def _with(draft: Draft, slot: str, value: str | None) -> Draft:
    return draft.model_copy(update={"slots": {**draft.slots, slot: value}})


def _with_story(ctx: Context, draft: Draft) -> Draft:
    """A long answer tells more than its slot: keep its words for the agent."""
    tells_more = ctx.words > _STORY or (bool(ctx.entities) and len(drafts.untold(ctx)) >= 2)
    return drafts.add(draft, ctx.text) if tells_more else draft


def _chosen_text(ctx: Context) -> str:
    chosen = next((c for c in ctx.state.offered if c.id == ctx.choice), None)
    return (chosen.description or chosen.label) if chosen else drafts.shorten(ctx.text, 120)
