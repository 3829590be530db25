"""Messages processed to the end by one and two workers, and replies at a steady rate."""

import asyncio
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import LiteralString

import psycopg
from benchmarks.acknowledging import webhooks
from benchmarks.load import open_loop
from benchmarks.measured import Measured, percentile
from benchmarks.servers import answering, free_port, process, servers

from backend.database import Database
from backend.inbox.service import receive
from bot.messages import InboundMessage, Sender

BACKLOG = 1000
RATE = 50.0
CORES = 2
SAID = ("Buenos días, la VPN no conecta desde esta mañana, somos 20 personas sin trabajar", "sí")


async def measure(folder: Path, seconds: float) -> list[Measured]:
    """A backlog for each number of workers, then replies to a steady stream.

    Each on a database of its own: what one leaves to be logged and embedded is not the next one's.
    """
    rates = []
    for workers in (1, 2):
        with servers(folder / f"backlog-{workers}") as env:
            rates.append(await _backlog(env, workers))
    with servers(folder / "steady") as env:
        replies = await _steady(env, seconds)
    return [
        Measured("processed: one worker", rates[0], "/s"),
        Measured("processed: two workers", rates[1], "/s", 100),
        Measured("replied: p50 at 50/s, webhook to provider", percentile(replies, 50), "s"),
        Measured("replied: p95 at 50/s", percentile(replies, 95), "s", 2, at_least=False),
    ]


async def _backlog(env: dict[str, str], workers: int) -> float:
    """Store conversations of two messages that end in a ticket, then let the workers at them."""
    url = env["HELPCARE_DATABASE_URL"]
    database = Database(url)
    now = datetime.now(UTC)
    for number in range(BACKLOG // len(SAID)):
        for step, text in enumerate(SAID):
            await receive(database, _message(f"w{number}", step, text, now), b"", now=now)
    await database.dispose()
    command = ("-m", "backend.cli", "worker")
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(_HOLD)
        with ExitStack() as stack:
            for _ in range(workers):
                stack.enter_context(process(*command, env=env))
            async with asyncio.timeout(60):  # starting Python and loading is not what is measured
                while await _one(connection, _STARTED) < workers:
                    await asyncio.sleep(0.1)
            await asyncio.sleep(1)
            await connection.execute(_RELEASE)
            while (begun := await _one(connection, _LEFT)) == BACKLOG:
                await asyncio.sleep(0.02)
            started = time.perf_counter()
            while await _one(connection, _LEFT):
                await asyncio.sleep(0.1)
            seconds = time.perf_counter() - started
        if not await _one(connection, "SELECT count(*) FROM tickets"):
            raise SystemExit("the messages led to no ticket; the measure would mean nothing")
    return begun / seconds


_HOLD = "UPDATE procrastinate_jobs SET scheduled_at = now() + interval '1 hour'"
_RELEASE = "UPDATE procrastinate_jobs SET scheduled_at = NULL"
_STARTED = "SELECT count(*) FROM procrastinate_workers"
_LEFT = "SELECT count(*) FROM inbox_events WHERE state = 'new'"


async def _steady(env: dict[str, str], seconds: float) -> list[float]:
    """Seconds from storing a webhook to the provider's receipt of its reply."""
    url = env["HELPCARE_DATABASE_URL"]
    port, twilio = free_port(), free_port()
    env = env | {
        "HELPCARE_PORT": str(port),
        "HELPCARE_TWILIO_API_URL": f"http://127.0.0.1:{twilio}",
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
    with ExitStack() as stack:
        fake = ("-m", "uvicorn", "benchmarks.fake_twilio:app", "--port", str(twilio))
        stack.enter_context(process(*fake, "--log-level", "error", env=env))
        stack.enter_context(process("-m", "backend.cli", "web", env=env))
        for _ in range(CORES):
            stack.enter_context(process("-m", "backend.cli", "worker", env=env))
        await answering(f"http://127.0.0.1:{port}/healthz")
        await asyncio.sleep(5)  # the workers have loaded their model
        count = int(RATE * seconds)
        requests = webhooks(count, "/webhooks/whatsapp", tag="replied", body=SAID[0])
        await open_loop(port, requests, RATE)
        async with (
            asyncio.timeout(120),
            await psycopg.AsyncConnection.connect(url, autocommit=True) as connection,
        ):
            while await _one(connection, _UNSENT):
                await asyncio.sleep(0.2)
            rows = await (await connection.execute(_REPLY_SECONDS)).fetchall()
    if len(rows) != count:
        raise SystemExit(f"{count} webhooks, but {len(rows)} were answered")
    return [float(row[0]) for row in rows]


_UNSENT = """
    SELECT (SELECT count(*) FROM inbox_events WHERE state = 'new')
         + (SELECT count(*) FROM outbox_items WHERE lane = 'whatsapp' AND state <> 'sent')
"""
_REPLY_SECONDS = """
    SELECT extract(epoch FROM max(o.finished_at) - e.received_at)
    FROM inbox_events e
    JOIN messages m ON m.inbox_id = e.id
    JOIN outbox_items o ON o.lane = 'whatsapp' AND o.key LIKE 'turn:' || m.id || ':%'
    WHERE e.channel = 'whatsapp'
    GROUP BY e.id, e.received_at
"""


def _message(thread: str, step: int, text: str, now: datetime) -> InboundMessage:
    return InboundMessage(
        channel="webchat",
        account="webchat",
        provider_id=f"{thread}-{step}",
        thread=thread,
        sender=Sender(external_id=thread),
        text=text,
        sent_at=now,
    )


async def _one(connection: psycopg.AsyncConnection, query: LiteralString) -> int:
    row = await (await connection.execute(query)).fetchone()
    return int(row[0]) if row else 0
