"""Single decisions that a story cannot show: the records beside the replies, and the limits."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from bot.dialogue import draft as drafts
from bot.dialogue.flows.consent import NOTICE_VERSION
from bot.dialogue.model import (
    AddToTicket,
    DialogueState,
    Draft,
    Facts,
    HandToAgent,
    OpenTicket,
    RecordConsent,
    RecordSurveyAnswer,
    SetLanguage,
    SurveyFact,
    TicketFact,
)
from bot.dialogue.respond import respond
from bot.messages import Choice, InboundMessage, MessageKind, Sender
from nlp.understanding import Entity, IntentScore, Understanding

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)


def message(text="", **more):
    return InboundMessage(
        channel="webchat",
        account="main",
        provider_id="1",
        thread="client",
        sender=Sender(external_id="client"),
        text=text,
        sent_at=NOW,
        **more,
    )


def meaning(intent, confidence=0.9, **more):
    return Understanding(intent=intent, confidence=confidence, **more)


def facts(**more):
    return Facts(**{"now": NOW, "channel": "webchat", "consent": "granted", **more})


def state(**more):
    return DialogueState(**{"greeted": True, "updated_at": NOW, **more})


def kinds(turn):
    return [a.do for a in turn.actions]


@pytest.mark.parametrize(
    ("said", "how"),
    [
        (message("Acepto", kind=MessageKind.CHOICE, payload="consent:yes"), "button"),
        (message("acepto"), "words"),
        (message("no me abre el correo corporativo"), "continued"),
    ],
)
def test_the_proof_of_consent_says_how_it_was_given(said, how):
    turn = respond(state(), said, meaning("incidente"), facts(consent="noticed"))
    assert turn.actions[0] == RecordConsent(consent="granted", text_version=NOTICE_VERSION, how=how)


def test_an_acceptance_before_the_notice_was_shown_accepts_nothing():
    turn = respond(DialogueState(), message("acepto"), meaning("afirmar"), facts(consent="unknown"))
    recorded = [a for a in turn.actions if isinstance(a, RecordConsent)]
    assert [(r.consent, r.how) for r in recorded] == [("noticed", "notice_shown")]


def test_stop_after_the_notice_is_no_consent():
    turn = respond(state(), message("STOP"), meaning("negar"), facts(consent="noticed"))
    assert kinds(turn) == ["opt_out"]


def test_an_automatic_message_changes_nothing():
    before = state(flow="report", step="desde", draft=Draft(type="queja", description="mal trato"))
    turn = respond(before, message("Fuera de oficina", automatic=True), meaning("saludo"), facts())
    assert turn.state == before
    assert not turn.replies
    assert not turn.actions


def test_who_waits_for_a_person_is_not_queued_twice():
    turn = respond(
        state(), message("un asesor"), meaning("hablar_humano"), facts(waiting_for_agent=True)
    )
    assert not turn.actions
    assert [r.phrase for r in turn.replies] == ["handoff.waiting"]


def test_a_second_intent_of_the_message_reaches_a_person_too():
    both = meaning(
        "incidente",
        intents=(
            IntentScore(intent="incidente", confidence=0.9),
            IntentScore(intent="hablar_humano", confidence=0.8),
        ),
    )
    turn = respond(state(), message("se cayó el portal, páseme a alguien"), both, facts())
    assert "hand_to_agent" in kinds(turn)


def test_the_language_is_kept_and_recorded_once():
    english = meaning("ayuda", language="en")
    first = respond(state(), message("what can you do for me please?"), english, facts())
    assert first.state.language == "en"
    assert SetLanguage(language="en") in first.actions
    again = respond(first.state, message("and what else can you do?"), english, facts())
    assert "set_language" not in kinds(again)


def test_product_names_do_not_flip_the_language():
    text = "Microsoft Dynamics Business Central"
    named = Entity(type="servicio", text=text, start=0, end=len(text), value=text)
    asked = state(
        flow="report", step="servicio", asked=("servicio",),
        draft=Draft(type="incidente", description="no deja guardar los cambios"),
    )  # fmt: skip
    heard = meaning("consulta_general", language="en", entities=(named,))
    assert respond(asked, message(text), heard, facts()).state.language == "es"


def test_the_last_of_three_questions_is_followed_by_the_summary():
    asked = ("que", "servicio", "desde")
    before = state(
        flow="report",
        step="desde",
        asked=asked,
        draft=Draft(type="incidente", description="no abre"),
    )
    turn = respond(before, message("hace rato"), meaning("fuera_de_alcance", 0.2), facts())
    assert turn.state.step == "confirm"
    assert len(turn.state.asked) == drafts.MAX_QUESTIONS


def test_a_number_answers_the_survey_that_came_after_the_choices():
    survey = SurveyFact(id=7, ticket_number="PT-2026-000001", sent_at=NOW)
    offered = (Choice(id="ticket:PT-2026-000001", label="PT-2026-000001"),)
    waiting = state(
        flow="status", step="which", offered=offered, updated_at=NOW - timedelta(minutes=5)
    )
    turn = respond(waiting, message("1"), meaning("negar", 0.2), facts(survey=survey))
    assert turn.actions == (RecordSurveyAnswer(survey_id=7, score=1, raw="1"),)


def test_a_number_answers_the_choices_that_came_after_the_survey():
    survey = SurveyFact(id=7, ticket_number="PT-2026-000001", sent_at=NOW - timedelta(minutes=5))
    draft = Draft(type="queja", description="me colgaron dos veces")
    offered = (Choice(id="report:yes", label="Sí, registrar"),)
    waiting = state(flow="report", step="confirm", draft=draft, offered=offered)
    turn = respond(waiting, message("1"), meaning("negar", 0.2), facts(survey=survey))
    assert kinds(turn) == ["open_ticket"]


def test_without_a_model_a_button_and_a_score_still_work():
    survey = SurveyFact(id=7, ticket_number="PT-2026-000001", sent_at=NOW)
    nothing = meaning("fuera_de_alcance", 0.0)
    scored = respond(state(), message("5/5"), nothing, facts(survey=survey, understood=False))
    assert kinds(scored) == ["record_survey_answer"]
    tapped = message("Cómo va mi caso", kind=MessageKind.CHOICE, payload="menu:status")
    shown = respond(state(), tapped, nothing, facts(understood=False))
    assert [r.phrase for r in shown.replies] == ["ticket.none"]


def test_without_a_model_a_sentence_goes_to_a_person():
    turn = respond(
        state(), message("no abre"), meaning("fuera_de_alcance", 0.0), facts(understood=False)
    )
    assert any(isinstance(a, HandToAgent) for a in turn.actions)
    assert "handoff.technical" in [r.phrase for r in turn.replies]


def test_two_misunderstandings_in_a_row_lead_to_a_person():
    unsure = meaning("peticion", 0.3)
    first = respond(state(), message("el cosiánfiro, el que les dije"), unsure, facts())
    assert [r.phrase for r in first.replies] == ["smalltalk.unclear"]
    assert not first.actions
    second = respond(first.state, message("pues el coso"), unsure, facts())
    assert kinds(second) == ["hand_to_agent"]
    between = respond(first.state, message("gracias"), meaning("agradecimiento"), facts())
    assert between.state.misunderstood == 0


def test_weather_and_jokes_do_not_call_a_person_at_once():
    asked, called = state(), []
    for _ in range(3):
        turn = respond(asked, message("cuénteme un chiste"), meaning("fuera_de_alcance"), facts())
        asked = turn.state
        called.append("hand_to_agent" in kinds(turn))
    assert called == [False, False, True]


def ticket(**more):
    given = {
        "number": "PT-2026-000123", "type": "incidente", "status": "en_curso",
        "title": "No imprime", "created_at": NOW - timedelta(days=1), "updated_at": NOW,
    }  # fmt: skip
    return TicketFact(**{**given, **more})


@pytest.mark.parametrize(("similarity", "done"), [(0.79, False), (0.81, True)])
def test_only_a_like_problem_is_added_to_the_open_ticket(similarity, done):
    turn = respond(
        state(),
        message("otra vez no imprime la impresora"),
        meaning("incidente"),
        facts(tickets=(ticket(similarity=similarity),)),
    )
    assert any(isinstance(a, AddToTicket) for a in turn.actions) is done


def test_an_unproved_sender_never_reaches_a_ticket_by_telling_it_again():
    turn = respond(
        state(),
        message("otra vez no imprime la impresora"),
        meaning("incidente"),
        facts(tickets=(ticket(similarity=1.0),), verified=False),
    )
    assert not turn.actions
    assert turn.state.draft is not None


def test_a_title_is_short_and_says_something():
    long = Draft(
        type="queja", description="Buenas tardes. Cordial saludo. " + "El portal falla " * 40
    )
    title = drafts.title_of(long)
    assert title.startswith("El portal falla")
    assert len(title) <= 120
    assert drafts.title_of(Draft(type="queja", description="hola")) == "hola"


def test_praise_opens_at_once_even_at_first_contact():
    turn = respond(
        DialogueState(),
        message("Felicitaciones a todo el equipo por la migración"),
        meaning("felicitacion"),
        facts(consent="unknown"),
    )
    assert [type(a) for a in turn.actions] == [RecordConsent, OpenTicket]
    assert [r.phrase for r in turn.replies] == ["notice.first", "opened.felicitacion"]


@pytest.mark.parametrize(
    "text",
    ["a" * 100_000, "unaunauna" * 10_000, "hola " * 20_000, "no " * 30_000, "😀" * 100_000,
     "5 " + "una" * 600, "un una " * 280 + "x", "( " * 50_000, "\u202e\u200b" * 50_000],
)  # fmt: skip
def test_no_text_takes_long(text):
    survey = SurveyFact(id=7, ticket_number="PT-2026-000001", sent_at=NOW)
    before = state(
        flow="report", step="confirm", draft=Draft(type="queja", description="mal trato")
    )
    started = time.process_time()
    for given in (facts(survey=survey), facts(services=("SAP Business One", "CRM"))):
        respond(state(), message(text), meaning("incidente"), given)
        respond(before, message(text), meaning("incidente"), given)
    assert time.process_time() - started < 0.8  # four decisions; 200 ms each
