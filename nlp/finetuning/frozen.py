"""The base model as it is, a peer to be measured against."""

from collections.abc import Sequence
from functools import cache

from tokenizers import Tokenizer

from nlp.finetuning import base_model, learning, network, vocabulary
from nlp.linear import Vector


@cache
def _whole() -> tuple[network.Network, Tokenizer]:
    base = base_model.read(base_model.find())
    everything = range(len(base.pieces))
    return network.from_base(base, everything, range(base.layers)), vocabulary.tokenizer(
        base.pieces
    )


def embed(texts: Sequence[str]) -> Vector:
    """Mean-pooled and of length 1, after the prefix that the base model's makers ask for."""
    model, tokenizer = _whole()
    vectors: Vector = learning.embed(model, tokenizer, [f"query: {text}" for text in texts]).numpy()
    return vectors
