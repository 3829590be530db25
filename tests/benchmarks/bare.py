"""What acknowledging is compared with: FastAPI and one INSERT through SQLAlchemy and psycopg 3.

Run by uvicorn like our own web process, on the same database.
"""

import os
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from backend.database import sqlalchemy_url

engine = create_async_engine(
    sqlalchemy_url(os.environ["HELPCARE_DATABASE_URL"]), pool_size=10, max_overflow=0
)
INSERT = text("INSERT INTO bare_events (raw) VALUES (:raw)")


@asynccontextmanager
async def lifespan(_app: FastAPI):
    async with engine.begin() as connection:
        await connection.execute(
            text("CREATE TABLE IF NOT EXISTS bare_events (id bigserial PRIMARY KEY, raw bytea)")
        )
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan, openapi_url=None)


@app.post("/")
async def store(request: Request) -> Response:
    body = await request.body()
    async with engine.begin() as connection:
        await connection.execute(INSERT, {"raw": body})
    return Response()
