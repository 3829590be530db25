"""A load generator that costs little: prepared requests over kept connections."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


@dataclass
class Answers:
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)  # seconds
    refused: int = 0

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds


def http_post(path: str, headers: dict[str, str], body: bytes) -> bytes:
    """The bytes of a request."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def closed_loop(port: int, requests: Sequence[bytes], connections: int) -> Answers:
    """As fast as ``connections`` clients can, each waiting for its answer."""
    queue = iter(requests)
    answers = Answers()
    started = time.perf_counter()
    await asyncio.gather(*(_client(port, queue, answers) for _ in range(connections)))
    answers.seconds = time.perf_counter() - started
    return answers


async def open_loop(port: int, requests: Sequence[bytes], per_second: float) -> Answers:
    """At a fixed rate, whatever the server does; latency counts from when it should have left."""
    answers = Answers()
    idle: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(64):
        idle.put_nowait(await asyncio.open_connection("127.0.0.1", port))
    started = time.perf_counter()

    async def one(number: int, request: bytes) -> None:
        due = started + number / per_second
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        connection = await idle.get()
        await _exchange(connection, request, answers, since=due)
        idle.put_nowait(connection)

    await asyncio.gather(*(one(number, request) for number, request in enumerate(requests)))
    answers.seconds = time.perf_counter() - started
    while not idle.empty():
        idle.get_nowait()[1].close()
    return answers


async def _client(port: int, queue: Iterator[bytes], answers: Answers) -> None:
    connection = await asyncio.open_connection("127.0.0.1", port)
    for request in queue:
        await _exchange(connection, request, answers, since=time.perf_counter())
    connection[1].close()


async def _exchange(
    connection: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    request: bytes,
    answers: Answers,
    *,
    since: float,
) -> None:
    reader, writer = connection
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (
            int(line[15:])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        ),
        0,
    )
    if length:
        await reader.readexactly(length)
    if head.startswith(b"HTTP/1.1 2"):
        answers.latencies.append(time.perf_counter() - since)
    else:
        answers.refused += 1
