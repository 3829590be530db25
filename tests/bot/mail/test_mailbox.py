"""Watching a mailbox: nothing lost, nothing marked too early, never a storm of connections."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from support.fake_imap import FakeImap, fake_imap
from support.mail_server import DOVECOT, NO_DOVECOT, USER, running_imap

from bot.mail import mailbox
from bot.mail.mailbox import Backoff, MailboxSettings, NotStored, RawMail
from bot.mail.servers import parse_url

MAILS = {n: b"From: a@example.org\r\nSubject: %d\r\n\r\nhola %d\r\n" % (n, n) for n in (1, 2, 3)}


class Receiver:
    """Keeps mails, unless told to refuse; looks at the server when it is handed one."""

    def __init__(self, imap: FakeImap | None = None) -> None:
        self.mails: list[RawMail] = []
        self.refuse: set[int] = set()
        self.marked_too_early = False
        self._imap = imap
        self._changed = asyncio.Condition()

    async def __call__(self, mail: RawMail) -> None:
        if self._imap and mail.uid in self._imap.seen:
            self.marked_too_early = True
        if mail.uid in self.refuse:
            self.refuse.discard(mail.uid)
            raise NotStored
        async with self._changed:
            self.mails.append(mail)
            self._changed.notify_all()

    async def has(self, *uids: int) -> None:
        async with asyncio.timeout(20), self._changed:
            await self._changed.wait_for(lambda: set(uids) <= {m.uid for m in self.mails})


def settings_for(url: str, **changes: object) -> MailboxSettings:
    defaults: dict[str, object] = {"first_delay": 0.05, "poll_every": 0.1, "timeout": 5.0}
    return MailboxSettings(
        server=parse_url(SecretStr(url), "imap"),
        account=USER,
        **(defaults | changes),  # type: ignore[arg-type]
    )


@contextlib.asynccontextmanager
async def watching(settings: MailboxSettings, receiver: Receiver) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(mailbox.watch(settings, receiver, stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


# --- a server that fails ---------------------------------------------------------------------


@pytest.mark.parametrize("idle", [True, False])
async def test_what_is_there_and_what_comes_is_handed_over_once(idle: bool) -> None:
    async with fake_imap(mails=dict(MAILS), idle=idle) as imap:
        receiver = Receiver(imap)
        async with watching(settings_for(imap.url), receiver):
            await receiver.has(1, 2, 3)
            imap.deliver(9, b"Subject: nuevo\r\n\r\nx")
            await receiver.has(9)
            await until(lambda: imap.seen == {1, 2, 3, 9})
        assert [mail.uid for mail in receiver.mails] == [1, 2, 3, 9]
        assert receiver.mails[0] == RawMail(USER, 7, 1, MAILS[1])
        assert not receiver.marked_too_early
        assert imap.most_at_once == 1
        assert imap.open == 0


async def test_a_mail_that_comes_just_before_idle_is_not_missed() -> None:
    async with fake_imap(mails=dict(MAILS)) as imap:

        def fault(name: str, uid: int | None) -> str | None:
            if name == "IDLE" and 9 not in imap.mails:
                imap.deliver(9, b"Subject: entre tanto\r\n\r\nx")
            return None

        imap.fault = fault
        receiver = Receiver(imap)
        async with watching(settings_for(imap.url), receiver):
            await receiver.has(9)


@pytest.fixture
def trust(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """TLS of a server named localhost, and of a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "localhost.pem"
    encoding = serialization.Encoding.PEM
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem.write_bytes(key.private_bytes(encoding, *private) + certificate.public_bytes(encoding))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=str(pem))


