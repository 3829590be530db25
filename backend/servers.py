"""Which PostgreSQL and Redis to use: the configured ones, or embedded ones."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from backend.embedded import start_postgres, start_valkey
from backend.embedded.postgres import running_postgres
from backend.embedded.valkey import running_valkey
from backend.problems import Unavailable
from backend.settings import Settings


@dataclass(frozen=True, slots=True)
class ServerUrls:
    database: str
    redis: str

    def environment(self) -> dict[str, str]:
        """For child processes, so that they use the same servers."""
        return {
            **os.environ,
            "HELPCARE_DATABASE_URL": self.database,
            "HELPCARE_REDIS_URL": self.redis,
        }


@contextmanager
def started(settings: Settings) -> Iterator[ServerUrls]:
    """Start what is not configured, and stop it in the end."""
    with ExitStack() as stack:
        if settings.database_url is not None:
            database = settings.database_url.get_secret_value()
        else:
            postgres = start_postgres(settings.data_dir)
            stack.callback(postgres.stop)
            database = postgres.url
        if settings.redis_url is not None:
            redis = settings.redis_url.get_secret_value()
        else:
            valkey = start_valkey(settings.data_dir)
            stack.callback(valkey.stop)
            redis = valkey.url
        yield ServerUrls(database, redis)


def _found(settings: Settings) -> ServerUrls:
    """The configured servers, or those of a `helpcare run` on the same data directory."""
    database, redis = settings.database_url, settings.redis_url
    return ServerUrls(
        database.get_secret_value() if database else running_postgres(settings.data_dir) or "",
        redis.get_secret_value() if redis else running_valkey(settings.data_dir) or "",
    )


@contextmanager
def reached(settings: Settings) -> Iterator[ServerUrls]:
    """Servers that are there already, else own ones; for commands that do one thing."""
    found = _found(settings)
    if found.database and found.redis:
        yield found
        return
    with started(settings) as urls:
        yield urls


def configured(settings: Settings) -> ServerUrls:
    """For `web` and `worker`: they never start servers. Raises :class:`Unavailable` without."""
    found = _found(settings)
    for url, setting in ((found.database, "DATABASE"), (found.redis, "REDIS")):
        if not url:
            raise Unavailable(
                f"HELPCARE_{setting}_URL is not set and no `helpcare run` is running here"
            )
    return found
