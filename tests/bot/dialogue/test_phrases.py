"""The phrases as data: complete, polite, and never confused by what a client wrote."""

import re
import string
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dialogue.draft import QUESTIONS
from bot.dialogue.flows import MENU, smalltalk, survey
from bot.dialogue.model import Say
from bot.dialogue.phrases import LANGUAGES, catalogue, choice, local_date, local_moment, render

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def placeholders(text):
    return set(_PLACEHOLDER.findall(text))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_keys_and_placeholders(language):
    spanish, other = catalogue("es"), catalogue(language)
    assert other.keys() == spanish.keys()
    differing = {k for k in spanish if placeholders(spanish[k]) != placeholders(other[k])}
    assert not differing


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_phrase_is_empty_or_long(language):
    for key, text in catalogue(language).items():
        assert text, key
        assert len(text) <= (1000 if key == "notice.first" else 450), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_fit_a_button_and_ids_fit_a_callback(language):
    for key, text in catalogue(language).items():
        table, _, choice_id = key.partition(".")
        if table == "choice":
            assert len(text) <= 20, key
            assert len(choice_id.encode()) <= 64


def test_spanish_says_usted():
    familiar = re.compile(
        r"\b(?:tú|tu|tus|te|ti|contigo|tuyo|vos|vosotros|os|escríbeme|cuéntame|cuéntanos|dime|dinos|"
        r"puedes|quieres|tienes|necesitas|prefieres|escoge|mira)\b",
        re.IGNORECASE,
    )
    for key, text in catalogue("es").items():
        found = familiar.search(text)
        assert found is None, (key, found)


def test_every_question_and_offered_choice_has_its_phrase():
    spanish = catalogue("es")
    for kind, questions in QUESTIONS.items():
        assert f"type.{kind}" in spanish
        assert all(f"report.ask_{q}" in spanish for q in questions)
    for choice_id in (*MENU, *smalltalk.MENU, *survey.CHOICES):
        assert f"choice.{choice_id}" in spanish


def test_the_scale_is_in_order_so_that_a_position_is_a_score():
    assert [int(c[-1]) for c in survey.CHOICES] == [1, 2, 3, 4, 5]


def test_a_choice_is_labelled_in_the_language():
    assert [choice("report:yes", la).label for la in LANGUAGES] == [
        "Sí, registrar",
        "Yes, register it",
        "Sim, registrar",
    ]


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200)
    | st.sampled_from(["{ticket}", "{{7*7}}", "%s", "{0.__class__}", "\\1"])
)
def test_what_a_client_wrote_stays_text(text):
    say = Say(phrase="report.summary", params={"type": "queja", "description": text, "details": ""})
    assert text in render(say, "es", {"ticket": "PT-2026-000001", "due": "mañana"}).text


def test_the_number_given_when_applied_is_filled_in():
    said = render(
        Say(phrase="opened.normal_due"), "es", {"ticket": "PT-2026-000007", "due": "lunes 30"}
    )
    assert "PT-2026-000007" in said.text
    assert "a más tardar el lunes 30" in said.text


def test_a_missing_parameter_is_an_error_and_never_a_gap():
    with pytest.raises(KeyError):
        render(Say(phrase="opened.normal"), "es")


def test_what_may_open_a_conversation_names_its_template():
    notice = Say(phrase="status.closed", params={"number": "PT-2026-000007"})
    assert render(notice, "es").template == "status"
    assert render(survey.question("es", "PT-2026-000007"), "es").template == "survey"
    assert render(Say(phrase="smalltalk.menu"), "es").template is None


def test_braces_are_only_placeholders():
    for language in LANGUAGES:
        for key, text in catalogue(language).items():
            rest = _PLACEHOLDER.sub("", text)
            assert not set(rest) & set("{}"), key
            assert all(c in string.printable or ord(c) > 127 for c in rest)


NOON = datetime(2026, 11, 23, 17, tzinfo=UTC)  # Monday 12:00 in Bogota


@pytest.mark.parametrize(
    ("moment", "language", "said"),
    [
        (datetime(2026, 11, 23, 19, tzinfo=UTC), "es", "hoy a las 2:00 p. m."),
        (datetime(2026, 11, 24, 12, tzinfo=UTC), "es", "mañana a las 7:00 a. m."),
        (datetime(2026, 11, 30, 12, tzinfo=UTC), "es", "el lunes 30 de noviembre a las 7:00 a. m."),
        (datetime(2026, 11, 24, 12, tzinfo=UTC), "en", "tomorrow at 7:00 AM"),
        (datetime(2026, 11, 24, 3, tzinfo=UTC), "en", "today at 10:00 PM"),
        (datetime(2026, 11, 24, 12, tzinfo=UTC), "pt", "amanhã às 07:00"),
    ],
)
def test_moments_are_local_to_bogota(moment, language, said):
    assert local_moment(moment, NOON, language) == said


def test_days_are_local_to_bogota():
    late = datetime(2026, 12, 1, 3, tzinfo=UTC)  # still 30 November there
    assert local_date(late, "es") == "lunes 30 de noviembre"
    assert local_date(late, "en") == "Monday, November 30"
