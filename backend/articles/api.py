"""``/api/v1/articles``."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlalchemy import select

from backend.api_fields import Id
from backend.articles.models import HelpArticle
from backend.articles.schemas import ArticlePatch, ArticleRecord, NewArticle
from backend.paging import Page, PageQuery, fetch_page
from backend.problems import Invalid, NotFound
from backend.runtime_protocol import runtime_of

router = APIRouter(prefix="/articles", tags=["articles"])


@router.get("")
async def list_articles(
    request: Request, wanted: Annotated[PageQuery, Query()]
) -> Page[ArticleRecord]:
    async with runtime_of(request).database.transaction() as session:
        rows, cursor = await fetch_page(
            session, select(HelpArticle), wanted, id_column=HelpArticle.id
        )
    items = [ArticleRecord.model_validate(article) for (article,) in rows]
    return Page(items=items, next_cursor=cursor)


@router.post("", status_code=201)
async def create_article(request: Request, new: NewArticle) -> ArticleRecord:
    """Write an article; workers make it findable within seconds."""
    runtime = runtime_of(request)
    now = runtime.clock()
    article = HelpArticle(**new.model_dump(), created_at=now, updated_at=now)
    async with runtime.database.transaction() as session:
        session.add(article)
        await session.flush()
        return ArticleRecord.model_validate(article)


@router.get("/{article_id}")
async def read_article(request: Request, article_id: Id) -> ArticleRecord:
    async with runtime_of(request).database.transaction() as session:
        article = await session.get(HelpArticle, article_id)
    if article is None:
        raise NotFound(f"There is no article {article_id}")
    return ArticleRecord.model_validate(article)


@router.patch("/{article_id}")
async def patch_article(request: Request, article_id: Id, patch: ArticlePatch) -> ArticleRecord:
    """Correct or withdraw it (``published`` false)."""
    runtime = runtime_of(request)
    changes = patch.model_dump(exclude_unset=True)
    if None in changes.values():
        raise Invalid("An article has a title, a body and a language")
    async with runtime.database.transaction() as session:
        article = await session.get(HelpArticle, article_id, with_for_update=True)
        if article is None:
            raise NotFound(f"There is no article {article_id}")
        for name, value in changes.items():
            setattr(article, name, value)
        article.updated_at = runtime.clock()
        await session.flush()
        return ArticleRecord.model_validate(article)
