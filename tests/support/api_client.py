"""``/api/v1`` on a real database, called in process."""

from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
from fastapi import FastAPI
from support.desk import TERMS, Desk

from backend.agents import tokens
from backend.api import build_router
from backend.problem_responses import add_problem_handlers
from backend.settings import Settings


@dataclass
class HeardLive:
    """Takes the hints that go out to open pages."""

    heard: list = field(default_factory=list)

    def publish(self, topic, data):
        self.heard.append((topic, data))


class ApiRuntime:
    """What handlers find in ``app.state.runtime``, on the clock of a desk."""

    def __init__(self, desk: Desk, **settings):
        self.desk = desk
        self.database = desk.database
        self.gateway = desk.gateway
        self.settings = Settings(_env_file=None, **settings)
        self.terms = TERMS
        self.live = HeardLive()

    def clock(self):
        return self.desk.now


@asynccontextmanager
async def api_client(desk: Desk, **settings):
    """A signed-in client; ``client.live`` holds what was published."""
    runtime = ApiRuntime(desk, **settings)
    app = FastAPI(title="Help Care", openapi_url="/api/openapi.json")
    app.state.runtime = runtime
    app.include_router(build_router(), prefix="/api/v1")
    add_problem_handlers(app)
    async with desk.database.transaction() as session:
        token = await tokens.create(session, name="tests", now=desk.now)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport,
        base_url="http://help.example/api/v1",
        headers={"Authorization": f"Bearer {token}"},
    ) as client:
        client.live = runtime.live
        client.app = app
        yield client
