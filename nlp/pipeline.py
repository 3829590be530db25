"""The list of steps from a message to its understanding."""

import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from nlp import language, sentiment, urgency
from nlp.entities.names import Names
from nlp.entities.recognise import recognise
from nlp.features import mask
from nlp.gazetteer import Gazetteer
from nlp.intents import IntentModel, Thresholds
from nlp.linear import Heads
from nlp.manifest import Manifest, ModelDamaged, ModelMissing, read_manifest
from nlp.normalise import Clean, clean
from nlp.understanding import Entity, Understanding

__all__ = ["ModelDamaged", "ModelMissing", "Pipeline"]


@dataclass(frozen=True)
class Pipeline:
    """A loaded model. Holds no state between messages; safe to use from several threads."""

    intents: IntentModel
    names: Names
    manifest: Manifest
    known: frozenset[str]  # words that are no misspelt name

    @classmethod
    def load(cls, folder: Path) -> "Pipeline":
        """Raises :class:`ModelMissing` or :class:`ModelDamaged`; both name the command to run."""
        manifest = read_manifest(folder)
        try:
            heads = Heads.load(folder)
            names = Names.load(folder)
            thresholds = Thresholds(**manifest.thresholds)
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise ModelDamaged(folder, type(error).__name__) from error
        return cls(IntentModel(heads, thresholds), names, manifest, known_words(heads))

    def understand(
        self, text: str, *, now: datetime, gazetteer: Gazetteer | None = None
    ) -> Understanding:
        """What ``text`` means; ``now`` is aware, relative dates are resolved in America/Bogota."""
        message = clean(text)
        entities = recognise(
            message, text, self.names, now=now, known=self.known, gazetteer=gazetteer
        )
        intents = self.intents.classify(masked(message, entities))
        return Understanding(
            intent=intents[0].intent,
            confidence=intents[0].confidence,
            intents=intents,
            entities=entities,
            urgency=urgency.of(message.folded, intents, entities),
            sentiment=sentiment.of(message.folded, intents),
            language=language.detect(message.text),
        )

    @property
    def meaning_model(self) -> str | None:
        """Names what :meth:`meanings` comes from; vectors of two names cannot be compared."""
        return None

    def meanings(self, texts: Sequence[str]) -> list[list[float]] | None:
        """Embeddings (unit length) by which texts are compared; ``None`` without an encoder."""
        return None

    def understand_many(
        self, texts: Iterable[str], *, now: datetime, gazetteer: Gazetteer | None = None
    ) -> list[Understanding]:
        return [self.understand(text, now=now, gazetteer=gazetteer) for text in texts]


def known_words(heads: Heads) -> frozenset[str]:
    """The single words of the vocabulary."""
    return frozenset(
        name[2:] for name in heads.vocabulary.columns if name.startswith("w:") and "_" not in name
    )


def masked(message: Clean, entities: Iterable[Entity]) -> str:
    """Folded text with identifiers replaced; ``entities`` have spans of the original."""
    if message.offsets is None:
        return mask(message.folded, entities)
    back = {position: i for i, position in enumerate(message.offsets)}
    return mask(
        message.folded,
        (
            e.model_copy(update={"start": back[e.start], "end": back[e.end - 1] + 1})
            for e in entities
        ),
    )
