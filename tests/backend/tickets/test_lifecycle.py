import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.tickets.lifecycle import OPEN, PRIORITIES, after, allowed, escalated, replay

TABLE = {
    # status: start, wait, resolve, close, reopen
    "nuevo": ("en_curso", "en_espera_del_cliente", "resuelto", "cerrado", None),
    "en_curso": (None, "en_espera_del_cliente", "resuelto", "cerrado", None),
    "en_espera_del_cliente": ("en_curso", None, "resuelto", "cerrado", None),
    "resuelto": (None, None, None, "cerrado", "nuevo"),
    "cerrado": (None, None, None, None, "nuevo"),
}
COMMANDS = ("start", "wait", "resolve", "close", "reopen")


@pytest.mark.parametrize("status", TABLE)
@pytest.mark.parametrize("command", COMMANDS)
def test_every_transition(status, command):
    expected = TABLE[status][COMMANDS.index(command)]
    assert after(status, command, assigned=False) == expected
    assert (command in allowed(status)) == (expected is not None)


@pytest.mark.parametrize("status", ["resuelto", "cerrado"])
def test_a_reopened_ticket_goes_back_to_its_agent(status):
    assert after(status, "reopen", assigned=True) == "en_curso"


@pytest.mark.parametrize(
    ("before", "then"),
    [("baja", "alta"), ("media", "alta"), ("alta", "critica"), ("critica", "critica")],
)
def test_escalating_raises_to_alta_at_least(before, then):
    assert escalated(before) == then
    assert then in PRIORITIES


@given(st.lists(st.sampled_from(COMMANDS), max_size=30))
def test_the_events_alone_give_the_state(commands):
    status, cycle, events = "nuevo", 1, [("opened", {"status": "nuevo"})]
    for command in commands:
        then = after(status, command, assigned=False)
        if then is None:
            continue
        cycle += command == "reopen"
        status = then
        events.append(("reopened" if command == "reopen" else "status", {"status": then}))
    derived = replay(events)
    assert (derived.status, derived.cycle, derived.version) == (status, cycle, len(events))
    assert (status in OPEN) == (status not in ("resuelto", "cerrado"))
