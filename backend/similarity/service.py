"""Keeps the embeddings of tickets and articles up to date, behind everything that writes them."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

from backend.database import Database

Embed = Callable[[Sequence[str]], Awaitable[list[list[float]] | None]]
"""Texts to vectors of unit length; ``None`` where there is no model that can."""

_BATCH = 8  # the messages of clients wait meanwhile
_OVERLAP = timedelta(minutes=5)  # a transaction commits later than the time that it wrote down

# What has no embedding by this model of the text it has now.
_MISSING = """
    SELECT s.kind, s.ref_id, s.text, s.updated_at FROM (
        SELECT 'ticket' AS kind, id AS ref_id, title || '. ' || description AS text, updated_at
        FROM tickets WHERE updated_at >= %(since)s
        UNION ALL
        SELECT 'article', id, title || '. ' || body, updated_at
        FROM help_articles WHERE updated_at >= %(since)s
    ) s
    LEFT JOIN embeddings e ON e.kind = s.kind AND e.ref_id = s.ref_id
    WHERE e.ref_id IS NULL OR e.model <> %(model)s OR e.text_hash <> md5(s.text)
    ORDER BY s.updated_at LIMIT %(most)s
"""
_KEEP = """
    INSERT INTO embeddings (kind, ref_id, model, text_hash, vector)
    SELECT k, r, %(model)s, md5(t), v::vector
    FROM unnest(%(kinds)s::text[], %(refs)s::bigint[], %(texts)s::text[], %(vectors)s::text[])
        AS a(k, r, t, v)
    ON CONFLICT (kind, ref_id) DO UPDATE
    SET model = excluded.model, text_hash = excluded.text_hash, vector = excluded.vector
"""


def as_vector(values: Sequence[float]) -> str:
    """The text form of pgvector."""
    return "[" + ",".join(f"{value:.5f}" for value in values) + "]"


async def is_possible(database: Database) -> bool:
    """Whether this server has pgvector, and so the table of embeddings."""
    row = await database.statement("SELECT to_regclass('embeddings') IS NOT NULL", ())
    return bool(row and row[0])


class Embedder:
    """Looks again and again for what is not embedded yet; several processes may.

    The first look is at everything, so that a new model is applied to old tickets too; after that
    only at what changed lately.
    """

    def __init__(self, database: Database, embed: Embed) -> None:
        self._database = database
        self._embed = embed
        self._since = datetime.min.replace(tzinfo=UTC)
        self._model = ""

    async def catch_up(self, *, model: str, now: datetime) -> int:
        """Embed at most one batch with ``model`` (its name); how many that were."""
        if model != self._model:
            self._model, self._since = model, datetime.min.replace(tzinfo=UTC)
        missing = await self._database.rows(
            _MISSING, {"since": self._since, "model": model, "most": _BATCH}
        )
        if not missing:
            self._since = now - _OVERLAP
            return 0
        kinds, refs, texts, _ = zip(*missing, strict=True)
        vectors = await self._embed(texts)
        if vectors is None:
            return 0
        await self._database.rows(
            _KEEP,
            {
                "model": model,
                "kinds": list(kinds),
                "refs": list(refs),
                "texts": list(texts),
                "vectors": [as_vector(vector) for vector in vectors],
            },
        )
        return len(missing)
