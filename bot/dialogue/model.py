"""The values that go into and come out of a decision.

``respond(state, message, understanding, facts) -> Turn`` reads nothing else and changes nothing:
``backend/turns.py`` loads the facts, calls it, and applies the Turn in one transaction.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.messages import Choice
from nlp.understanding import Language

TicketType = Literal[
    "peticion",
    "queja",
    "reclamo",
    "sugerencia",
    "felicitacion",
    "denuncia",
    "habeas_data",
    "incidente",
]
TicketStatus = Literal["nuevo", "en_curso", "en_espera_del_cliente", "resuelto", "cerrado"]
Consent = Literal["unknown", "noticed", "granted", "refused"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Draft(_Value):
    """A ticket in the making, at most one a conversation. Slots are as the client wrote them."""

    type: TicketType
    description: str
    slots: dict[str, Any] = Field(default_factory=dict)  # servicio, desde, afectados, …
    urgency: str = "media"


class DialogueState(_Value):
    """What the bot remembers of a conversation between two messages."""

    version: int = 1
    flow: str | None = None  # name of the flow that waits for an answer
    step: str | None = None  # what it waits for
    draft: Draft | None = None
    memory: dict[str, Any] = Field(default_factory=dict)  # small values of the current flow
    asked: tuple[str, ...] = ()  # questions asked about the current draft
    offered: tuple[Choice, ...] = ()  # choices shown last: "2" or a label answers them
    misunderstood: int = 0  # in a row
    greeted: bool = False
    language: Language = "es"
    updated_at: datetime | None = None


# --- facts ---------------------------------------------------------------------------------


class TicketFact(_Value):
    """A ticket of this very contact. ``similarity`` 0–1 of the message to the ticket's text."""

    number: str
    type: TicketType
    status: TicketStatus
    title: str
    created_at: datetime
    updated_at: datetime
    due_at: datetime | None = None
    last_news: str | None = None  # latest public note, in the client's words to read
    similarity: float = 0.0


class SurveyFact(_Value):
    """The survey question this contact was asked and has not answered yet."""

    id: int
    ticket_number: str
    sent_at: datetime
    awaiting: Literal["score", "comment"] = "score"
    score: int | None = None  # once given, while the comment is awaited


class Facts(_Value):
    """Everything about the world that a decision may depend on."""

    now: datetime  # aware UTC
    channel: str
    contact_name: str | None = None
    consent: Consent = "unknown"
    verified: bool = True  # False: show nothing of earlier tickets to this sender
    open_now: bool = True  # agents are at work
    next_opening: datetime | None = None  # aware, when ``open_now`` is false
    tickets: tuple[TicketFact, ...] = ()  # own, newest first, closed ones of the last 90 days too
    survey: SurveyFact | None = None
    services: tuple[str, ...] = ()  # names known for the contact's account
    waiting_for_agent: bool = False  # already in the queue for a person
    understood: bool = True  # False: the model is missing or failed; hand to a person
    due_by_type: dict[str, datetime] = Field(default_factory=dict)  # answer due, were it filed now


# --- turn ----------------------------------------------------------------------------------


class Say(_Value):
    """A reply by phrase key; rendered when applied, so that it can name a number given there.

    ``params`` fill the phrase; user text in them is never interpreted. The applier adds
    ``ticket`` (number) and ``due`` (local date) of the ticket opened in the same turn.
    """

    phrase: str
    params: dict[str, str] = Field(default_factory=dict)
    choices: tuple[Choice, ...] = ()


class OpenTicket(_Value):
    do: Literal["open_ticket"] = "open_ticket"
    draft: Draft
    title: str  # ≤ 120 characters


class AddToTicket(_Value):
    do: Literal["add_to_ticket"] = "add_to_ticket"
    number: str
    text: str


class ReopenTicket(_Value):
    do: Literal["reopen_ticket"] = "reopen_ticket"
    number: str
    reason: str


class CloseTicket(_Value):
    do: Literal["close_ticket"] = "close_ticket"
    number: str
    reason: str


class EscalateTicket(_Value):
    do: Literal["escalate_ticket"] = "escalate_ticket"
    number: str
    reason: str


class HandToAgent(_Value):
    """Put the conversation in the agents' queue; the bot goes on until one claims it."""

    do: Literal["hand_to_agent"] = "hand_to_agent"
    reason: str
    urgent: bool = False


class RecordConsent(_Value):
    """Proof of the notice or the decision; ``text_version`` names the notice shown."""

    do: Literal["record_consent"] = "record_consent"
    consent: Consent
    text_version: str
    how: Literal["notice_shown", "button", "words", "continued"]


class RecordSurveyAnswer(_Value):
    do: Literal["record_survey_answer"] = "record_survey_answer"
    survey_id: int
    score: int | None = None  # 1–5
    comment: str | None = None
    raw: str = ""
    finished: bool = False  # nothing more is awaited


class OptOut(_Value):
    """No more messages that the client did not ask for."""

    do: Literal["opt_out"] = "opt_out"


class SetLanguage(_Value):
    do: Literal["set_language"] = "set_language"
    language: Language


Action = Annotated[
    OpenTicket
    | AddToTicket
    | ReopenTicket
    | CloseTicket
    | EscalateTicket
    | HandToAgent
    | RecordConsent
    | RecordSurveyAnswer
    | OptOut
    | SetLanguage,
    Field(discriminator="do"),
]


class Turn(_Value):
    """The decision: the new state, what to say, what to do. ``replies`` may be empty."""

    state: DialogueState
    replies: tuple[Say, ...] = ()
    actions: tuple[Action, ...] = ()
