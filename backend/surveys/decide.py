"""Whether a due survey is sent: guard clauses in order, and each "no" has its reason. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

_LOOK_AGAIN = timedelta(minutes=15)
_FINISHED = ("resuelto", "cerrado")
_NOTHING_WAS_SOLVED = ("felicitacion",)  # thanking for a survey about one's thanks is noise


@dataclass(frozen=True, slots=True)
class SurveyFacts:
    """What is true at the moment of sending. Times are aware UTC."""

    now: datetime
    planned_for: datetime
    give_up_after: timedelta  # from ``planned_for``: an old resolution is not asked about
    next_contact_time: datetime  # ``now`` within contact hours
    survey_cycle: int
    ticket_cycle: int
    ticket_status: str
    ticket_type: str
    merged: bool
    consent: str
    opted_out: bool
    reachable: bool  # the channel is configured and the address is known
    asked_at: datetime | None  # when this person was last asked about another resolution
    cooldown: timedelta
    other_unanswered: bool  # another survey of this person still waits for its answer
    with_person: bool  # somebody else than the resolving agent talks, or the client waits for one


@dataclass(frozen=True, slots=True)
class Send:
    """Ask now."""


@dataclass(frozen=True, slots=True)
class Later:
    """Look again at ``at``."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Never:
    """Do not ask about this resolution."""

    reason: str


def decide(facts: SurveyFacts) -> Send | Later | Never:
    """What happens to a planned survey that is due.

    What is final comes first: nothing is postponed that would be refused in the end.
    """
    if never := _never(facts):
        return Never(never)
    if facts.now - facts.planned_for > facts.give_up_after:
        return Never("pasó demasiado tiempo desde la solución")
    if facts.with_person:
        return Later(facts.now + _LOOK_AGAIN, "el cliente está en conversación con una persona")
    if facts.next_contact_time > facts.now:
        return Later(facts.next_contact_time, "fuera del horario de contacto (Ley 2300 de 2023)")
    return Send()


def _never(facts: SurveyFacts) -> str | None:
    cooling_until = facts.asked_at + facts.cooldown if facts.asked_at else facts.now
    guards = (
        (facts.survey_cycle != facts.ticket_cycle, "el caso se reabrió"),
        (facts.ticket_status not in _FINISHED, "el caso ya no está resuelto"),
        (facts.merged, "el caso se unió a otro"),
        (facts.ticket_type in _NOTHING_WAS_SOLVED, "una felicitación no se encuesta"),
        (facts.consent == "refused", "el cliente no autorizó el tratamiento de sus datos"),
        (facts.opted_out, "el cliente pidió no recibir mensajes"),
        (not facts.reachable, "no hay canal o dirección para preguntar"),
        (facts.other_unanswered, "otra encuesta del cliente espera respuesta"),
        (cooling_until > facts.now, "al cliente se le preguntó hace poco"),
    )
    return next((reason for applies, reason in guards if applies), None)
