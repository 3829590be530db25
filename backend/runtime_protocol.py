"""What a request handler may use; ``backend/runtime.py`` builds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from fastapi import Request
    from redis.asyncio import Redis

    from backend.attachments.store import AttachmentStore
    from backend.clock import Clock
    from backend.database import Database
    from backend.gateway import Gateway
    from backend.limits import Limits
    from backend.live import Live
    from backend.settings import Settings
    from backend.sla.terms import Terms


class WebRuntime(Protocol):
    """The parts of a web process."""

    settings: Settings
    database: Database
    redis: Redis
    gateway: Gateway
    clock: Clock
    live: Live
    limits: Limits
    attachments: AttachmentStore
    terms: Terms
    secret_key: str


def runtime_of(request: Request) -> WebRuntime:
    """The running application's parts."""
    return cast("WebRuntime", request.app.state.runtime)
