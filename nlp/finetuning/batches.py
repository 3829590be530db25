"""Labelled messages as tensors: noise, pieces, targets, and batches of like length."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

import torch
from tokenizers import Tokenizer
from torch import Tensor

from nlp.corpus import Example
from nlp.finetuning import noise
from nlp.finetuning.tagging import IGNORED, align
from nlp.pieces import cut_to_pieces
from nlp.tone import SENTIMENTS, URGENCIES
from nlp.understanding import INTENTS

_PADDING = 1


@dataclass(frozen=True)
class Batch:
    ids: Tensor
    real: Tensor  # where there is a piece and no padding
    tags: Tensor
    main: Tensor
    present: Tensor
    urgency: Tensor
    sentiment: Tensor
    rows: Tensor  # which examples these are


@dataclass(frozen=True)
class _Row:
    number: int
    ids: list[int]
    tags: list[int]


class Batches:
    """A new dress for every message in every epoch, the same in every run."""

    def __init__(
        self,
        examples: Sequence[Example],
        tokenizer: Tokenizer,
        tokens: int,
        unlabelled: float = 1.0,
    ) -> None:
        self.examples, self.tokenizer = examples, tokenizer
        self.tokens, self.unlabelled = tokens, unlabelled
        self.names = noise.names_of(examples)

    def __call__(self, random: Random) -> Iterator[Batch]:
        """One epoch: all labelled examples, and a part of those without labels."""
        rows = [
            self._row(i, random)
            for i, example in enumerate(self.examples)
            if example.intents or random.random() < self.unlabelled
        ]
        # Like lengths together, but not the same ones every time.
        rows.sort(key=lambda row: len(row.ids) * random.uniform(0.85, 1.15))
        groups: list[list[_Row]] = [[]]
        longest = 0
        for row in rows:
            longest = max(longest, len(row.ids))
            if groups[-1] and (len(groups[-1]) + 1) * longest > self.tokens:
                groups.append([])
                longest = len(row.ids)
            groups[-1].append(row)
        random.shuffle(groups)
        return map(self._batch, groups)

    def _row(self, number: int, random: Random) -> _Row:
        example = self.examples[number]
        text, spans = noise.exchanged(example.text, example.spans or (), self.names, random)
        text, spans = noise.noisy(text, spans, random)
        ids, offsets = cut_to_pieces(self.tokenizer, text)
        tags = [IGNORED] * len(ids) if example.spans is None else align(offsets, spans)
        return _Row(number, ids, tags)

    def _batch(self, rows: Sequence[_Row]) -> Batch:
        longest = max(len(row.ids) for row in rows)
        chosen = [self.examples[row.number] for row in rows]
        present = torch.zeros(len(rows), len(INTENTS))
        for i, example in enumerate(chosen):
            present[i, [INTENTS.index(name) for name in example.intents]] = 1.0
        ids, real = padded([row.ids for row in rows])
        return Batch(
            ids=ids,
            real=real,
            tags=torch.tensor([row.tags + [IGNORED] * (longest - len(row.tags)) for row in rows]),
            main=_labels([e.main if e.intents else None for e in chosen], INTENTS),
            present=present,
            urgency=_labels([example.urgency for example in chosen], URGENCIES),
            sentiment=_labels([example.sentiment for example in chosen], SENTIMENTS),
            rows=torch.tensor([row.number for row in rows]),
        )


def padded(rows: Sequence[list[int]]) -> tuple[Tensor, Tensor]:
    """Pieces of several texts, and where they are no padding."""
    longest = max(map(len, rows))
    ids = [row + [_PADDING] * (longest - len(row)) for row in rows]
    real = [[i < len(row) for i in range(longest)] for row in rows]
    return torch.tensor(ids), torch.tensor(real)


def _labels(values: Sequence[str | None], names: Sequence[str]) -> Tensor:
    return torch.tensor([IGNORED if value is None else names.index(value) for value in values])
