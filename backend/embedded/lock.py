"""One owner per server directory: an flock-ed file that dies with its process.

The file stays when the lock goes, since removing it would let two owners lock two files of one
name. Its lines are the owner's process id and, once the server is up, the server's address, so
that a command beside a running ``helpcare run`` finds it.
"""

import fcntl
import os
import time
from pathlib import Path

import psutil

from backend.embedded.errors import EmbeddedServerError, explain_os_error

_DEAD_OWNER_WAIT_S = 5.0


class DirectoryLock:
    """Held from construction to :meth:`release` or the end of the process, however it ends."""

    def __init__(self, data_dir: Path, server: str) -> None:
        """Take the lock, or raise :class:`EmbeddedServerError` naming who has it."""
        self._path = _path(data_dir, server)
        try:
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise explain_os_error(server, data_dir, error) from error
        try:
            self._take(data_dir, server)
            self._write("")
        except OSError as error:
            os.close(self._fd)
            raise explain_os_error(server, data_dir, error) from error
        except EmbeddedServerError:
            os.close(self._fd)
            raise

    def _take(self, data_dir: Path, server: str) -> None:
        deadline = time.monotonic() + _DEAD_OWNER_WAIT_S
        while True:
            try:
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                owner, _ = _read(self._path)
                # A child forked by a killed owner keeps the lock for its last moments.
                if (owner and psutil.pid_exists(owner)) or time.monotonic() > deadline:
                    raise EmbeddedServerError(
                        f"{data_dir} is in use: process {owner or 'unknown'} already runs the "
                        f"embedded {server} there (lock file {self._path.name}). Stop that "
                        "process, or give this one its own directory with HELPCARE_DATA_DIR."
                    ) from None
                time.sleep(0.05)
            else:
                return

    def announce(self, url: str) -> None:
        """Write the server's address for :func:`announced`."""
        self._write(url)

    def _write(self, url: str) -> None:
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{os.getpid()}\n{url}\n".encode(), 0)

    def release(self) -> None:
        """Give the directory up."""
        os.ftruncate(self._fd, 0)
        os.close(self._fd)


def announced(data_dir: Path, server: str) -> str | None:
    """The address of the server that another process runs on ``data_dir`` now, if one does."""
    path = _path(data_dir, server)
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(path)[1]
    finally:
        os.close(fd)
    return None


def _path(data_dir: Path, server: str) -> Path:
    return data_dir / f"{server}.lock"


def _read(path: Path) -> tuple[int | None, str | None]:
    try:
        owner, url, *_ = [*path.read_text().splitlines(), "", ""]
    except OSError:
        return None, None
    return (int(owner) if owner.isdigit() else None), url or None
