"""Milliseconds to understand a message."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measured import Measured, percentile
from support.model import trained_model_folder

from nlp.pipeline import Pipeline

DEV = Path(__file__).parents[2] / "training_data" / "dev"
MAIL = (
    "Estimados señores de soporte: " + "les escribimos por la demora del despliegue acordado. " * 25
)


def measure() -> list[Measured]:
    """One thread, messages that the model was not trained on."""
    started = time.perf_counter()
    pipeline = Pipeline.load(trained_model_folder())
    load_s = time.perf_counter() - started
    now = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
    texts = [
        json.loads(line)["text"]
        for file in sorted(DEV.glob("*.jsonl"))
        for line in file.read_text().splitlines()
    ]
    texts = [text for text in texts if 5 <= len(text.split()) <= 40]
    for text in texts[:50]:
        pipeline.understand(text, now=now)
    times = [_ms(pipeline, text, now) for text in texts]
    mails = [_ms(pipeline, MAIL, now) for _ in range(20)]
    return [
        Measured("understanding: p50", percentile(times, 50), "ms", 10, at_least=False),
        Measured("understanding: p99", percentile(times, 99), "ms", 40, at_least=False),
        Measured(
            "understanding: e-mail of 200 words", percentile(mails, 50), "ms", 60, at_least=False
        ),
        Measured("understanding: load the model", load_s, "s", 3, at_least=False),
    ]


def _ms(pipeline: Pipeline, text: str, now: datetime) -> float:
    started = time.perf_counter()
    pipeline.understand(text, now=now)
    return (time.perf_counter() - started) * 1000
