"""Milliseconds to understand a message."""

import json
import subprocess
import sys
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
    folder = trained_model_folder()
    started = time.perf_counter()
    pipeline = Pipeline.load(folder)
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
        Measured("understanding: in batch, two processes", _batch(texts), "/s", 150),
        Measured("understanding: memory with the model", _memory_mb(), "MB", 700, at_least=False),
    ]


_BATCH = """
import json, sys, time
from datetime import UTC, datetime
from pathlib import Path
from nlp.pipeline import Pipeline
pipeline = Pipeline.load(Path(sys.argv[1]))
texts = json.load(sys.stdin)
now = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
pipeline.understand_many(texts[:20], now=now)
started = time.perf_counter()
pipeline.understand_many(texts, now=now)
print(len(texts) / (time.perf_counter() - started))
print(int(next(l for l in open("/proc/self/status") if l.startswith("VmRSS")).split()[1]) / 1024)
"""


def _fresh(texts: list[str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _BATCH, str(trained_model_folder())]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    running = subprocess.Popen(command, text=True, cwd=DEV.parents[1], **pipes)
    assert running.stdin is not None
    json.dump(texts, running.stdin)
    running.stdin.close()
    return running


def _results(running: subprocess.Popen[str]) -> tuple[float, float]:
    assert running.stdout is not None
    rate, memory = map(float, running.stdout.read().split())
    running.wait()
    return rate, memory


def _batch(texts: list[str]) -> float:
    """A process for each core, as workers are run."""
    return sum(_results(running)[0] for running in [_fresh(texts), _fresh(texts)])


def _memory_mb() -> float:
    return _results(_fresh(["hola"] * 50))[1]


def _ms(pipeline: Pipeline, text: str, now: datetime) -> float:
    started = time.perf_counter()
    pipeline.understand(text, now=now)
    return (time.perf_counter() - started) * 1000
