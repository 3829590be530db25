"""Help articles as ``/api/v1`` takes and gives them."""

from datetime import datetime

from backend.api_fields import Body, Line, Record, Text
from nlp.understanding import Language


class NewArticle(Body):
    title: Line
    body: Text
    language: Language = "es"
    published: bool = True


class ArticlePatch(Body):
    title: Line | None = None
    body: Text | None = None
    language: Language | None = None
    published: bool | None = None


class ArticleRecord(Record):
    id: int
    title: str
    body: str
    language: str
    published: bool
    created_at: datetime
    updated_at: datetime
