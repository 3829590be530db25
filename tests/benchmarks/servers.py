"""What the benchmarks run against: durable embedded servers and real processes."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
from support.model import trained_model_folder
from support.twilio_api import ACCOUNT_SID, AUTH_TOKEN, NUMBER

from backend import migrate
from backend.embedded import start_postgres, start_valkey

PUBLIC_URL = "http://127.0.0.1"
ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def servers(folder: Path) -> Iterator[dict[str, str]]:
    """PostgreSQL with fsync on and Valkey; the environment for processes of Help Care."""
    with ExitStack() as stack:
        postgres = start_postgres(folder)
        stack.callback(postgres.stop)
        valkey = start_valkey(folder)
        stack.callback(valkey.stop)
        migrate.upgrade(postgres.url)
        yield {
            **os.environ,
            "HELPCARE_DATABASE_URL": postgres.url,
            "HELPCARE_REDIS_URL": valkey.url,
            "HELPCARE_DATA_DIR": str(folder),
            "HELPCARE_MODEL_DIR": str(trained_model_folder()),
            "HELPCARE_PUBLIC_URL": PUBLIC_URL,
            "HELPCARE_LOG_LEVEL": "warning",
            "HELPCARE_TWILIO_ACCOUNT_SID": ACCOUNT_SID,
            "HELPCARE_TWILIO_AUTH_TOKEN": AUTH_TOKEN,
            "HELPCARE_TWILIO_WHATSAPP_FROM": NUMBER,
        }


@contextmanager
def process(*command: str, env: dict[str, str]) -> Iterator[None]:
    """A Python process of ours, ended afterwards."""
    running = subprocess.Popen([sys.executable, *command], env=env, cwd=ROOT)
    try:
        yield
    finally:
        running.terminate()
        try:
            running.wait(20)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


async def answering(url: str, patience_s: float = 60) -> None:
    """Wait until a server answers there."""
    async with httpx.AsyncClient() as client, asyncio.timeout(patience_s):
        while True:
            try:
                await client.get(url)
            except httpx.TransportError:
                await asyncio.sleep(0.1)
            else:
                return
