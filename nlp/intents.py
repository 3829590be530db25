"""Which intents a message carries: several opinions weighed, then the rules that do better."""

import re
from dataclasses import dataclass

import numpy as np

from nlp import handoff
from nlp.encoder import Encoded
from nlp.features import extract
from nlp.linear import Heads, Vector
from nlp.stacking import Opinion, Weights, combined, log_softmax
from nlp.understanding import INTENTS, IntentScore

OUT_OF_SCOPE = INTENTS.index("fuera_de_alcance")
HUMAN = INTENTS.index("hablar_humano")
HELLO = INTENTS.index("saludo")
_SIZE = len(INTENTS)
_SHORT = 12  # words
_WORDS_TEMPERATURE = 0.3  # of margins, so that they resemble log-probabilities

_GREETING = re.compile(
    r"^\W*(?:(?:hola+|holi|(?:muy )?buen[oa]s? (?:dias?|tardes?|noches?)|buenas|saludos"
    r"|cordial saludo|quiubo|hello|hi|hey|good (?:morning|afternoon|evening)|ola|oi"
    r"|bom dia|boa (?:tarde|noite))\b[\s,.;:!?]*)+"
)

# Words of courtesy: they count only where nothing else was said.
COURTESY = frozenset({"saludo", "despedida", "agradecimiento"})


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Tuned while training on writers that no model has seen, kept in the manifest."""

    out_of_scope: float = 0.25  # below this the best in-scope intent is not believed
    also: float = 0.5  # a further intent is reported from this probability on


@dataclass(frozen=True)
class Dense:
    """A linear head on the encoder's embedding: (width, 2 × intents) and a bias."""

    weights: Vector
    bias: Vector

    def scores(self, pooled: Vector) -> Vector:
        found: Vector = pooled @ self.weights + self.bias
        return found


@dataclass(frozen=True)
class IntentModel:
    """Opinions: of the words and characters, of a head on the embedding, of the encoder itself."""

    heads: Heads
    dense: Dense | None
    weights: Weights
    thresholds: Thresholds

    def opinions(self, masked: str, encoded: Encoded | None) -> list[Opinion]:
        """One after the other as the weights have them.

        ``masked`` is folded text whose identifiers are replaced (``features.mask``), ``encoded``
        the one message.
        """
        found = [of_words(self.heads, masked)]
        if encoded is not None and self.dense is not None:
            found.append(of_scores(self.dense.scores(encoded.pooled[0])))
            if encoded.heads:
                own = encoded.heads
                found.append(Opinion(log_softmax(own["main"][0]), own["present"][0]))
        return found

    def classify(self, masked: str, encoded: Encoded | None) -> tuple[IntentScore, ...]:
        """Every intent of the message, the main one first; never empty."""
        if not any(map(str.isalnum, masked)):
            return _of_marks(masked)
        main, presence = combined(self.opinions(masked, encoded), self.weights)
        if handoff.is_refused_or_told(masked):
            main, presence = _without(HUMAN, main, presence)
        elif handoff.is_requested(masked):
            presence[HUMAN] = max(presence[HUMAN], 0.9)
            if len(masked.split()) <= _SHORT:  # little else can be meant
                main = (main + np.eye(_SIZE, dtype=np.float32)[HUMAN]) / 2
        return decide(main, presence, self.thresholds)


def of_words(heads: Heads, masked: str) -> Opinion:
    """A greeting around a request is no intent of its own."""
    scores = heads.scores(extract(masked))
    rest = _GREETING.sub("", masked, count=1)
    if int(np.argmax(scores[:_SIZE])) == HELLO and len(rest.split()) > 1 and rest != masked:
        scores = heads.scores(extract(rest))
    return of_scores(scores, temperature=_WORDS_TEMPERATURE)


def of_scores(scores: Vector, *, temperature: float = 1.0) -> Opinion:
    """Two groups of scores in one vector: the main intent's, and each one's presence."""
    return Opinion(log_softmax(scores[..., :_SIZE] / temperature), scores[..., _SIZE:])


def decide(main: Vector, presence: Vector, thresholds: Thresholds) -> tuple[IntentScore, ...]:
    """From probabilities to the intents that are reported."""
    best = int(np.argmax(main))
    if best != OUT_OF_SCOPE and main[best] < thresholds.out_of_scope:
        return (
            IntentScore(intent=INTENTS[OUT_OF_SCOPE], confidence=float(min(0.5, 1 - main[best]))),
        )
    chosen = [IntentScore(intent=INTENTS[best], confidence=float(main[best]))]
    if INTENTS[best] not in COURTESY and best != OUT_OF_SCOPE:
        chosen += sorted(
            (
                IntentScore(intent=INTENTS[i], confidence=float(presence[i]))
                for i in range(_SIZE)
                if i not in {best, OUT_OF_SCOPE}
                and presence[i] >= thresholds.also
                and INTENTS[i] not in COURTESY
            ),
            key=lambda score: -score.confidence,
        )
    return tuple(chosen)


def _without(index: int, main: Vector, presence: Vector) -> tuple[Vector, Vector]:
    main, presence = main.copy(), presence.copy()
    main[index] = presence[index] = 0.0
    return main / max(float(main.sum()), 1e-6), presence


_YES = frozenset("👍👌✅🆗🙆☑✔")
_NO = frozenset("👎❌🚫🙅✖")
_THANKS = frozenset("🙏🙌❤💙💚🫶")
_HELLO = frozenset("👋")


def _of_marks(text: str) -> tuple[IntentScore, ...]:
    """A message without letters or digits: some emojis are answers, the rest says nothing."""
    marks = set(text)
    for signs, intent in (
        (_YES, "afirmar"), (_NO, "negar"), (_THANKS, "agradecimiento"), (_HELLO, "saludo"),
    ):  # fmt: skip
        if marks & signs:
            return (IntentScore(intent=intent, confidence=0.9),)
    if "?" in marks:
        return (IntentScore(intent="ayuda", confidence=0.5),)
    return (IntentScore(intent="fuera_de_alcance", confidence=0.9),)
