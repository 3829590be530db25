"""Commands that run Help Care or look after it."""

import asyncio
import socket
import time
from functools import partial
from typing import Annotated

import httpx
import typer
import uvicorn
import uvloop

from backend import migrate
from backend.cli.environment import errors, explained, load_settings, out, safe_settings
from backend.servers import configured, reached, started
from backend.settings import Settings

_START_PATIENCE_S = 60


def run() -> None:
    """Run everything: servers if none are configured, the web process and the workers."""
    from backend.supervisor import supervise

    settings = safe_settings()
    with explained():
        _check_port(settings)
        with started(settings) as urls:
            migrate.upgrade(urls.database)
            _train_if_missing(settings)
            asyncio.run(_create_first_admin(settings, urls.database))
            supervise(urls, workers=settings.workers, ready=partial(_announce, settings))


def web() -> None:
    """Run the web process."""
    from backend.runtime import open_runtime
    from backend.web import create_app

    settings = safe_settings()
    with explained():
        urls = configured(settings)
        app = create_app(
            settings,
            partial(open_runtime, settings, database_url=urls.database, redis_url=urls.redis),
        )
        uvicorn.run(
            app,
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=list(settings.trusted_proxies),
            server_header=False,
            timeout_graceful_shutdown=3,  # open pages hold their event streams; they reconnect
        )


def worker() -> None:
    """Run a worker process; start as many as there is work for."""
    from backend.runtime import open_runtime
    from backend.worker import run_worker

    settings = safe_settings()

    async def main() -> None:
        urls = configured(settings)
        async with open_runtime(
            settings, database_url=urls.database, redis_url=urls.redis
        ) as runtime:
            await run_worker(runtime)

    with explained():
        uvloop.run(main())


def migrate_database() -> None:
    """Bring the database to this version's schema."""
    settings = load_settings()
    with explained(), reached(settings) as urls:
        before = migrate.current(urls.database)
        migrate.upgrade(urls.database)
        out.print(f"Database: {before or 'empty'} → {migrate.current(urls.database)}")


def demo() -> None:
    """Fill an empty database with a believable data set."""
    from backend.demo import load
    from backend.runtime import open_runtime

    settings = load_settings()

    async def main(database_url: str, redis_url: str) -> str:
        async with open_runtime(settings, database_url=database_url, redis_url=redis_url) as parts:
            return await load(parts)

    with explained(), reached(settings) as urls:
        migrate.upgrade(urls.database)
        out.print(asyncio.run(main(urls.database, urls.redis)))


def doctor() -> None:
    """Check every setting and connection, and say how to mend what is wrong."""
    from backend.doctor import examine, exit_code, table

    settings = load_settings()
    findings = asyncio.run(examine(settings))
    out.print(table(findings))
    raise typer.Exit(exit_code(findings))


def chat(
    url: Annotated[str | None, typer.Option(help="Where Help Care runs; default: here")] = None,
) -> None:
    """Talk to the bot in the terminal, as a client on the web chat."""
    from backend.cli.chat import chat as talk

    settings = load_settings()
    with explained():
        talk(url or settings.base_url)


def _check_port(settings: Settings) -> None:
    """A taken port is better said before the servers start than after."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            errors.print(
                f"[red]Cannot listen on {settings.host}:{settings.port}: {error.strerror}. "
                "Set HELPCARE_PORT or HELPCARE_HOST to something free.[/red]",
                highlight=False,
            )
            raise typer.Exit(1) from None


def _train_if_missing(settings: Settings) -> None:
    from backend.cli.nlu import train_model

    if not (settings.model_dir / "manifest.json").exists():
        out.print("No understanding model yet; training one …")
        train_model(settings.model_dir, force=False, encoder=settings.encoder)


async def _create_first_admin(settings: Settings, database_url: str) -> None:
    from backend.agents import service as agents
    from backend.clock import clock_from
    from backend.database import Database

    database = Database(database_url, pool_size=2)
    try:
        async with database.transaction() as session:
            password = await agents.create_first_admin(session, now=clock_from(settings.fake_now)())
    finally:
        await database.dispose()
    if password is not None:
        out.print(
            f"First administrator: [bold]{agents.FIRST_ADMIN}[/bold], one-time password "
            f"[bold]{password}[/bold] (it must be changed at the first sign-in)",
            highlight=False,
        )


def _announce(settings: Settings) -> None:
    """Say where the pages are once they answer."""
    deadline = time.monotonic() + _START_PATIENCE_S
    address = f"http://{settings.host}:{settings.port}"
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{address}/healthz", timeout=1).status_code == httpx.codes.OK:
                out.print(
                    f"\nHelp Care is running.\n  Chat:    {settings.base_url}/chat\n"
                    f"  Console: {settings.base_url}/\nPress Ctrl-C to stop.",
                    highlight=False,
                )
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    errors.print("[red]The web process does not answer; see the log above.[/red]")
