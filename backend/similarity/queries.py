"""The nearest tickets and articles by cosine."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.similarity.schemas import Similar, SimilarArticle, SimilarTicket
from nlp.similarity import SAME_PROBLEM

_MOST = 5
_WORTH_SHOWING = 0.45  # below this the nearest is only the least far

_POSSIBLE = text("SELECT to_regclass('embeddings') IS NOT NULL")
_OWN = text(
    """
    SELECT e.vector::text, e.model FROM embeddings e
    JOIN tickets t ON t.id = e.ref_id
    WHERE e.kind = 'ticket' AND t.number = :number
    """
)
_TICKETS = text(
    """
    SELECT t.number, t.title, t.status, t.resolution, 1 - (e.vector <=> CAST(:vector AS vector))
    FROM embeddings e JOIN tickets t ON t.id = e.ref_id
    WHERE e.kind = 'ticket' AND e.model = :model AND t.number <> :number
    AND t.merged_into_id IS NULL AND (t.status IN ('resuelto', 'cerrado')) = :solved
    AND NOT (:solved AND t.resolution IS NULL)
    ORDER BY e.vector <=> CAST(:vector AS vector) LIMIT :most
    """
)
_ARTICLES = text(
    """
    SELECT a.id, a.title, a.body, 1 - (e.vector <=> CAST(:vector AS vector))
    FROM embeddings e JOIN help_articles a ON a.id = e.ref_id
    WHERE e.kind = 'article' AND e.model = :model AND a.published
    ORDER BY e.vector <=> CAST(:vector AS vector) LIMIT :most
    """
)


async def similar_to(session: AsyncSession, number: str) -> Similar:
    """What resembles the ticket; nothing while it has no embedding yet."""
    if not await session.scalar(_POSSIBLE):
        return Similar(available=False)
    own = (await session.execute(_OWN, {"number": number})).first()
    if own is None:
        return Similar(available=False)
    wanted = {"number": number, "vector": own[0], "model": own[1], "most": _MOST}
    # the index gives the nearest before the conditions are looked at: look further than five
    await session.execute(text("SET LOCAL hnsw.ef_search = 200"))
    found = {}
    for solved in (False, True):
        rows = await session.execute(_TICKETS, {**wanted, "solved": solved})
        found[solved] = [
            SimilarTicket(
                number=row[0],
                title=row[1],
                status=row[2],
                resolution=row[3],
                similarity=round(row[4], 3),
                same_problem=row[4] >= SAME_PROBLEM,
            )
            for row in rows
            if row[4] >= _WORTH_SHOWING
        ]
    rows = await session.execute(_ARTICLES, {"vector": own[0], "model": own[1], "most": _MOST})
    articles = [
        SimilarArticle(id=row[0], title=row[1], body=row[2], similarity=round(row[3], 3))
        for row in rows
        if row[3] >= _WORTH_SHOWING
    ]
    return Similar(available=True, open=found[False], solved=found[True], articles=articles)
