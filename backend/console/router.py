"""The agents' console: all of its pages."""

from fastapi import APIRouter

from backend.console import (
    conversation_list,
    conversation_page,
    people,
    signing_in,
    similar,
    tickets,
    trouble,
)

router = APIRouter(include_in_schema=False)
for part in (signing_in, conversation_list, conversation_page, tickets, similar, trouble, people):
    router.include_router(part.router)
