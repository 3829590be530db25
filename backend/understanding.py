"""Runs the model off the event loop, and does without it when it is missing or fails."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import structlog

from backend.metrics import UNDERSTANDING_SECONDS
from nlp.gazetteer import Gazetteer
from nlp.pipeline import ModelDamaged, ModelMissing, Pipeline
from nlp.understanding import Understanding

_PATIENCE_S = 2.0  # a client is handed to a person rather than kept waiting
log = structlog.get_logger()


class Understander:
    """One model, one thread: more threads would only take turns at the interpreter."""

    def __init__(self, model_dir: Path) -> None:
        self._model_dir = model_dir
        self._pipeline: Pipeline | None = None
        self._loaded_from: float | None = None  # mtime of the manifest that was tried
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="nlp")

    async def understand(
        self, text: str, *, now: datetime, gazetteer: Gazetteer | None = None
    ) -> Understanding | None:
        """What a message means; ``gazetteer`` holds the names known for the sender's account.

        ``None`` when there is no model, or when it failed or took too long.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await loop.run_in_executor(
                    self._executor, self._understand, text, now, gazetteer
                )
        except TimeoutError:
            log.warning("understanding.too_slow", characters=len(text))
        return None

    @property
    def meaning_model(self) -> str | None:
        """Names the model whose embeddings can be compared; ``None`` where there is none."""
        return self._pipeline.meaning_model if self._pipeline else None

    async def meanings(self, texts: Sequence[str]) -> list[list[float]] | None:
        """Embeddings of unit length; ``None`` when the model cannot."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._meanings, texts)

    def _meanings(self, texts: Sequence[str]) -> list[list[float]] | None:
        return self._pipeline.meanings(texts) if self._pipeline else None

    def load(self) -> bool:
        """Load the model, or one that was trained since; True when there is one."""
        manifest = self._model_dir / "manifest.json"
        stamp = manifest.stat().st_mtime if manifest.exists() else None
        if stamp != self._loaded_from or (stamp is None and self._pipeline is None):
            self._loaded_from = stamp
            try:
                self._pipeline = Pipeline.load(self._model_dir)
                log.info("understanding.loaded", model=str(self._model_dir))
            except (ModelMissing, ModelDamaged) as error:
                log.warning("understanding.no_model", reason=str(error))
        return self._pipeline is not None

    def _understand(
        self, text: str, now: datetime, gazetteer: Gazetteer | None
    ) -> Understanding | None:
        if self._pipeline is None:
            self.load()
        pipeline = self._pipeline
        if pipeline is None:
            return None
        with UNDERSTANDING_SECONDS.time():
            try:
                return pipeline.understand(text, now=now, gazetteer=gazetteer)
            except (ValueError, KeyError, IndexError, ArithmeticError, RecursionError):
                log.exception("understanding.failed", characters=len(text))
                return None

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)
