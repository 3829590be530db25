"""Urgency and sentiment: what is said outright by the rules, the rest by the encoder."""

from collections.abc import Sequence

from nlp import sentiment as sentiment_rules
from nlp import urgency as urgency_rules
from nlp.encoder import Encoded
from nlp.understanding import Entity, IntentScore, Sentiment, Urgency

URGENCIES: tuple[Urgency, ...] = ("baja", "media", "alta", "critica")
SENTIMENTS: tuple[Sentiment, ...] = ("negativo", "neutral", "positivo")


def urgency(
    folded: str,
    intents: Sequence[IntentScore],
    entities: Sequence[Entity],
    encoded: Encoded | None,
) -> Urgency:
    """baja, media, alta or critica."""
    ruled = urgency_rules.of(folded, intents, entities)
    if encoded is None or "urgency" not in encoded.heads:
        return ruled
    learned = URGENCIES[int(encoded.heads["urgency"][0].argmax())]
    # "sin afán" and "producción caída" are said outright; nobody weighs words against them
    if urgency_rules.says_low(folded):
        return "baja"
    return ruled if ruled == "critica" else learned


def sentiment(folded: str, intents: Sequence[IntentScore], encoded: Encoded | None) -> Sentiment:
    """negativo, neutral or positivo."""
    if encoded is None or "sentiment" not in encoded.heads:
        return sentiment_rules.of(folded, intents)
    return SENTIMENTS[int(encoded.heads["sentiment"][0].argmax())]
