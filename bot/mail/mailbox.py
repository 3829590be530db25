"""Watching an IMAP mailbox: every mail is handed over once, and marked only when it is kept.

One connection, IDLE where the server has it. The order is fetch, hand over (the receiver commits),
mark as seen: a crash in between repeats a mail, which the receiver knows by its UID and Message-ID,
and never loses one. The blocking client runs in threads, one call at a time, each with a time-out.
"""

import asyncio
import contextlib
import imaplib
import logging
import re
import secrets
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError

from bot.mail.servers import MailServer, SignInFailed, TokenSource

log = logging.getLogger(__name__)

FIRST_DELAY = 2.0  # seconds
LONGEST_DELAY = 600.0
STABLE_AFTER = 120.0
LONGEST_RETRY = 120.0  # of a single mail
_SLICE = 1.0  # how long a thread waits before it looks whether to stop
# A link that died silently, or a server that forgets a notice, costs a minute at most.
_IDLE_FOR = 60.0

_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")
FAILURES = (ImapToolsError, imaplib.IMAP4.error, OSError, SignInFailed)


@dataclass(frozen=True, slots=True)
class RawMail:
    """A mail as the server holds it. ``(account, uidvalidity, uid)`` names it for good."""

    account: str
    uidvalidity: int
    uid: int
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class MailboxSettings:
    """``poll_every``: seconds between looks where there is no IDLE. ``max_bytes``: of one mail."""

    server: MailServer
    account: str
    tokens: TokenSource | None = None
    tls: ssl.SSLContext | None = None
    poll_every: float = 30.0
    max_bytes: int = 36 * 1024 * 1024
    timeout: float = 30.0
    first_delay: float = FIRST_DELAY


class NotStored(Exception):
    """The receiver could not keep the mail now; offer it again later."""


OnRaw = Callable[[RawMail], Awaitable[None]]


class Backoff:
    """Delays that double up to ten minutes, and start anew only after a link that held."""

    def __init__(self, first: float = FIRST_DELAY, longest: float = LONGEST_DELAY) -> None:
        self._first = first
        self._longest = longest
        self._failures = 0

    def after(self, lasted: float, jitter: float) -> float:
        """Seconds to wait after a link that held for ``lasted`` seconds; ``jitter`` is 0–1."""
        if lasted >= STABLE_AFTER:
            self._failures = 0
        delay = min(self._longest, self._first * 2.0 ** min(self._failures, 30))
        self._failures += 1
        return delay * (0.75 + jitter / 2)


@dataclass(slots=True)
class _Troubles:
    """Mails that failed: tried last and ever more rarely, so that they hold up no others."""

    next_try: dict[int, float] = field(default_factory=dict)
    count: dict[int, int] = field(default_factory=dict)

    def order(self, uids: list[int], now: float) -> list[int]:
        due = [uid for uid in uids if self.next_try.get(uid, 0.0) <= now]
        return sorted(due, key=lambda uid: (self.count.get(uid, 0), uid))

    def add(self, uid: int, now: float) -> None:
        self.count[uid] = self.count.get(uid, 0) + 1
        self.next_try[uid] = now + min(LONGEST_RETRY, 5.0 * 2.0 ** min(self.count[uid], 10))

    def clear(self, uid: int) -> None:
        self.count.pop(uid, None)
        self.next_try.pop(uid, None)


async def watch(settings: MailboxSettings, on_raw: OnRaw, stop: asyncio.Event) -> None:
    """Hand every unseen mail to ``on_raw`` until ``stop`` is set.

    ``on_raw`` returns once the mail is safe (committed); if it raises :class:`NotStored`, the mail
    stays unseen and is offered again later. Any other exception of it ends the watch.
    """
    backoff = Backoff(settings.first_delay)
    troubles = _Troubles()
    while not stop.is_set():
        began = time.monotonic()
        try:
            await _session(settings, on_raw, stop, troubles)
        except FAILURES as error:
            delay = backoff.after(time.monotonic() - began, secrets.randbelow(1001) / 1000)
            log.warning("mailbox: %s, next try in %.0f s", type(error).__name__, delay)
            await _pause(stop, delay)


async def check(settings: MailboxSettings) -> str:
    """Sign in, open the folder, leave; what was found. May raise one of ``FAILURES``."""
    box = await _connect(settings)
    try:
        idle = "IDLE" in box.client.capabilities
        return f"{settings.server.folder} abierta, {'IDLE' if idle else 'sin IDLE'}"
    finally:
        await asyncio.to_thread(_leave, box)


async def was_sent(settings: MailboxSettings, message_id: str) -> bool:
    """Whether the folder of sent mail holds this Message-ID. May raise one of ``FAILURES``.

    Many providers (Exchange Online, Gmail) file there what they accepted by SMTP.
    """
    box = await _connect(settings)
    try:
        return await asyncio.to_thread(_find_sent, box, message_id)
    finally:
        await asyncio.to_thread(_leave, box)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def _session(
    settings: MailboxSettings, on_raw: OnRaw, stop: asyncio.Event, troubles: _Troubles
) -> None:
    box = await _connect(settings)
    healthy = False
    try:
        uidvalidity = await asyncio.to_thread(_uidvalidity, box)
        idle = "IDLE" in box.client.capabilities
        while not stop.is_set():
            await _take_all(box, uidvalidity, settings, on_raw, stop, troubles)
            if idle:
                await _idle(box, stop)
            else:
                await _pause(stop, settings.poll_every)
        healthy = True
    finally:
        await asyncio.to_thread(_leave if healthy else _drop, box)


