"""``/api/v1``: the resources behind bearer tokens, their errors as JSON problems (RFC 9457)."""

from typing import Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict

from backend.accounts.api import router as accounts
from backend.agents.tokens import require_token
from backend.articles.api import router as articles
from backend.contacts.api import router as contacts
from backend.conversations.api import router as conversations
from backend.outbox.api import router as outbox
from backend.reports.api import router as reports
from backend.similarity.api import router as similarity
from backend.surveys.api import router as surveys
from backend.tickets.api import router as tickets


class ProblemBody(BaseModel):
    """What went wrong; a conflict also says what the state is now."""

    model_config = ConfigDict(extra="allow")

    title: str
    status: int
    detail: str


_PROBLEM: dict[str, Any] = {
    "content": {"application/problem+json": {"schema": ProblemBody.model_json_schema()}}
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    401: {"description": "No valid token", **_PROBLEM},
    404: {"description": "There is no such thing", **_PROBLEM},
    409: {"description": "The state does not allow it, or has changed meanwhile", **_PROBLEM},
    422: {"description": "The request is not valid", **_PROBLEM},
    503: {"description": "Try again shortly", **_PROBLEM},
}


def build_router() -> APIRouter:
    """All resources; mount it under ``/api/v1``."""
    router = APIRouter(dependencies=[Depends(require_token)], responses=_RESPONSES)
    for resource in (
        tickets,
        similarity,
        articles,
        conversations,
        contacts,
        accounts,
        surveys,
        reports,
        outbox,
    ):
        router.include_router(resource)
    return router
