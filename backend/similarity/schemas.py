"""What resembles a ticket, as ``/api/v1`` and the console show it."""

from pydantic import BaseModel


class SimilarTicket(BaseModel):
    """``similarity`` is a cosine; ``same_problem``: at or above the threshold tuned on pairs."""

    number: str
    title: str
    status: str
    resolution: str | None
    similarity: float
    same_problem: bool


class SimilarArticle(BaseModel):
    id: int
    title: str
    body: str
    similarity: float


class Similar(BaseModel):
    """``available`` is false where the server has no pgvector or no model has looked yet."""

    available: bool
    open: list[SimilarTicket] = []  # the same problem, perhaps, of whoever
    solved: list[SimilarTicket] = []  # how it was solved before
    articles: list[SimilarArticle] = []
