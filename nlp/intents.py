"""Which intents a message carries: linear heads, then the rules that do better than they."""

import re
from dataclasses import dataclass

import numpy as np

from nlp import handoff
from nlp.features import extract
from nlp.linear import Heads, Vector, sigmoid, softmax
from nlp.understanding import INTENTS, IntentScore

OUT_OF_SCOPE = INTENTS.index("fuera_de_alcance")
HUMAN = INTENTS.index("hablar_humano")
HELLO = INTENTS.index("saludo")
_SIZE = len(INTENTS)
_SHORT = 12  # words

_GREETING = re.compile(
    r"^\W*(?:(?:hola+|holi|(?:muy )?buen[oa]s? (?:dias?|tardes?|noches?)|buenas|saludos"
    r"|cordial saludo|quiubo|hello|hi|hey|good (?:morning|afternoon|evening)|ola|oi"
    r"|bom dia|boa (?:tarde|noite))\b[\s,.;:!?]*)+"
)

# Words of courtesy: they count only where nothing else was said.
COURTESY = frozenset({"saludo", "despedida", "agradecimiento"})


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Tuned on held-out phrasing families while training, kept in the manifest."""

    temperature: float = 0.3  # of the main intent's softmax
    presence_scale: float = 3.0  # from a presence score to log odds
    presence_shift: float = 0.0
    out_of_scope: float = 0.25  # below this the best in-scope intent is not believed
    also: float = 0.5  # a further intent is reported from this probability on


@dataclass(frozen=True)
class IntentModel:
    """Two groups of heads in one matrix: the main intent (softmax), and each one's presence."""

    heads: Heads
    thresholds: Thresholds

    def classify(self, masked: str) -> tuple[IntentScore, ...]:
        """Every intent of the message, the main one first; never empty.

        ``masked`` is folded text whose identifiers are replaced (``features.mask``).
        """
        if not any(map(str.isalnum, masked)):
            return _of_marks(masked)
        scores = self.heads.scores(extract(masked))
        main = softmax(scores[:_SIZE] / self.thresholds.temperature)
        presence = sigmoid(
            scores[_SIZE:] * self.thresholds.presence_scale + self.thresholds.presence_shift
        )
        rest = _GREETING.sub("", masked, count=1)
        if int(np.argmax(main)) == HELLO and len(rest.split()) > 1 and rest != masked:
            return self.classify(rest)  # a greeting around a request is no intent of its own
        if handoff.is_refused_or_told(masked):
            main, presence = _without(HUMAN, main, presence)
        elif handoff.is_requested(masked):
            presence[HUMAN] = max(presence[HUMAN], 0.9)
            if len(masked.split()) <= _SHORT:  # little else can be meant
                main = (main + np.eye(_SIZE, dtype=np.float32)[HUMAN]) / 2
        return decide(main, presence, self.thresholds)


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
