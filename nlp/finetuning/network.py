"""The encoder that is fine-tuned: a BERT of few layers with one head for each task.

Written out instead of imported, so that the exported graph (``nlp.finetuning.export``) can be read
beside it, and so that no model library is needed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - its usual name

from nlp.finetuning.base_model import BaseModel
from nlp.pieces import MAX_TOKENS
from nlp.tagging import TAGS
from nlp.tone import SENTIMENTS, URGENCIES
from nlp.understanding import INTENTS

# Task → what its scores stand for.
LABELS = {
    "main": INTENTS, "present": INTENTS, "urgency": URGENCIES, "sentiment": SENTIMENTS,
}  # fmt: skip


# The meaning is read at several depths: what our tasks change most is the last layers.
TAPS = 3


def taps(layers: int) -> list[int]:
    """The layers that the meaning is read from."""
    return [(number + 1) * layers // TAPS - 1 for number in range(TAPS)]


@dataclass(frozen=True)
class Shape:
    """What the export needs to know beside the weights."""

    width: int
    heads: int
    inner: int
    epsilon: float
    layers: tuple[int, ...]  # the base model's layers that are kept


class Out(NamedTuple):
    pooled: Tensor  # (batch, width), length 1
    meaning: Tensor  # (batch, width), length 1; stays near the base model's own embedding
    tags: Tensor  # (batch, tokens, tags)
    heads: dict[str, Tensor]


class Block(nn.Module):
    """Attention and feed-forward layer, normalised after each (as BERT does)."""

    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        width = shape.width
        self.shape, self.dropout = shape, dropout
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.first = nn.LayerNorm(width, shape.epsilon)
        self.up = nn.Linear(width, shape.inner)
        self.down = nn.Linear(shape.inner, width)
        self.second = nn.LayerNorm(width, shape.epsilon)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        batch, tokens, width = x.shape
        q, k, v = (
            part.view(batch, tokens, self.shape.heads, -1).transpose(1, 2)
            for part in self.qkv(x).split(width, dim=-1)
        )
        seen = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        seen = self.out(seen.transpose(1, 2).reshape(batch, tokens, width))
        x = self.first(x + F.dropout(seen, self.dropout, self.training))
        inner = self.down(F.gelu(self.up(x)))
        result: Tensor = self.second(x + F.dropout(inner, self.dropout, self.training))
        return result


class Network(nn.Module):
    def __init__(self, shape: Shape, vocabulary: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.shape, self.dropout = shape, dropout
        self.words = nn.Embedding(vocabulary, shape.width)
        self.positions = nn.Embedding(MAX_TOKENS, shape.width)
        self.norm = nn.LayerNorm(shape.width, shape.epsilon)
        self.blocks = nn.ModuleList(Block(shape, dropout) for _ in shape.layers)
        self.tags = nn.Linear(shape.width, len(TAGS))
        self.project = nn.Linear(TAPS * shape.width, shape.width)
        self.heads = nn.ModuleDict(
            {name: nn.Linear(shape.width, len(labels)) for name, labels in LABELS.items()}
        )

    def forward(self, ids: Tensor, real: Tensor) -> Out:
        """``real`` is true where there is a token and no padding."""
        x = self.words(ids) + self.positions.weight[: ids.shape[1]]
        x = F.dropout(self.norm(x), self.dropout, self.training)
        share = real.to(x.dtype)
        share = share / share.sum(dim=1, keepdim=True)
        mask, means = real[:, None, None, :], []
        for number, block in enumerate(self.blocks):
            x = block(x, mask)
            if number in taps(len(self.blocks)):
                means.append(torch.einsum("bs,bsw->bw", share, x.to(share.dtype)).float())
        mean = means[-1]
        dropped = F.dropout(mean, self.dropout, self.training)
        return Out(
            pooled=F.normalize(mean, dim=-1),
            meaning=F.normalize(self.project(torch.cat(means, dim=-1)), dim=-1),
            tags=self.tags(F.dropout(x, self.dropout, self.training)).float(),
            heads={name: head(dropped).float() for name, head in self.heads.items()},
        )


def from_base(
    base: BaseModel, kept: Sequence[int], layers: Sequence[int], dropout: float = 0.1
) -> Network:
    """The base model with only these pieces and layers, and fresh heads."""
    shape = Shape(base.width, base.heads, base.inner, base.epsilon, tuple(layers))
    network = Network(shape, len(kept), dropout)
    t = base.tensors
    position = t["emb.pos"][:MAX_TOKENS] + t["emb.type"][0]
    _set(network.words, t["emb.word"][list(kept)])
    _set(network.positions, position)
    _set(network.norm, t["emb.ln.w"], t["emb.ln.b"])
    for block, number in zip(network.blocks, layers, strict=True):
        part = {
            name: (t[f"l{number}.{name}.w"], t[f"l{number}.{name}.b"])
            for name in ("q", "k", "v", "ao", "aln", "fi", "fo", "oln")
        }
        q, k, v = part["q"], part["k"], part["v"]
        _set(block.qkv, np.concatenate([q[0], k[0], v[0]]), np.concatenate([q[1], k[1], v[1]]))
        for name, short in (
            ("out", "ao"), ("first", "aln"), ("up", "fi"), ("down", "fo"), ("second", "oln"),
        ):  # fmt: skip
            _set(getattr(block, name), *part[short])
    with torch.no_grad():  # at first the meaning is what the last layer says
        network.project.weight.zero_()
        network.project.weight[:, -base.width :] = torch.eye(base.width)
        network.project.bias.zero_()
    return network


def _set(module: nn.Module, weight: np.ndarray, bias: np.ndarray | None = None) -> None:
    with torch.no_grad():
        module.weight.copy_(torch.from_numpy(np.array(weight)))
        if bias is not None:
            module.bias.copy_(torch.from_numpy(np.array(bias)))