async def test_over_tls_to_a_trusted_server_only(
    trust: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    server, client = trust
    async with fake_imap(mails=dict(MAILS), tls=server) as imap:
        receiver = Receiver(imap)
        async with watching(settings_for(imap.url, tls=client), receiver):
            await receiver.has(1, 2, 3)
            imap.deliver(9, b"Subject: nuevo\r\n\r\nx")
            await receiver.has(9)
        connections = imap.connections
        with pytest.raises(ssl.SSLCertVerificationError):
            await mailbox.check(settings_for(imap.url))
        assert imap.connections == connections == 1


async def test_a_mail_that_was_not_stored_stays_unseen_and_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mailbox, "LONGEST_RETRY", 0.2)
    async with fake_imap(mails=dict(MAILS), idle=False) as imap:
        receiver = Receiver(imap)
        receiver.refuse = {1}
        async with watching(settings_for(imap.url), receiver):
            await receiver.has(2, 3)
            await until(lambda: imap.seen >= {2, 3})
            await receiver.has(1)
            await until(lambda: imap.seen == {1, 2, 3})
        assert [mail.uid for mail in receiver.mails] == [2, 3, 1]


@pytest.mark.parametrize("what", ["no", "cut", "cut literal", "bye"])
async def test_a_mail_that_cannot_be_fetched_holds_up_no_other(what: str) -> None:
    def fault(command: str, uid: int | None) -> str | None:
        return what if command == "BODY" and uid == 1 else None

    async with fake_imap(mails=dict(MAILS), fault=fault) as imap:
        receiver = Receiver(imap)
        async with watching(settings_for(imap.url), receiver):
            await receiver.has(2, 3)
            await until(lambda: imap.seen == {2, 3})
        assert [mail.uid for mail in receiver.mails] == [2, 3]


@pytest.mark.parametrize(
    "command", ["LOGIN", "SELECT", "UID SEARCH", "UID FETCH", "BODY", "UID STORE"]
)
@pytest.mark.parametrize("what", ["cut", "bye", "no"])
async def test_a_link_cut_at_any_command_loses_nothing(command: str, what: str) -> None:
    left = [1]

    def fault(name: str, uid: int | None) -> str | None:
        if name == command and left:
            left.pop()
            return what
        return None

    async with fake_imap(mails=dict(MAILS), fault=fault) as imap:
        receiver = Receiver(imap)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(mailbox, "LONGEST_RETRY", 0.1)
            async with watching(settings_for(imap.url), receiver):
                imap.arrived.set()
                await receiver.has(2, 3) if command in {"BODY", "UID FETCH"} else None
                for _ in range(50):
                    if len(imap.seen) == 3:
                        break
                    imap.arrived.set()  # the server says that something is new
                    await asyncio.sleep(0.1)
        assert imap.seen == {1, 2, 3}
        assert {mail.uid for mail in receiver.mails} == {1, 2, 3}
        assert imap.most_at_once == 1


async def test_idle_that_is_cut_at_once_does_not_become_a_storm() -> None:
    def fault(name: str, uid: int | None) -> str | None:
        return "cut" if name == "IDLE" else None

    async with fake_imap(mails={}, fault=fault) as imap:
        async with watching(settings_for(imap.url, first_delay=0.1), Receiver(imap)):
            await asyncio.sleep(1.5)
        assert 2 <= imap.connections <= 6


async def test_a_wrong_password_is_tried_ever_more_rarely() -> None:
    async with fake_imap(mails=dict(MAILS)) as imap:
        wrong = imap.url.replace("clave", "otra")
        async with watching(settings_for(wrong, first_delay=0.1), Receiver(imap)):
            await asyncio.sleep(1.5)
        assert 2 <= imap.connections <= 6
        with pytest.raises(mailbox.FAILURES):
            await mailbox.check(settings_for(wrong))
        assert "INBOX" in await mailbox.check(settings_for(imap.url))


async def test_a_new_uidvalidity_names_other_mails() -> None:
    async with fake_imap(mails=dict(MAILS)) as imap:
        for imap.uidvalidity in (7, 8):
            imap.seen.clear()
            receiver = Receiver(imap)
            async with watching(settings_for(imap.url), receiver):
                await receiver.has(1, 2, 3)
            assert {mail.uidvalidity for mail in receiver.mails} == {imap.uidvalidity}


