import httpx
import pytest
from support.servers import valkey_url
from support.web_app import make_app, make_parts


@pytest.fixture
async def parts(database_url, tmp_path):
    parts = make_parts(database_url, valkey_url(3), tmp_path, max_attachment_bytes=100_000)
    await parts.redis.flushdb()
    yield parts
    await parts.close()


@pytest.fixture
def browser(parts):
    """Makes clients with a cookie jar of their own."""
    app = make_app(parts)

    def new(**headers):
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://chat.example", headers=headers
        )

    return new
