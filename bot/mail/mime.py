"""Taking a mail apart without trusting it: each in a child process with 2 s and 512 MB.

Python's own parser can be made to burn minutes of CPU or to overflow its stack, so it never runs
in this process. A mail that breaks the child is reported as :class:`Quarantined`; the raw bytes are
stored by then, and others are not held up.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.channels.channel import FetchedFile, FetchFailed

MAX_RAW = 40 * 1024 * 1024  # bytes of a mail that is parsed at all
MAX_ATTACHMENT = 25 * 1024 * 1024
WALL_SECONDS = 10.0  # the CPU limit ends a child long before, unless the machine is overloaded
AT_ONCE = 4  # children

_ROOT = str(Path(__file__).parents[2])
_START = "import sys; sys.path.append(sys.argv[1]); from bot.mail.mime_child import main; main()"


class Quarantined(Exception):
    """The mail cannot be shown as a message. ``reason`` is for the agent who looks at the raw."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Part(_Value):
    part: int
    content_type: str
    filename: str | None
    size: int


class Report(_Value):
    """A mail system's word on messages named by ``message_ids``, which may be forged."""

    standard: bool  # multipart/report; else only a mail that names one of our identifiers
    action: str | None  # failed, delayed, delivered, relayed, expanded
    code: str | None  # enhanced status, such as 5.1.1
    message_ids: tuple[str, ...]


class ParsedMail(_Value):
    """A mail in readable, bounded text, exactly as its sender claims; nothing is proved yet."""

    message_id: str | None
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    sender: tuple[tuple[str, str], ...]  # (name, address) of each From
    sender_certain: bool  # exactly one, and readable in one way only
    recipients: tuple[str, ...]
    date: str | None  # ISO 8601
    received: str | None  # by our own server, ISO 8601
    subject: str
    text: str  # without quotations and signature
    truncated: bool
    attachments: tuple[Part, ...]
    attachments_left_out: int
    flags: dict[str, str]  # headers that tell machines from people
    report: Report | None


class MimeParser:
    """Runs the children, at most ``at_once`` of them."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._slots = asyncio.Semaphore(at_once)

    async def extract(self, raw: bytes) -> ParsedMail:
        """Parse one mail. Raises :class:`Quarantined`."""
        if not raw.strip():
            raise Quarantined("el correo está vacío")
        if len(raw) > MAX_RAW:
            raise Quarantined("el correo es demasiado grande")
        output = await self._run(raw, "extract")
        try:
            return ParsedMail.model_validate_json(output)
        except ValidationError as error:
            raise Quarantined("el análisis del correo dio un resultado inválido") from error

    async def extract_part(self, raw: bytes, number: int) -> FetchedFile:
        """The bytes of one attachment, at most 25 MB. Raises ``FetchFailed``."""
        try:
            output = await self._run(raw, "part", str(number))
        except Quarantined as error:
            raise FetchFailed(error.reason, retry=False) from error
        head, _, content = output.partition(b"\n")
        part = Part.model_validate_json(head)
        if part.size > MAX_ATTACHMENT:
            raise FetchFailed("el adjunto supera 25 MB", retry=False)
        return FetchedFile(content, part.content_type, part.filename)

    async def _run(self, raw: bytes, *arguments: str) -> bytes:
        async with self._slots:
            child = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-I", "-c", _START, _ROOT, *arguments),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=_environment(),
            )
            try:
                output, errors = await asyncio.wait_for(child.communicate(raw), WALL_SECONDS)
            except TimeoutError:
                raise Quarantined("el análisis tardó demasiado") from None
            finally:
                if child.returncode is None:
                    child.kill()
                    await child.wait()
        if child.returncode:
            raise Quarantined(_reason(child.returncode, errors))
        return output


def _environment() -> dict[str, str]:
    """Nearly empty: the child holds no secret that a hostile mail could reach."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    return {"LANG": "C.UTF-8", **kept}


def _reason(returncode: int, errors: bytes) -> str:
    if returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        return "el análisis superó 2 s de procesador"
    kind = errors.strip().rpartition(b"\n")[2].decode("ascii", "replace")[:60]
    if kind == "MemoryError":
        return "el análisis superó 512 MB de memoria"
    return f"el análisis del correo falló ({kind or f'señal {-returncode}'})"
