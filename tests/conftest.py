from collections.abc import AsyncIterator, Iterator

import pytest
from support.servers import drop_database, fresh_database

from backend import migrate
from backend.database import Database


@pytest.fixture(scope="session")
def template_url() -> str:
    """An empty database with our schema, to be copied."""
    url = fresh_database()
    migrate.upgrade(url)
    return url


@pytest.fixture
def database_url(template_url: str) -> Iterator[str]:
    url = fresh_database(template_url)
    yield url
    drop_database(url)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, pool_size=10)
    yield database
    await database.dispose()
