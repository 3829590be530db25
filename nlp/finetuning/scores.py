"""How well the exported encoder does by itself, and how near it is to the trained network."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from nlp.corpus import Example
from nlp.encoder import Encoded, Encoder
from nlp.tagging import find
from nlp.understanding import INTENTS

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from nlp.finetuning.network import Network


def entity_f1(encoded: Encoded, examples: Sequence[Example]) -> float:
    """Of exact spans with their type, over the messages whose entities are labelled."""
    right = found = wanted = 0
    for example, tagged in zip(examples, encoded.tags or (), strict=True):
        if example.spans is not None:
            labelled = {(s.start, s.end, s.type) for s in example.spans}
            got = {(f.start, f.end, f.type) for f in find(tagged)}
            right += len(labelled & got)
            found, wanted = found + len(got), wanted + len(labelled)
    return 2 * right / max(1, found + wanted)


def scores(
    encoder: Encoder, network: "Network", tokenizer: "Tokenizer", examples: Sequence[Example]
) -> dict[str, float]:
    """Of the development messages, plus the agreement of 8 bits with the network's full ones."""
    from nlp.finetuning.learning import embed

    if not examples:
        return {}
    encoded = encoder.encode([example.text for example in examples])
    main = encoded.heads["main"].argmax(axis=1)
    right = main == [INTENTS.index(example.main) for example in examples]
    full = embed(network, tokenizer, [example.text for example in examples]).numpy()
    found = {
        "dev_main_intent": float(np.mean(right)),
        "dev_entity_f1": entity_f1(encoded, examples),
        "int8_cosine": float((encoded.pooled * full).sum(axis=1).mean()),
    }
    return {name: round(value, 4) for name, value in found.items()}
