"""What a step of the dialogue reads, and how it states its decision."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from bot.dialogue import phrases
from bot.dialogue.model import (
    Action,
    DialogueState,
    Draft,
    Facts,
    Say,
    TicketFact,
    Turn,
)
from bot.messages import Choice, InboundMessage
from nlp.understanding import Entity, Language, Understanding

CONFIDENT = 0.45
"""Below this the intent counts as not understood."""

SURE = 0.6
"""From here on an intent may interrupt what the bot is waiting for."""

STALE = timedelta(hours=24)
"""After this pause an unfinished question is not asked again."""

_NEAR = 40  # characters before an entity in which a "no" denies it
_NEGATED = re.compile(
    r"\b(?:no|not|não|nao)\s+(?:(?:es|son|era|eran|está|esta|en|el|la|los|las|de|con|por|para|"
    r"is|in|on|the|é|em|no|na)\s+)*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Context:
    """One message in its circumstances. ``choice`` is the id of the offered answer it names."""

    state: DialogueState
    message: InboundMessage
    understanding: Understanding
    facts: Facts
    choice: str | None = None

    @property
    def text(self) -> str:
        return self.message.text.strip()

    @property
    def words(self) -> int:
        return len(self.text.split())

    @property
    def language(self) -> Language:
        return self.state.language

    @property
    def first_contact(self) -> bool:
        return self.facts.consent == "unknown"

    @property
    def tickets(self) -> tuple[TicketFact, ...]:
        """The contact's tickets, none where the sender has not proved who they are."""
        return self.facts.tickets if self.facts.verified else ()

    def means(self, *intents: str, at_least: float = CONFIDENT) -> bool:
        """Whether the main intent is one of these."""
        found = self.understanding
        return self.facts.understood and found.intent in intents and found.confidence >= at_least

    @property
    def entities(self) -> tuple[Entity, ...]:
        """The entities that the text asserts: "es en QA, no en producción" asserts QA."""
        found = self.understanding.entities
        asserted = tuple(e for e in found if not _NEGATED.search(self._before(e)))
        return asserted or found

    def _before(self, entity: Entity) -> str:
        return self.message.text[max(0, entity.start - _NEAR) : entity.start]

    def entity(self, entity_type: str) -> Entity | None:
        return next((e for e in self.entities if e.type == entity_type), None)

    def offer(self, *choice_ids: str) -> tuple[Choice, ...]:
        return tuple(phrases.choice(i, self.language) for i in choice_ids)

    def say(self, key: str, *choices: str | Choice, **params: str) -> Say:
        """A reply; a choice is given by its id, or ready-made where its label is no phrase."""
        labelled = tuple(
            phrases.choice(c, self.language) if isinstance(c, str) else c for c in choices
        )
        return Say(phrase=key, params=params, choices=labelled)

    def phrase(self, key: str, **params: str) -> str:
        return phrases.phrase(key, self.language, params)

    def turn(
        self,
        *replies: Say,
        actions: tuple[Action, ...] = (),
        flow: str | None = None,
        step: str | None = None,
        draft: Draft | None = None,
        memory: dict[str, Any] | None = None,
        asked: tuple[str, ...] = (),
        misunderstood: int = 0,
    ) -> Turn:
        """The decision. What is not named is forgotten, so nothing of an old flow lingers."""
        state = DialogueState(
            flow=flow,
            step=step,
            draft=draft,
            memory=memory or {},
            asked=asked,
            offered=offered(replies),
            misunderstood=misunderstood,
            greeted=self.state.greeted,
            language=self.language,
            updated_at=self.state.updated_at,
        )
        return Turn(state=state, replies=replies, actions=actions)

    def waiting_as_before(self, turn: Turn, question: Say) -> Turn:
        """Answer a digression with ``turn``, then ask the pending question again."""
        aside = tuple(r.model_copy(update={"choices": ()}) for r in turn.replies)
        return self.turn(
            *aside,
            question,
            actions=turn.actions,
            flow=self.state.flow,
            step=self.state.step,
            draft=self.state.draft,
            memory=self.state.memory,
            asked=self.state.asked,
        )

    def with_state(self, **changes: object) -> "Context":
        return replace(self, state=self.state.model_copy(update=changes))


def offered(replies: tuple[Say, ...]) -> tuple[Choice, ...]:
    """The choices that a client sees last, the ones that "2" answers."""
    return next((r.choices for r in reversed(replies) if r.choices), ())


Step = Callable[[Context], Turn | None]
"""Decides, or leaves the message to the next step with ``None``."""

Handler = Callable[[Context], Turn]
"""Always decides."""
