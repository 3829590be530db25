"""Webhooks acknowledged, beside a bare endpoint on the same database."""

from contextlib import ExitStack
from pathlib import Path

from benchmarks.load import Answers, closed_loop, http_post, open_loop
from benchmarks.measured import Measured, percentile
from benchmarks.servers import PUBLIC_URL, answering, free_port, process, servers
from support.twilio_api import signed_webhook

CONNECTIONS = 16
ROUNDS = 3
RATE = 300.0


async def measure(folder: Path, seconds: float) -> list[Measured]:
    """Rounds of both in turn, so that a noisy moment of the machine hits both."""
    with ExitStack() as stack:
        env = stack.enter_context(servers(folder))
        ours, bare = free_port(), free_port()
        web = stack.enter_context
        web(process("-m", "backend.cli", "web", env=env | {"HELPCARE_PORT": str(ours)}))
        uvicorn = ("-m", "uvicorn", "benchmarks.bare:app", "--port", str(bare), "--log-level")
        path = env | {"PYTHONPATH": str(Path(__file__).parents[1])}
        web(process(*uvicorn, "error", "--no-access-log", env=path))
        await answering(f"http://127.0.0.1:{ours}/healthz")
        await answering(f"http://127.0.0.1:{bare}/")
        rates: dict[str, list[float]] = {"ours": [], "bare": []}
        each = int(seconds * 150)
        for number in range(ROUNDS + 1):
            for name, port, path_ in (("bare", bare, "/"), ("ours", ours, "/webhooks/whatsapp")):
                requests = webhooks(each, path_, tag=f"{name}{number}")
                answers = await closed_loop(port, requests, CONNECTIONS)
                _all_taken(answers, each)
                if number:  # the first round warms up
                    rates[name].append(answers.per_second)
        steady = await open_loop(
            ours, webhooks(int(RATE * seconds), "/webhooks/whatsapp", tag="steady"), RATE
        )
        _all_taken(steady, int(RATE * seconds))
    best = {name: max(values) for name, values in rates.items()}
    latencies = [value * 1000 for value in steady.latencies]
    return [
        Measured("acknowledged: bare endpoint, one INSERT", best["bare"], "/s"),
        Measured("acknowledged: webhook, stored and its job queued", best["ours"], "/s"),
        Measured("acknowledged: ratio to the bare endpoint", best["ours"] / best["bare"], "", 0.7),
        Measured("acknowledged: p50 at 300/s", percentile(latencies, 50), "ms"),
        Measured(
            "acknowledged: p99 at 300/s", percentile(latencies, 99), "ms", 250, at_least=False
        ),
    ]


def webhooks(
    count: int, path: str, *, tag: str, body: str = "Hola, la VPN no conecta"
) -> list[bytes]:
    """Signed requests, each of another sender."""
    prepared = []
    for number in range(count):
        sender = f"+57300{abs(hash((tag, number))) % 10_000_000:07d}"
        headers, form = signed_webhook(
            PUBLIC_URL, Body=f"{body} {tag}-{number}", From=f"whatsapp:{sender}", WaId=sender[1:]
        )
        prepared.append(http_post(path, dict(headers), form))
    return prepared


def _all_taken(answers: Answers, expected: int) -> None:
    if answers.refused or len(answers.latencies) != expected:
        raise SystemExit(f"{answers.refused} of {expected} webhooks were refused")
