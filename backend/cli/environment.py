"""What every command starts with: its settings, or one clear word on what is wrong with them."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from pydantic import ValidationError
from rich.console import Console
from sqlalchemy.exc import OperationalError

from backend.doctor import machine
from backend.embedded import EmbeddedServerError
from backend.logs import configure
from backend.problems import Problem
from backend.settings import Settings

errors = Console(stderr=True)
out = Console()


def load_settings() -> Settings:
    """The settings, with logging set up by them; exits 2 naming the setting that is wrong."""
    try:
        settings = Settings()
    except ValidationError as invalid:
        for problem in invalid.errors():
            name = "_".join(str(part) for part in problem["loc"]).upper()
            where = f"HELPCARE_{name}: " if name else ""
            errors.print(f"[red]{where}{problem['msg']}[/red]", highlight=False)
        raise typer.Exit(2) from None
    configure(
        json={"auto": None, "json": True, "text": False}[settings.log_format],
        level=settings.log_level,
    )
    return settings


def safe_settings() -> Settings:
    """The settings of a server; exits 2 rather than serve with a weak key or in clear text."""
    settings = load_settings()
    unsafe = [
        finding
        for finding in (machine.secret_key(settings), machine.public_url(settings))
        if finding.level == "fail"
    ]
    for finding in unsafe:
        errors.print(f"[red]{finding.what}. {finding.remedy}[/red]", highlight=False)
    if unsafe:
        raise typer.Exit(2)
    return settings


@contextmanager
def explained() -> Iterator[None]:
    """Turn expected failures into one sentence and exit code 1."""
    try:
        yield
    except (EmbeddedServerError, Problem) as problem:
        errors.print(f"[red]{problem}[/red]", highlight=False)
        raise typer.Exit(1) from None
    except OperationalError as error:
        errors.print(f"[red]The database cannot be reached: {error.orig}[/red]", highlight=False)
        raise typer.Exit(1) from None
