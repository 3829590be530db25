"""Real mail servers on loopback: Debian's dovecot for IMAP, aiosmtpd for SMTP."""

import contextlib
import grp
import imaplib
import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import quote

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER = "soporte@helpcare.example"
PASSWORD = "clave+de/prueba"

_CREDENTIALS = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}"

DOVECOT = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
NO_DOVECOT = "dovecot is not installed (apt-get install dovecot-imapd)"

_CONF = """
base_dir = {dir}/run
state_dir = {dir}/run
instance_name = test-{port}
log_path = {dir}/dovecot.log
listen = 127.0.0.1
protocols = imap
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
mail_location = maildir:{dir}/mail:LAYOUT=fs
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 0
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={dir}/home
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    special_use = \\Sent
    auto = create
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class ImapServer:
    """``url`` signs in to the mailbox of ``USER``."""

    port: int
    directory: Path
    process: subprocess.Popen[bytes]
    _number: Iterator[int] = field(default_factory=itertools.count)

    @property
    def url(self) -> str:
        return f"imap://{_CREDENTIALS}@127.0.0.1:{self.port}/INBOX"

    def deliver(self, raw: bytes, folder: str = "INBOX") -> None:
        """Put a mail into the mailbox as a delivery agent does."""
        root = self.directory / "mail"
        maildir = root if folder == "INBOX" else root / folder
        name = f"{time.time():.6f}.{next(self._number)}.test"
        for part in ("", "tmp", "new", "cur"):
            if not (maildir / part).exists():
                (maildir / part).mkdir()
                os.chown(maildir / part, *root.stat()[4:6])
        (maildir / "tmp" / name).write_bytes(raw)
        (maildir / "tmp" / name).rename(maildir / "new" / name)

    def connect(self) -> imaplib.IMAP4:
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=10)
        client.login(USER, PASSWORD)
        return client

    def flags(self) -> list[str]:
        """The flags of every mail in the inbox, in order."""
        client = self.connect()
        try:
            client.select("INBOX", readonly=True)
            _, answer = client.fetch("1:*", "(FLAGS)")
            return [line.decode() for line in answer if isinstance(line, bytes)]
        finally:
            client.logout()

    def kick(self) -> None:
        """Cut all connections, as a restart of the server does."""
        subprocess.run(
            ["doveadm", "-c", str(self.directory / "dovecot.conf"), "kick", "*"],
            check=False,
            capture_output=True,
        )


@contextlib.contextmanager
def running_imap(tmp_path: Path) -> Iterator[ImapServer]:
    """A dovecot of its own under ``tmp_path``; needs ``DOVECOT``."""
    if DOVECOT is None:
        raise RuntimeError(NO_DOVECOT)
    with contextlib.ExitStack() as stack:
        if os.getuid() == 0:  # dovecot refuses to serve root, and others cannot enter tmp_path
            tmp_path = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dovecot-")))
            tmp_path.chmod(0o755)
        yield stack.enter_context(_dovecot(tmp_path, free_port()))


@contextlib.contextmanager
def _dovecot(directory: Path, port: int) -> Iterator[ImapServer]:
    is_root = os.getuid() == 0
    owner = pwd.getpwnam("nobody") if is_root else pwd.getpwuid(os.getuid())
    for folder in ("run", "mail", "home"):
        (directory / folder).mkdir()
    for folder in ("mail", "home"):
        os.chown(directory / folder, owner.pw_uid, owner.pw_gid)
    config = directory / "dovecot.conf"
    config.write_text(
        _CONF.format(
            dir=directory,
            port=port,
            password=PASSWORD,
            uid=owner.pw_uid,
            gid=owner.pw_gid,
            internal="dovecot" if is_root else owner.pw_name,
            internal_group="dovecot" if is_root else grp.getgrgid(owner.pw_gid).gr_name,
            login="dovenull" if is_root else owner.pw_name,
        )
    )
    process = subprocess.Popen(
        [DOVECOT, "-F", "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        _wait_for_port(port, process)
        yield ImapServer(port, directory, process)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stderr:
            process.stderr.close()


def _wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        if process.poll() is not None:
            error = process.stderr.read().decode() if process.stderr else ""
            raise RuntimeError(f"dovecot ended: {error}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError("dovecot does not answer")


@dataclass
class SentMail:
    envelope_from: str
    recipients: list[str]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        message = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message


@dataclass
class SmtpServer:
    """``sent`` lists what was accepted. ``answers`` sets the reply to a stage (``mail``, ``rcpt``,
    ``data``, ``auth``), as ``550 5.1.1 no``; ``drop`` in ``data`` cuts the link after the content.
    """

    port: int = 0
    sent: list[SentMail] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)
    auth: bool = False

    @property
    def url(self) -> str:
        credentials = f"{_CREDENTIALS}@" if self.auth else ""
        return f"smtp://{credentials}127.0.0.1:{self.port}"

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := self.answers.get("mail"):
            return answer
        if self.auth and not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := self.answers.get("rcpt"):
            return answer
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        answer = self.answers.get("data")
        if answer == "drop":
            assert server.transport is not None
            server.transport.abort()
            return "250 lost"
        if answer:
            return answer
        content = envelope.content
        assert isinstance(content, bytes)
        sender = (envelope.mail_from or "").removeprefix(
            "<>"
        )  # aiosmtpd's word for the null sender
        self.sent.append(SentMail(sender, list(envelope.rcpt_tos), content))
        return "250 OK"

    async def auth_XOAUTH2(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, args: list[str]
    ) -> AuthResult:
        self.tokens.append(args[1])
        refused = self.answers.get("auth")
        return AuthResult(success=not refused, handled=False, message=refused)


def _authenticate(
    server: SMTP, session: Session, envelope: Envelope, kind: str, data: object
) -> AuthResult:
    right = data == LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False)


@contextlib.contextmanager
def running_smtp(*, auth: bool = False) -> Iterator[SmtpServer]:
    """An SMTP server in a thread; with ``auth``, only who signed in sends: ``USER`` or a token."""
    smtp = SmtpServer(port=free_port(), auth=auth)
    controller = Controller(
        smtp,
        hostname="127.0.0.1",
        port=smtp.port,
        auth_require_tls=False,
        authenticator=_authenticate,
    )
    controller.start()
    try:
        yield smtp
    finally:
        controller.stop()
