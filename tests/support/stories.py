"""Scripted conversations, as data in ``tests/stories/*.toml``.

A file holds ``[[story]]`` tables. A story has a ``title``, optionally a ``[story.world]`` that says
how things stand before it, and ``[[story.step]]`` tables in order. A step is one of

- ``says = "…"``: the client writes (``kind``, ``file`` and ``edit`` make it something else),
- ``taps = "Sí, registrar"``: the client taps a button or a row of a list, by its label,
- ``sends = "voice"``: a message without words, of a kind of ``MessageKind``,
- ``event = "agent_resolves"``: something else happens (see ``Event``), with ``text`` where it fits,

after the pause ``after`` ("10m", "26h", "2d"), and may state in ``expects`` what can be observed
from outside. ``intent``, ``entities`` and the like tell a runner without a model how the message is
to be understood; a runner with the model ignores them.
"""

import re
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.dialogue.model import Consent, TicketStatus, TicketType
from bot.messages import MessageKind
from nlp.understanding import Language, Urgency

FOLDER = Path(__file__).parents[1] / "stories"

Event = Literal[
    "agent_claims",
    "agent_says",
    "agent_releases",
    "agent_starts",  # the newest ticket is taken up
    "agent_asks",  # the newest open ticket waits for the client
    "agent_resolves",  # the newest open ticket; the survey follows at once
    "nothing",  # only time passes
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class KnownTicket(_Strict):
    """A ticket that exists before the story. ``age`` is a pause like ``Step.after``."""

    number: str
    type: TicketType = "incidente"
    status: TicketStatus = "en_curso"
    title: str
    age: str = "1d"
    news: str | None = None
    mine: bool = True


class World(_Strict):
    """How things stand at the start. Monday 23 November 2026, 10:00 in Bogota, unless said."""

    now: datetime = datetime(2026, 11, 23, 15, tzinfo=UTC)
    name: str | None = None
    consent: Consent = "unknown"
    verified: bool = True
    services: tuple[str, ...] = ()
    tickets: tuple[KnownTicket, ...] = ()
    model: bool = True  # False: no language model is there


class TicketExpected(_Strict):
    """About the newest ticket, or the one of ``number``."""

    number: str | None = None
    type: TicketType | None = None
    status: TicketStatus | None = None
    urgency: Urgency | None = None
    escalated: bool | None = None
    title: str | None = None  # a part of it
    holds: tuple[str, ...] = ()  # parts of its description, slots or later additions


class SurveyExpected(_Strict):
    score: int | None = None
    comment: str | None = None  # a part of it
    finished: bool | None = None


class Expected(_Strict):
    """What must hold right after the step; what is not named is not looked at."""

    reply: tuple[str, ...] = ()  # parts of what was said, case as written
    not_reply: tuple[str, ...] = ()
    phrase: tuple[str, ...] = ()  # phrase keys among the replies; for runners that see them
    choices: tuple[str, ...] = ()  # labels among those offered last
    silent: bool = False
    tickets: int | None = None  # that this client has, known ones included
    ticket: TicketExpected | None = None
    consent: Consent | None = None
    owner: Literal["bot", "queue", "agent"] | None = None
    urgent: bool | None = None  # in the queue as urgent
    survey: SurveyExpected | None = None
    language: Language | None = None
    opted_out: bool | None = None


class Step(_Strict):
    says: str | None = None
    taps: str | None = None
    sends: MessageKind | None = None
    event: Event | None = None
    text: str = ""  # of an event
    file: str | None = None  # name of an attachment
    edit: bool = False
    automatic: bool = False
    after: str = "1m"

    intent: str | None = None
    confidence: float = 0.9
    also: tuple[str, ...] = ()  # further intents of the same message
    entities: dict[str, str] = Field(default_factory=dict)  # type → text as it stands in ``says``
    urgency: Urgency = "media"
    heard: Language | None = None  # the language of the text; the story's by default
    similarity: float | None = None  # to the newest ticket, where the words do not show it

    expects: Expected = Expected()


class Story(_Strict):
    title: str
    language: Language = "es"
    world: World = World()
    step: tuple[Step, ...]
    file: str = ""


def load(folder: Path = FOLDER) -> list[Story]:
    """All stories, in the order of the files."""
    stories = []
    for path in sorted(folder.glob("*.toml")):
        tables: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        stories += [Story.model_validate({**s, "file": path.stem}) for s in tables["story"]]
    return stories


def pause(text: str) -> timedelta:
    """ "10m", "26h", "2d"."""
    found = re.fullmatch(r"(\d+)([smhd])", text)
    if found is None:
        raise ValueError(f"not a pause: {text!r}")
    unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[found[2]]
    return timedelta(**{unit: int(found[1])})
