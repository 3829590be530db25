"""An IMAP server that fails on command: only what a mailbox watcher uses, one script per test."""

import asyncio
import contextlib
import re
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field


@dataclass
class FakeImap:
    """``mails`` by UID. ``fault(command, uid)`` names what goes wrong: ``cut`` (before the answer),
    ``cut literal``, ``no``, ``bye``; ``None`` for nothing."""

    mails: dict[int, bytes]
    fault: Callable[[str, int | None], str | None] = lambda _command, _uid: None
    uidvalidity: int = 7
    idle: bool = True
    password: str = "clave"
    tls: ssl.SSLContext | None = None
    port: int = 0
    seen: set[int] = field(default_factory=set)
    connections: int = 0
    most_at_once: int = 0
    open: int = 0
    commands: list[str] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        scheme = "imaps" if self.tls else "imap"
        return f"{scheme}://soporte:{self.password}@localhost:{self.port}/INBOX"

    def deliver(self, uid: int, raw: bytes) -> None:
        self.mails[uid] = raw
        self.arrived.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        self.most_at_once = max(self.most_at_once, self.open)
        try:
            writer.write(b"* OK ready\r\n")
            while line := await reader.readline():
                tag, _, rest = line.decode().strip().partition(" ")
                command = rest.upper()
                self.commands.append(rest)
                if not await self._answer(tag, command, reader, writer):
                    break
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            self.open -= 1
            writer.close()

    async def _answer(
        self, tag: str, command: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        uid = (
            int(match.group(1))
            if (match := re.match(r"UID (?:FETCH|STORE) (\d+)", command))
            else None
        )
        name = re.sub(r"^(UID \w+|\w+).*", r"\1", command)
        match self.fault(name if "BODY" not in command else "BODY", uid):
            case "cut":
                return False
            case "bye":
                writer.write(b"* BYE too many connections\r\n")
                return False
            case "no":
                writer.write(f"{tag} NO not now\r\n".encode())
                return True
            case "cut literal":
                assert uid is not None
                raw = self.mails[uid]
                writer.write(b"* 1 FETCH (UID %d BODY[] {%d}\r\n" % (uid, len(raw)))
                writer.write(raw[: len(raw) // 2])
                return False
        if name == "LOGIN" and self.password.upper() not in command:
            writer.write(f"{tag} NO wrong\r\n".encode())
            return True
        if name == "IDLE":
            await self._idle(tag, reader, writer)
            return True
        for untagged in self._untagged(name, command, uid):
            writer.write(untagged)
        writer.write(f"{tag} OK done\r\n".encode())
        return name != "LOGOUT"

    def _untagged(self, name: str, command: str, uid: int | None) -> list[bytes]:
        if name == "CAPABILITY":
            return [b"* CAPABILITY IMAP4rev1" + (b" IDLE" if self.idle else b"") + b"\r\n"]
        if name == "SELECT":
            return [
                b"* %d EXISTS\r\n" % len(self.mails),
                b"* OK [UIDVALIDITY %d] valid\r\n" % self.uidvalidity,
            ]
        if name == "UID SEARCH":
            unseen = sorted(self.mails.keys() - self.seen)
            return [("* SEARCH " + " ".join(map(str, unseen))).encode() + b"\r\n"]
        if name == "UID FETCH" and uid in self.mails:
            raw = self.mails[uid]
            if "RFC822.SIZE" in command:
                return [b"* 1 FETCH (UID %d RFC822.SIZE %d)\r\n" % (uid, len(raw))]
            if part := re.search(r"<0\.(\d+)>", command):
                raw = raw[: int(part.group(1))]
            return [b"* 1 FETCH (UID %d BODY[] {%d}\r\n" % (uid, len(raw)) + raw + b")\r\n"]
        if name == "UID STORE" and uid is not None:
            self.seen.add(uid)
        return [b"* BYE\r\n"] if name == "LOGOUT" else []

    async def _idle(
        self, tag: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        # What came since the search is told in the same packet.
        notice = b"* %d EXISTS\r\n" % len(self.mails) if self.arrived.is_set() else b""
        self.arrived.clear()
        writer.write(b"+ idling\r\n" + notice)
        await writer.drain()
        done = asyncio.create_task(reader.readline())
        while not done.done():
            arrival = asyncio.create_task(self.arrived.wait())
            await asyncio.wait({done, arrival}, return_when=asyncio.FIRST_COMPLETED)
            arrival.cancel()
            if self.arrived.is_set():
                self.arrived.clear()
                writer.write(b"* %d EXISTS\r\n" % len(self.mails))
                await writer.drain()
        writer.write(f"{tag} OK idled\r\n".encode())


@contextlib.asynccontextmanager
async def fake_imap(**script: object) -> AsyncIterator[FakeImap]:
    imap = FakeImap(**script)  # type: ignore[arg-type]
    server = await asyncio.start_server(imap.serve, "127.0.0.1", 0, ssl=imap.tls)
    imap.port = server.sockets[0].getsockname()[1]
    try:
        yield imap
    finally:
        server.close()
        await server.wait_closed()