async def _take_all(
    box: BaseMailBox,
    uidvalidity: int,
    settings: MailboxSettings,
    on_raw: OnRaw,
    stop: asyncio.Event,
    troubles: _Troubles,
) -> None:
    found = [int(uid) for uid in await asyncio.to_thread(box.uids, "UNSEEN")]
    for uid in troubles.order(found, time.monotonic()):
        if stop.is_set():
            return
        troubles.add(uid, time.monotonic())  # also when it is this mail that ends the connection
        try:
            raw = await asyncio.to_thread(_fetch, box, uid, settings.max_bytes)
        except imaplib.IMAP4.abort:
            raise
        except (ImapToolsError, imaplib.IMAP4.error):
            log.warning("mailbox: a mail could not be fetched (uid %d)", uid)
            continue
        if raw is None:  # gone in the meantime
            troubles.clear(uid)
            continue
        try:
            await on_raw(RawMail(settings.account, uidvalidity, uid, raw))
        except NotStored:
            log.warning("mailbox: a mail could not be stored (uid %d)", uid)
            continue
        await asyncio.to_thread(box.flag, str(uid), "\\Seen", True)  # noqa: FBT003
        troubles.clear(uid)


async def _idle(box: BaseMailBox, stop: asyncio.Event) -> None:
    await asyncio.to_thread(box.idle.start)
    until = time.monotonic() + _IDLE_FOR
    if not await asyncio.to_thread(_has_buffered, box):
        while not stop.is_set() and time.monotonic() < until:
            if await asyncio.to_thread(box.idle.poll, _SLICE):
                break
    await asyncio.to_thread(box.idle.stop)


# --- blocking, in threads ------------------------------------------------------------------


async def _connect(settings: MailboxSettings) -> BaseMailBox:
    token = await settings.tokens.token() if settings.tokens else None
    return await asyncio.to_thread(_open, settings, token)


def _open(settings: MailboxSettings, token: str | None) -> BaseMailBox:
    server = settings.server
    box: BaseMailBox
    if server.security == "plain":
        box = MailBoxUnencrypted(server.host, server.port, timeout=settings.timeout)
    else:
        kind = MailBox if server.security == "tls" else MailBoxStartTls
        context = settings.tls or ssl.create_default_context()
        box = kind(server.host, server.port, timeout=settings.timeout, ssl_context=context)
    try:
        user = server.username or settings.account
        if token is not None:
            box.xoauth2(user, token, initial_folder=None)
        else:
            password = server.password.get_secret_value() if server.password else ""
            box.login(user, password, initial_folder=None)
        box.folder.set(server.folder)
    except FAILURES:
        _drop(box)
        raise
    return box


def _has_buffered(box: BaseMailBox) -> bool:
    """Whether a notice was read together with the answer that began IDLE.

    Polling the socket would not see it.
    """
    stream: Any = getattr(box.client, "_file", None) or box.client.file  # renamed in Python 3.14
    before = box.client.sock.gettimeout()
    box.client.sock.settimeout(0)
    try:
        return bool(stream.peek(1))
    except ssl.SSLWantReadError:
        return False
    finally:
        box.client.sock.settimeout(before)


def _uidvalidity(box: BaseMailBox) -> int:
    _, values = box.client.response("UIDVALIDITY")
    return int(values[0]) if values and values[0] else 0


def _fetch(box: BaseMailBox, uid: int, max_bytes: int) -> bytes | None:
    """The mail; of a larger one than ``max_bytes`` the beginning, with a header that says so."""
    _, answer = box.client.uid("FETCH", str(uid), "(RFC822.SIZE)")
    size = next((int(m.group(1)) for m in map(_SIZE.search, _lines(answer)) if m), 0)
    whole = size <= max_bytes
    wanted = "(BODY.PEEK[])" if whole else f"(BODY.PEEK[]<0.{max_bytes}>)"
    status, answer = box.client.uid("FETCH", str(uid), wanted)
    if status != "OK":
        raise imaplib.IMAP4.error(status)
    for item in answer:
        if isinstance(item, tuple):
            raw = bytes(item[1])
            return raw if whole else b"X-Help-Care-Truncated: %d\r\n" % size + raw
    return None


def _lines(answer: list[object]) -> list[bytes]:
    return [line for line in answer if isinstance(line, bytes)]


def _find_sent(box: BaseMailBox, message_id: str) -> bool:
    for folder in box.folder.list():
        if "\\Sent" in folder.flags:
            box.folder.set(folder.name, readonly=True)
            return bool(box.uids(f'HEADER Message-ID "{message_id}"'))
    return False


def _leave(box: BaseMailBox) -> None:
    with contextlib.suppress(*FAILURES):
        box.logout()


def _drop(box: BaseMailBox) -> None:
    with contextlib.suppress(OSError):
        box.client.shutdown()
