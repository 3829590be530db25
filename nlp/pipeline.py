"""The list of steps from a message to its understanding."""

import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import numpy as np

from nlp import language, tagging, tone
from nlp.encoder import Encoded, Encoder, EncoderUnavailable, open_encoder
from nlp.entities.found import TAGGED, Found
from nlp.entities.names import Names
from nlp.entities.recognise import recognise
from nlp.features import mask
from nlp.gazetteer import Gazetteer
from nlp.intents import Dense, IntentModel, Thresholds
from nlp.linear import Heads, Vector
from nlp.manifest import Manifest, ModelDamaged, ModelMissing, read_manifest
from nlp.normalise import Clean, clean
from nlp.stacking import Weights
from nlp.understanding import Entity, Understanding

__all__ = ["ModelDamaged", "ModelMissing", "Pipeline"]

DENSE = "dense.npz"
# The rules know the other types better (measured on development writers), and of names only those
# that the tagger is sure of.
_TAGGED = frozenset({"servicio", "empresa", "persona", "ciudad"})
_SURE = 0.9


@dataclass(frozen=True)
class Pipeline:
    """A loaded model. Holds no state between messages; safe to use from several threads."""

    intents: IntentModel
    names: Names
    encoder: Encoder | None
    centre: Vector | None  # the mean meaning of the training messages
    manifest: Manifest
    known: frozenset[str]  # words that are no misspelt name

    @classmethod
    def load(cls, folder: Path) -> "Pipeline":
        """Raises :class:`ModelMissing` or :class:`ModelDamaged`; both name the command to run."""
        manifest = read_manifest(folder)
        try:
            heads = Heads.load(folder)
            names = Names.load(folder)
            encoder = open_encoder(manifest.encoder_setting)
            dense, centre = _load_dense(folder) if encoder is not None else (None, None)
            intents = IntentModel(
                heads,
                dense,
                Weights(**cast("dict[str, Any]", manifest.weights)),
                Thresholds(**manifest.thresholds),
            )
        except EncoderUnavailable as error:
            raise ModelDamaged(folder, str(error)) from error
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise ModelDamaged(folder, type(error).__name__) from error
        if (encoder.name if encoder else None) != manifest.encoder:
            raise ModelDamaged(folder, "it was trained with another encoder")
        return cls(intents, names, encoder, centre, manifest, known_words(heads))

    def understand(
        self, text: str, *, now: datetime, gazetteer: Gazetteer | None = None
    ) -> Understanding:
        """What ``text`` means; ``now`` is aware, relative dates are resolved in America/Bogota."""
        message = clean(text)
        encoded = self.encoder.encode([message.text]) if self.encoder else None
        entities = recognise(
            message,
            text,
            self.names,
            now=now,
            known=self.known,
            gazetteer=gazetteer,
            tagged=tagged(encoded),
        )
        intents = self.intents.classify(masked(message, entities), encoded)
        return Understanding(
            intent=intents[0].intent,
            confidence=intents[0].confidence,
            intents=intents,
            entities=entities,
            urgency=tone.urgency(message.folded, intents, entities, encoded),
            sentiment=tone.sentiment(message.folded, intents, encoded),
            language=language.detect(message.text),
            meaning=None if encoded is None else tuple(self._centred(encoded)[0].tolist()),
        )

    @property
    def meaning_model(self) -> str | None:
        """Names what :meth:`meanings` comes from; vectors of two names cannot be compared."""
        return f"{self.encoder.name}/{self.manifest.data_hash[:8]}" if self.encoder else None

    def _centred(self, encoded: Encoded) -> Vector:
        """Without what all our messages have in common: unrelated ones then have a cosine of 0.

        As the encoder gives them, any two lie above 0.85.
        """
        own = encoded.meaning if self.centre is None else encoded.meaning - self.centre
        lengths = np.linalg.norm(own, axis=1, keepdims=True)
        centred: Vector = (own / np.maximum(lengths, 1e-6)).astype(np.float32)
        return centred

    def meanings(self, texts: Sequence[str]) -> list[list[float]] | None:
        """Embeddings (unit length) by which texts are compared; ``None`` without an encoder."""
        if self.encoder is None:
            return None
        encoded = self.encoder.encode([clean(text).text for text in texts])
        meanings: list[list[float]] = self._centred(encoded).tolist()
        return meanings

    def understand_many(
        self, texts: Iterable[str], *, now: datetime, gazetteer: Gazetteer | None = None
    ) -> list[Understanding]:
        return [self.understand(text, now=now, gazetteer=gazetteer) for text in texts]


def _load_dense(folder: Path) -> tuple[Dense, Vector]:
    with np.load(folder / DENSE, allow_pickle=False) as arrays:
        weights, bias, centre = (
            arrays[name].astype(np.float32) for name in ("weights", "bias", "centre")
        )
        return Dense(weights, bias), centre


def tagged(encoded: Encoded | None) -> list[Found]:
    """Names that the encoder marked in the one message."""
    if encoded is None or encoded.tags is None:
        return []
    return [
        Found(span.type, span.start, span.end, None, round(span.confidence, 3), TAGGED)
        for span in tagging.find(encoded.tags[0])
        if span.type in _TAGGED and span.confidence >= _SURE
    ]


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