async def test_of_a_huge_mail_the_beginning_is_kept_with_a_note() -> None:
    raw = MAILS[1] + b"x" * 5_000
    async with fake_imap(mails={1: raw}) as imap:
        receiver = Receiver(imap)
        async with watching(settings_for(imap.url, max_bytes=1_000), receiver):
            await receiver.has(1)
        note = b"X-Help-Care-Truncated: %d\r\n" % len(raw)
        assert receiver.mails[0].raw == note + raw[:1_000]


async def test_cancelling_closes_the_link() -> None:
    async with fake_imap(mails=dict(MAILS)) as imap:
        receiver = Receiver(imap)
        task = asyncio.create_task(mailbox.watch(settings_for(imap.url), receiver, asyncio.Event()))
        await receiver.has(1, 2, 3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: imap.open == 0)


# --- back-off --------------------------------------------------------------------------------


def test_delays_double_to_ten_minutes_and_start_anew_after_a_link_that_held() -> None:
    backoff = Backoff(2.0)
    delays = [backoff.after(1.0, 0.5) for _ in range(12)]
    assert delays == [2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600]
    assert backoff.after(119.0, 0.5) == 600
    assert backoff.after(121.0, 0.5) == 2


@given(st.lists(st.tuples(st.floats(0, 119), st.floats(0, 1)), min_size=1, max_size=80))
def test_links_that_never_hold_are_tried_ever_more_rarely(links: list[tuple[float, float]]) -> None:
    backoff = Backoff()
    delays = [backoff.after(lasted, jitter) for lasted, jitter in links]
    for number, delay in enumerate(delays):
        plain = min(600.0, 2.0 * 2**number)
        assert 0.75 * plain <= delay <= 1.25 * plain


# --- a real server ---------------------------------------------------------------------------

needs_dovecot = pytest.mark.skipif(DOVECOT is None, reason=NO_DOVECOT)


@needs_dovecot
async def test_dovecot_pushes_and_keeps_what_was_handed_over_as_seen(tmp_path: Path) -> None:
    with running_imap(tmp_path) as imap:
        imap.deliver(MAILS[1])
        receiver = Receiver()
        async with watching(settings_for(imap.url, poll_every=300.0), receiver):
            await receiver.has(1)
            await asyncio.sleep(0.5)  # into IDLE
            imap.deliver(MAILS[2])
            began = asyncio.get_running_loop().time()
            await receiver.has(1, 2)
            assert asyncio.get_running_loop().time() - began < 5
        assert [mail.raw for mail in receiver.mails] == [MAILS[1], MAILS[2]]
        assert len(imap.flags()) == 2
        assert all("\\Seen" in flags for flags in imap.flags())

        later = Receiver()
        imap.deliver(MAILS[3])
        async with watching(settings_for(imap.url), later):
            await later.has(3)
        assert [mail.uid for mail in later.mails] == [3]


@needs_dovecot
async def test_dovecot_finds_what_was_sent(tmp_path: Path) -> None:
    with running_imap(tmp_path) as imap:
        imap.deliver(b"Message-ID: <hc.abc@helpcare.example>\r\n\r\nhola\r\n", folder="Sent")
        assert await mailbox.was_sent(settings_for(imap.url), "<hc.abc@helpcare.example>")
        assert not await mailbox.was_sent(settings_for(imap.url), "<hc.abd@helpcare.example>")


@needs_dovecot
async def test_dovecot_coming_back_is_found_again(tmp_path: Path) -> None:
    with running_imap(tmp_path) as imap:
        receiver = Receiver()
        async with watching(settings_for(imap.url), receiver):
            imap.deliver(MAILS[1])
            await receiver.has(1)
            imap.kick()
            imap.deliver(MAILS[2])
            await receiver.has(2)
