"""The fine-tuning itself: one pass of noisy batches after another over all tasks at once."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - its usual name

from nlp.corpus import Example
from nlp.finetuning import vocabulary
from nlp.finetuning.batches import Batch, Batches, padded
from nlp.finetuning.network import Network, Out
from nlp.finetuning.tagging import IGNORED
from nlp.pieces import cut_to_pieces

_TOGETHER = 32  # texts of like length, embedded at once
Tell = Callable[[str, float], None]


@dataclass(frozen=True)
class Settings:
    """Chosen by measurement on held-out writers of the training data."""

    layers: tuple[int, ...] = tuple(range(12))
    epochs: int = 8
    tokens: int = 600  # in a batch, padding included
    rate: float = 4e-4  # of the last layer; 2e-4 was 3 points worse after 6 epochs
    decay: float = 0.9  # of the rate, from each layer to the one below
    head_rate: float = 1e-3
    words_rate: float = 0.0  # of the table of pieces; 0: it stays as it is
    weight_decay: float = 0.01
    warm_up: float = 0.1
    dropout: float = 0.1
    smoothing: float = 0.1
    seed: int = 7
    bf16: bool = True
    threads: int = 2
    present: float = 1.0
    tags: float = 1.0
    tone: float = 0.3  # urgency and sentiment
    meaning: float = 1.0
    contrast: float = 0.0
    imagined: int = 6_000  # texts about anything, of which the meaning is learnt only
    imagined_share: float = 0.25  # of them in each epoch


def _entropy(scores: Tensor, target: Tensor, smoothing: float = 0.0) -> Tensor:
    if not (target != IGNORED).any():
        return scores.sum() * 0.0
    return F.cross_entropy(scores, target, ignore_index=IGNORED, label_smoothing=smoothing)


def _contrast(pooled: Tensor, main: Tensor, temperature: float = 0.1) -> Tensor:
    alike = pooled @ pooled.T / temperature
    alike = alike - 1e4 * torch.eye(len(main))
    same = (main[:, None] == main[None, :]).float() - torch.eye(len(main))
    has = same.sum(1) > 0
    logs = alike.log_softmax(dim=1)
    return (
        -((same * logs).sum(1) / same.sum(1).clamp(min=1))[has].mean()
        if has.any()
        else alike.sum() * 0.0
    )


def loss(out: Out, batch: Batch, meaning: Tensor | None, s: Settings) -> Tensor:
    total = _entropy(out.heads["main"], batch.main, s.smoothing)
    presence = F.binary_cross_entropy_with_logits(
        out.heads["present"], batch.present, reduction="none"
    )
    labelled = (batch.main != IGNORED).float()
    total = total + s.present * (presence.sum(dim=1) * labelled).sum() / labelled.sum().clamp(1)
    total = total + s.tone * _entropy(out.heads["urgency"], batch.urgency, s.smoothing)
    total = total + s.tone * _entropy(out.heads["sentiment"], batch.sentiment, s.smoothing)
    total = total + s.tags * _entropy(out.tags.flatten(0, 1), batch.tags.flatten())
    if s.contrast:
        total = total + s.contrast * _contrast(out.pooled, batch.main)
    if meaning is not None and s.meaning:
        wanted = meaning[batch.rows]
        total = total + s.meaning * 10 * (1 - (out.meaning * wanted).sum(dim=1)).mean()
    return total


def _groups(network: Network, s: Settings) -> list[dict[str, object]]:
    """Parameters with their rates: lower layers know the language and should learn least."""
    groups: list[dict[str, object]] = []

    def add(module: nn.Module, rate: float) -> None:
        matrices = [p for p in module.parameters() if p.ndim > 1]
        vectors = [p for p in module.parameters() if p.ndim == 1]
        groups.append({"params": matrices, "lr": rate, "weight_decay": s.weight_decay})
        if vectors:
            groups.append({"params": vectors, "lr": rate, "weight_decay": 0.0})

    rate = s.rate
    for block in reversed(network.blocks):
        add(block, rate)
        rate *= s.decay
    add(network.norm, rate)
    add(network.positions, rate)
    if s.words_rate:
        add(network.words, s.words_rate)
    else:
        network.words.weight.requires_grad_(requires_grad=False)
    for head in (network.tags, network.project, network.heads):
        add(head, s.head_rate)
    return groups


def _schedule(step: int, steps: int, warm_up: float) -> float:
    first = max(1, math.ceil(steps * warm_up))
    return (step + 1) / first if step < first else max(0.0, (steps - step) / (steps - first))


def _random(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - typing errors, not secrets


def imagined(settings: Settings) -> list[Example]:
    """Texts without labels."""
    texts = vocabulary.imagined(settings.imagined, _random(settings.seed))
    return [Example(text, (), "imagined", "imagined", "es") for text in texts]


def prepare(settings: Settings) -> None:
    """What makes a run repeatable, before any weight is drawn."""
    torch.manual_seed(settings.seed)
    torch.set_num_threads(settings.threads)


def embed(network: Network, tokenizer: Tokenizer, texts: Sequence[str]) -> Tensor:
    """The network's ``pooled`` vector of each text."""
    network.eval()
    rows = [cut_to_pieces(tokenizer, text).ids for text in texts]
    pooled = torch.zeros(len(rows), network.shape.width)
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        for at in range(0, len(order), _TOGETHER):
            chosen = order[at : at + _TOGETHER]
            ids, real = padded([rows[i] for i in chosen])
            pooled[chosen] = network(ids, real).pooled.float()
    return pooled


def learn(
    network: Network,
    examples: Sequence[Example],
    tokenizer: Tokenizer,
    settings: Settings,
    tell: Tell,
    meaning: Tensor | None = None,
) -> None:
    """Fine-tune ``network`` in place; ``meaning`` is the base model's embedding of each example."""
    prepare(settings)
    batches = Batches(examples, tokenizer, settings.tokens, settings.imagined_share)
    per_epoch = sum(1 for _ in batches(_random(settings.seed)))
    steps = math.ceil(per_epoch * 1.02) * settings.epochs
    optimiser = torch.optim.AdamW(_groups(network, settings), fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: _schedule(step, steps, settings.warm_up)
    )
    network.train()
    step, running = 0, 0.0
    for epoch in range(settings.epochs):
        for batch in batches(_random(settings.seed + epoch)):
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=settings.bf16):
                out = network(batch.ids, batch.real)
            wrong = loss(out, batch, meaning, settings)
            optimiser.zero_grad()
            wrong.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            step += 1
            running = 0.98 * running + 0.02 * wrong.item() if step > 1 else wrong.item()
            if step % 50 == 0:
                tell(f"epoch {epoch + 1} of {settings.epochs}, loss {running:.3f}", step / steps)
    network.eval()
