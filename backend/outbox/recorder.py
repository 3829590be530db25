"""Writes down how tries ended: those that end at about the same time in one statement."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from backend.database import Database, jsonb
from backend.outbox.statements import RECORD

_GATHER_S = 0.005
Told = tuple[str | None, bool]  # the conversation's thread, and whether there is a report


@dataclass(slots=True)
class Recorder:
    """One per dispatcher."""

    database: Database
    _waiting: list[tuple[Mapping[str, Any], asyncio.Future[Told | None]]] = field(
        default_factory=list
    )
    _writing: asyncio.Task[None] | None = None

    async def record(self, columns: Mapping[str, Any]) -> Told | None:
        """Returns when it is committed; ``None`` when another claim has overtaken this one."""
        written: asyncio.Future[Told | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((columns, written))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        return await written

    async def _write(self) -> None:
        while self._waiting:
            await asyncio.sleep(_GATHER_S)
            batch, self._waiting = self._waiting, []
            try:
                tries = jsonb([columns for columns, _ in batch])
                rows = await self.database.rows(RECORD, {"tries": tries})
            # whoever waits is told, and the claims run out: nothing is sent twice
            except Exception as error:  # noqa: BLE001
                for _, written in batch:
                    if not written.done():
                        written.set_exception(error)
                continue
            told = {row[0]: (row[1], row[2]) for row in rows}
            for columns, written in batch:
                if not written.done():
                    written.set_result(told.get(columns["id"]))
