"""How an embedded server can fail, in words for the operator."""

import errno
import re
from pathlib import Path


class EmbeddedServerError(Exception):
    """An embedded server cannot run; the text says why and what to do. Safe to show."""


_REMEDIES: tuple[tuple[str, str], ...] = (
    (r"No space left on device|Disk quota exceeded", "The disk is full: free some space there"),
    (
        r"Read-only file system",
        "The file system is read-only: mount it writable, or point HELPCARE_DATA_DIR elsewhere",
    ),
    (
        r"Permission denied|Operation not permitted|wrong ownership",
        (
            "This account may not write there: give it the folder (chown -R), start as the "
            "account that owns it, or point HELPCARE_DATA_DIR elsewhere"
        ),
    ),
    (
        r"Address already in use|could not bind",
        "Another program took the address in the same moment: start again",
    ),
    (
        r"incompatible with server|initialized by PostgreSQL version",
        (
            "The files were written by another PostgreSQL version: start the Help Care version "
            "that wrote them, dump, and load the dump into an empty directory"
        ),
    ),
    (
        r"Cannot allocate memory|could not (?:create|map|resize).*shared memory",
        "Too little memory: allow at least 512 MB (in a container also --shm-size)",
    ),
    (
        r"pre-existing shared memory block",
        "Processes of an earlier server still hold the directory: end them, then start again",
    ),
)


def explain(what: str, directory: Path, report: str) -> EmbeddedServerError:
    """Turn a server's log or an operating system's message into an error with a remedy."""
    remedy = next((words for pattern, words in _REMEDIES if re.search(pattern, report)), None)
    lines = [line.strip() for line in report.splitlines() if line.strip()]
    grave = [line for line in lines if re.search(r"FATAL|PANIC|[Ee]rror", line)] or lines[-5:]
    said = " | ".join(grave[-3:]) or "it said nothing"
    return EmbeddedServerError(
        f"{what} does not run in {directory}: {said}. {remedy or ''}".strip()
    )


def explain_os_error(what: str, directory: Path, error: OSError) -> EmbeddedServerError:
    """The same for a failed system call of our own."""
    if error.errno in {errno.ENOTDIR, errno.EEXIST, errno.ENOENT}:
        return EmbeddedServerError(
            f"{what} does not run in {directory}: {error.strerror}. "
            "Point HELPCARE_DATA_DIR at a directory."
        )
    return explain(what, directory, f"error: {error.strerror}")
