"""Where the bytes of attachments lie: a small Protocol, and a directory as its default."""

import asyncio
import os
import re
import secrets
from pathlib import Path
from typing import Protocol

_NAME = re.compile(r"[0-9a-f]{32}")


class AttachmentStore(Protocol):
    """Keeps bytes under names that it makes itself; nothing from outside becomes a name."""

    async def put(self, content: bytes) -> str:
        """Keep the bytes durably; the name under which they are found again."""
        ...

    async def get(self, name: str) -> bytes:
        """The bytes, or :class:`FileNotFoundError` (also for what can be no name of ours)."""
        ...

    async def delete(self, name: str) -> None:
        """Forget them; it is no error when they are gone already."""
        ...


class DirectoryStore:
    """Files in a directory, spread over 256 folders, readable by this account only."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def put(self, content: bytes) -> str:
        name = secrets.token_hex(16)
        await asyncio.to_thread(self._write, self._path(name), content)
        return name

    async def get(self, name: str) -> bytes:
        return await asyncio.to_thread(self._path(name).read_bytes)

    async def delete(self, name: str) -> None:
        await asyncio.to_thread(self._path(name).unlink, missing_ok=True)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise FileNotFoundError("not the name of a stored file")
        return self._root / name[:2] / name

    def _write(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = path.with_suffix(".part")
        try:
            with os.fdopen(
                os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
            ) as f:
                f.write(content)
                f.flush()
                os.fsync(f.fileno())
            partial.rename(path)
        except OSError:
            partial.unlink(missing_ok=True)
            raise
        # the message that names the file is acknowledged next: the folder's entry must last too
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
