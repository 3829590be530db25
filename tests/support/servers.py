"""One PostgreSQL and one Valkey for the whole test session, started when first asked for.

A database of one's own costs a copy of a template:

    template = fresh_database()              # once, then migrate it
    url = fresh_database(template)           # per test
    drop_database(url)
"""

import atexit
import itertools
import shutil
import tempfile
from functools import cache
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.engine import make_url

from backend.embedded import EmbeddedPostgres, EmbeddedValkey, start_postgres, start_valkey

_numbers = itertools.count(1)


@cache
def _directory() -> Path:
    directory = Path(tempfile.mkdtemp(prefix="helpcare-tests-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return directory


@cache
def _postgres() -> EmbeddedPostgres:
    server = start_postgres(_directory(), durable=False)
    atexit.register(server.stop)
    return server


@cache
def _valkey() -> EmbeddedValkey:
    server = start_valkey(_directory())
    atexit.register(server.stop)
    return server


def postgres_url() -> str:
    """The session's server; its database ``helpcare`` is shared, so make your own."""
    return _postgres().url


def valkey_url(database: int = 0) -> str:
    """The session's Valkey, one of its 16 databases; flush before use."""
    return _valkey().url.removesuffix("0") + str(database)


def fresh_database(template: str | None = None) -> str:
    """Create a database, as a copy of the one at the URL ``template`` if given; its URL."""
    name = f"test_{next(_numbers)}"
    source = _name(template) if template else "template1"
    with _administration() as connection:
        if template:
            # PostgreSQL copies only what nobody is connected to.
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                [source],
            )
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(source)
            )
        )
    return make_url(postgres_url()).set(database=name).render_as_string(hide_password=False)


def drop_database(url: str) -> None:
    """Remove a fresh database, ending the connections to it."""
    with _administration() as connection:
        connection.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(_name(url)))
        )


def _administration() -> psycopg.Connection:
    return psycopg.connect(postgres_url(), dbname="postgres", autocommit=True)


def _name(url: str) -> str:
    return str(conninfo_to_dict(url)["dbname"])
