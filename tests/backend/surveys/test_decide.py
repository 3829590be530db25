from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.desk import TUESDAY

from backend.surveys.decide import Later, Never, Send, SurveyFacts, decide

FINE = SurveyFacts(
    now=TUESDAY,
    planned_for=TUESDAY,
    give_up_after=timedelta(days=3),
    next_contact_time=TUESDAY,
    survey_cycle=2,
    ticket_cycle=2,
    ticket_status="resuelto",
    ticket_type="incidente",
    merged=False,
    consent="granted",
    opted_out=False,
    reachable=True,
    asked_at=None,
    cooldown=timedelta(0),
    other_unanswered=False,
    with_person=False,
)
SOON = TUESDAY + timedelta(hours=9)

NO = {
    "superseded": {"survey_cycle": 1},
    "not resolved": {"ticket_status": "en_curso"},
    "merged": {"merged": True},
    "praise": {"ticket_type": "felicitacion"},
    "refused": {"consent": "refused"},
    "opted out": {"opted_out": True},
    "unreachable": {"reachable": False},
    "another waits": {"other_unanswered": True},
    "cooling": {"asked_at": TUESDAY - timedelta(days=6), "cooldown": timedelta(days=7)},
    "too old": {"planned_for": TUESDAY - timedelta(days=3, seconds=1)},
}
WAIT = {"a person talks": {"with_person": True}, "at night": {"next_contact_time": SOON}}


def test_nothing_against_it():
    assert decide(FINE) == Send()
    assert decide(replace(FINE, ticket_status="cerrado")) == Send()
    week_ago = replace(FINE, asked_at=TUESDAY - timedelta(days=7), cooldown=timedelta(days=7))
    assert decide(week_ago) == Send()


@pytest.mark.parametrize("name", NO)
def test_each_no_has_a_reason_of_its_own(name):
    decision = decide(replace(FINE, **NO[name]))
    assert isinstance(decision, Never)
    others = {decide(replace(FINE, **NO[other])).reason for other in NO if other != name}
    assert decision.reason not in others


def test_outside_contact_hours_it_waits_for_them():
    assert decide(replace(FINE, next_contact_time=SOON)).at == SOON


def test_while_a_person_talks_it_waits_a_little():
    later = decide(replace(FINE, with_person=True))
    assert isinstance(later, Later)
    assert TUESDAY < later.at < TUESDAY + timedelta(hours=1)


@given(st.sets(st.sampled_from(sorted(NO)), min_size=1), st.sets(st.sampled_from(sorted(WAIT))))
def test_nothing_is_postponed_that_would_be_refused(no, wait):
    changes = {}
    for name in no:
        changes |= NO[name]
    for name in wait:
        changes |= WAIT[name]
    assert isinstance(decide(replace(FINE, **changes)), Never)
