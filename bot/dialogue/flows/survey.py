"""The micro-survey after a resolution: one score, one optional comment."""

from bot.dialogue import phrases, words
from bot.dialogue.context import SURE, Context
from bot.dialogue.csat import ParsedScore, parse_csat
from bot.dialogue.flows import existing_ticket
from bot.dialogue.model import Action, RecordSurveyAnswer, Say, SurveyFact, Turn
from bot.messages import MessageKind
from nlp.understanding import Language

CHOICES = tuple(f"csat:{n}" for n in range(1, 6))  # in order, so that "4" as a position is a 4

_NEW_MATTER = ("incidente", "peticion", "reclamo", "denuncia", "habeas_data", "consulta_comercial")
_ASIDE = ("estado_ticket", "consulta_general", "ayuda", "es_bot", "saludo", "agregar_informacion",
          "cancelar_suscripcion", "hablar_humano")  # fmt: skip


def question(language: Language, ticket_number: str) -> Say:
    """What the backend sends when a survey is due."""
    return Say(
        phrase="survey.question",
        params={"number": ticket_number},
        choices=tuple(phrases.choice(c, language) for c in CHOICES),
    )


def is_latest(ctx: Context) -> bool:
    """Whether the survey was the last thing asked, so that a bare "2" answers it."""
    survey, asked_at = ctx.facts.survey, ctx.state.updated_at
    return survey is not None and (
        ctx.state.flow in {None, "survey"} or asked_at is None or survey.sent_at >= asked_at
    )


def answer(ctx: Context) -> Turn | None:
    """Take an answer to the pending survey; anything else is left to the other steps."""
    survey = ctx.facts.survey
    tapped = ctx.choice in CHOICES
    if survey is None:
        return ctx.turn(ctx.say("survey.over")) if tapped else None
    if not (tapped or is_latest(ctx)) or ctx.message.kind is MessageKind.EDIT:
        return None
    if ctx.means("reabrir_ticket") and not tapped:
        return _reopen(ctx, survey)
    if survey.awaiting == "comment" and not tapped:
        return _comment(ctx, survey) if ctx.state.flow == "survey" else None
    parsed = (
        ParsedScore(score=int(ctx.choice[-1]), explicit=True)
        if tapped and ctx.choice
        else (parse_csat(ctx.text))
    )
    if not parsed.explicit and (not ctx.facts.understood or ctx.means(*_NEW_MATTER, *_ASIDE)):
        return None
    if parsed.score is not None:
        return _score(ctx, survey, parsed)
    return _unclear(ctx, survey) if parsed.unclear else None


def _score(ctx: Context, survey: SurveyFact, parsed: ParsedScore) -> Turn:
    done = parsed.comment is not None or survey.awaiting == "comment"
    record = RecordSurveyAnswer(
        survey_id=survey.id,
        score=parsed.score,
        comment=parsed.comment,
        raw=ctx.text or ctx.choice or "",
        finished=done,
    )
    low = parsed.score is not None and parsed.score <= 2
    if done:
        return ctx.turn(_thanks(ctx, low=low), actions=(record,))
    asking = ctx.say("survey.comment_low" if low else "survey.comment", "survey:skip")
    memory = {"low": low}
    return ctx.turn(asking, actions=(record,), flow="survey", step="comment", memory=memory)


def _comment(ctx: Context, survey: SurveyFact) -> Turn | None:
    low = bool(ctx.state.memory.get("low"))
    if ctx.means(*_NEW_MATTER, at_least=SURE) or (
        ctx.means("estado_ticket", "consulta_general", at_least=SURE)
        and words.looks_like_question(ctx.text)
    ):
        return None
    nothing = (
        ctx.choice == "survey:skip"
        or words.is_no(ctx.text)
        or words.is_unknown(ctx.text)
        or words.is_cancel(ctx.text)
        or not ctx.text
        # thanks with a reason are the comment: "muy amables y rapidísimos"
        or (ctx.means("agradecimiento", "despedida") and words.says_little(ctx.text))
    )
    comment = None if nothing else ctx.text
    record = RecordSurveyAnswer(
        survey_id=survey.id, score=survey.score, comment=comment, raw=ctx.text, finished=True
    )
    return ctx.turn(_thanks(ctx, low=low), actions=(record,))


def _reopen(ctx: Context, survey: SurveyFact) -> Turn:
    """What was to be rated is not solved. A score given with "sigue fallando" still counts."""
    turn = existing_ticket.reopen(ctx, survey.ticket_number)
    parsed = parse_csat(ctx.text)
    if parsed.score is None or not parsed.explicit or survey.awaiting == "comment":
        return turn
    record: Action = RecordSurveyAnswer(
        survey_id=survey.id, score=parsed.score, comment=ctx.text, raw=ctx.text, finished=True
    )
    return turn.model_copy(update={"actions": (record, *turn.actions)})


def _unclear(ctx: Context, survey: SurveyFact) -> Turn:
    """Ask once more, then let go."""
    if ctx.state.flow == "survey":
        given_up = RecordSurveyAnswer(survey_id=survey.id, raw=ctx.text, finished=True)
        return ctx.turn(ctx.say("survey.let_go"), actions=(given_up,))
    again = ctx.say("survey.unclear", *CHOICES)
    return ctx.turn(again, flow="survey", step="score")


def _thanks(ctx: Context, *, low: bool) -> Say:
    return ctx.say("survey.thanks_low", "human") if low else ctx.say("survey.thanks")
