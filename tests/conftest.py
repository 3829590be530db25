from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import HealthCheck, settings
from support.servers import drop_database, fresh_database

from backend import migrate
from backend.database import Database

# a shared machine may be slow to generate; every property keeps its own bounds
settings.register_profile("shared", suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that start whole servers share one of them, and so one process."""
    for item in items:
        if item.path.parent.name == "end_to_end":
            item.add_marker(pytest.mark.xdist_group("end_to_end"))


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
