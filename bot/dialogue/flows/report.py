"""Collect what is missing of a PQR or an incident, show it, and open the ticket."""

import re

from bot.dialogue import draft as drafts
from bot.dialogue import words
from bot.dialogue.context import SURE, Context, Handler
from bot.dialogue.flows import handoff, smalltalk, status
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
    if ctx.means("cerrar_ticket", at_least=SURE) and ctx.words > 1:
        return ctx.turn(ctx.say("report.cancelled_solved"))
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
    return ctx.turn(
        *before,
        _question(ctx, draft, question),
        flow="report",
        step=question,
        draft=draft,
        asked=(*asked, question),
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
    """Take the answer to a question about the draft."""
    asked = ctx.state.asked
    if slot == "que":
        return _what(ctx, draft)
    before = draft.slots.get(slot)
    draft = drafts.fill(ctx, draft)
    if draft.slots.get(slot) != before:
        return _advance(ctx, _with_story(ctx, draft), asked)
    if _CORRECTION.match(ctx.text) and ctx.entities:
        return ctx.turn(
            _question(ctx, draft, slot), flow="report", step=slot, draft=draft, asked=asked
        )
    if not ctx.choice and (words.is_yes(ctx.text) or words.is_no(ctx.text) or not ctx.text):
        if ctx.state.misunderstood == 0 and not words.is_unknown(ctx.text):
            again = _question(ctx, draft, slot)
            return ctx.turn(
                again, flow="report", step=slot, draft=draft, asked=asked, misunderstood=1
            )
        return _advance(ctx, _with(draft, slot, None), asked)
    if words.is_unknown(ctx.text) or ctx.choice == "service:other":
        return _advance(ctx, _with(draft, slot, None), asked)
    return _advance(ctx, _with_story(ctx, _with(draft, slot, _chosen_text(ctx))), asked)


def _what(ctx: Context, draft: Draft) -> Turn:
    """Take the answer to "what happened?", which may tell what kind of matter it is."""
    told = ctx.understanding
    kinds = drafts.QUESTIONS.keys()
    kind = next((k for k in kinds if k == told.intent and ctx.means(k)), draft.type)
    if words.says_little(draft.description) and kind != draft.type:
        draft = draft.model_copy(update={"type": kind})
    described = drafts.fill(ctx, drafts.add(draft, ctx.text))
    if not described.description:
        described = described.model_copy(update={"description": ctx.phrase("report.no_words")})
    return _advance(ctx, described, ctx.state.asked)


def _confirm(ctx: Context, draft: Draft) -> Turn:
    """Take the answer to the summary: yes, no, or more about the matter."""
    brief = ctx.words <= 5 and not ctx.entities
    if ctx.choice == "report:yes" or (brief and ctx.means("afirmar", at_least=SURE)):
        return open_ticket(ctx, draft)
    no = ctx.choice == "report:fix" or words.is_no(ctx.text)
    if no or (brief and ctx.means("negar", at_least=SURE)):
        fix = ctx.say("report.fix")
        return ctx.turn(fix, flow="report", step="fix", draft=draft, asked=ctx.state.asked)
    if brief and ctx.means("agradecimiento", at_least=SURE):
        return open_ticket(ctx, draft)  # "listo, muchas gracias" to a summary agrees with it
    if words.says_little(ctx.text) and not ctx.entities and not ctx.message.attachments:
        if ctx.state.misunderstood:
            return handoff.to_person(ctx, "no se entendió la respuesta al resumen")
        turn = summarise(ctx, draft, ctx.say("report.confirm_unclear"))
        return turn.model_copy(update={"state": turn.state.model_copy(update={"misunderstood": 1})})
    return _detail(ctx, draft)


def _detail(ctx: Context, draft: Draft) -> Turn:
    """Correct or extend the draft, and go back to where it was."""
    before = draft.slots
    draft = drafts.fill(ctx, draft)
    only_slots = draft.slots != before and ctx.words <= 12
    if ctx.message.kind is MessageKind.EDIT:
        draft = drafts.edit(draft, ctx.text)
    elif not only_slots:
        draft = drafts.add(draft, ctx.text)
    step = ctx.state.step
    if step in drafts.QUESTIONS[draft.type] and step not in draft.slots:
        asked = ctx.state.asked
        return ctx.turn(
            _question(ctx, draft, step), flow="report", step=step, draft=draft, asked=asked
        )
    return summarise(ctx, draft)


def offer_to_resume(ctx: Context, draft: Draft) -> Turn | None:
    """The first message after a long pause: a new matter goes ahead, else offer to go on."""
    if ctx.means(*_OTHER_MATTERS, at_least=SURE):
        return None
    offer = ctx.say("report.resume", "resume:yes", "resume:no", **drafts.shown(ctx, draft))
    memory = {"since": ctx.text} if not words.says_little(ctx.text) else {}
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
        return handoff.to_person(ctx, "cliente molesto", before=(ctx.say("smalltalk.insult"),))
    turn = ctx.waiting_as_before(ctx.turn(ctx.say("smalltalk.insult")), ask_again(ctx))
    return turn.model_copy(update={"state": turn.state.model_copy(update={"misunderstood": 1})})


def _digression(ctx: Context) -> Turn | None:
    """An answer to something else asked in between, unless it answers the pending question."""
    handler = DIGRESSIONS.get(ctx.understanding.intent)
    if handler is None or ctx.choice or not ctx.means(*DIGRESSIONS, at_least=SURE):
        return None
    if ctx.state.step == "que" and not words.looks_like_question(ctx.text):
        return None
    answers = drafts.fill(ctx, Draft(type="incidente", description="")).slots
    return None if ctx.state.step in answers else handler(ctx)


def _with(draft: Draft, slot: str, value: str | None) -> Draft:
    return draft.model_copy(update={"slots": {**draft.slots, slot: value}})


def _with_story(ctx: Context, draft: Draft) -> Draft:
    """A long answer tells more than its slot: keep its words for the agent."""
    return drafts.add(draft, ctx.text) if ctx.words > 6 else draft


def _chosen_text(ctx: Context) -> str:
    chosen = next((c for c in ctx.state.offered if c.id == ctx.choice), None)
    return (chosen.description or chosen.label) if chosen else drafts.shorten(ctx.text, 120)
