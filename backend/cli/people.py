"""``helpcare user`` and ``helpcare token``."""

from typing import Annotated

import typer

from backend.agents import service as agents
from backend.cli.environment import out
from backend.cli.unit_of_work import in_transaction

users = typer.Typer(no_args_is_help=True, help="People who sign in to the console.")
tokens = typer.Typer(no_args_is_help=True, help="Bearer tokens of the API.")


@users.command("create")
def create_user(
    email: Annotated[str, typer.Argument()],
    name: Annotated[str, typer.Option(prompt=True)],
    role: Annotated[str, typer.Option(help="agent, supervisor or admin")] = "agent",
) -> None:
    """Create a user and print a one-time password."""
    password = in_transaction(
        lambda session, now: agents.create_agent(
            session, email=email, name=name, role=role, now=now
        )
    )
    out.print(f"{email}: one-time password [bold]{password}[/bold]", highlight=False)


@tokens.command("create")
def create_token(name: Annotated[str, typer.Argument(help="What it is for")]) -> None:
    """Create a bearer token for /api/v1; it is shown this once."""
    from backend.agents import tokens as api_tokens

    token = in_transaction(lambda session, now: api_tokens.create(session, name=name, now=now))
    out.print(token, highlight=False)
