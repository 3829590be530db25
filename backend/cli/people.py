"""``helpcare user`` and ``helpcare token``."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, TypeVar

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from backend import migrate
from backend.agents import service as agents
from backend.cli.environment import explained, load_settings, out
from backend.clock import clock_from
from backend.database import Database
from backend.servers import reached

users = typer.Typer(no_args_is_help=True, help="People who sign in to the console.")
tokens = typer.Typer(no_args_is_help=True, help="Bearer tokens of the API.")
T = TypeVar("T")


def _in_transaction(work: Callable[[AsyncSession, datetime], Awaitable[T]]) -> T:
    settings = load_settings()

    async def main(url: str) -> T:
        database = Database(url, pool_size=2)
        try:
            async with database.transaction() as session:
                return await work(session, clock_from(settings.fake_now)())
        finally:
            await database.dispose()

    with explained(), reached(settings) as urls:
        migrate.upgrade(urls.database)
        return asyncio.run(main(urls.database))


@users.command("create")
def create_user(
    email: Annotated[str, typer.Argument()],
    name: Annotated[str, typer.Option(prompt=True)],
    role: Annotated[str, typer.Option(help="agent, supervisor or admin")] = "agent",
) -> None:
    """Create a user and print a one-time password."""
    password = _in_transaction(
        lambda session, now: agents.create_agent(
            session, email=email, name=name, role=role, now=now
        )
    )
    out.print(f"{email}: one-time password [bold]{password}[/bold]", highlight=False)


@tokens.command("create")
def create_token(name: Annotated[str, typer.Argument(help="What it is for")]) -> None:
    """Create a bearer token for /api/v1; it is shown this once."""
    from backend.agents import tokens as api_tokens

    token = _in_transaction(lambda session, now: api_tokens.create(session, name=name, now=now))
    out.print(token, highlight=False)
