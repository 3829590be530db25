"""The web application: webhooks, API, console and chat behind the same few guards."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI

from backend.api import build_router
from backend.body_limit import BodyLimit
from backend.chat.router import router as chat
from backend.console.router import router as console
from backend.console.security import BrowserSecurity
from backend.health_api import router as health
from backend.inbox.api import routes as webhooks
from backend.privacy.router import router as privacy
from backend.problem_responses import add_problem_handlers
from backend.runtime import Runtime
from backend.settings import Settings
from backend.statics import mount_static

# a multipart form is a little longer than the file in it
_FORM_BYTES = 64 * 1024


def create_app(
    settings: Settings, runtime: Callable[[], AbstractAsyncContextManager[Runtime]]
) -> FastAPI:
    """The application; its parts are opened when it starts and closed when it stops."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with runtime() as parts:
            app.state.runtime = parts
            yield

    app = FastAPI(
        title="Help Care",
        version="1",
        lifespan=lifespan,
        routes=webhooks,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.include_router(health)
    app.include_router(build_router(), prefix="/api/v1")
    app.include_router(chat)
    app.include_router(privacy)
    app.include_router(console)
    mount_static(app)
    add_problem_handlers(app)
    app.add_middleware(BrowserSecurity, secure=settings.base_url.startswith("https://"))
    app.add_middleware(
        BodyLimit,
        most=settings.max_body_bytes,
        by_prefix={"/chat/files": settings.max_attachment_bytes + _FORM_BYTES},
    )
    return app
