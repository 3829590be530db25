"""Judge the requests that we send by a vendor's own OpenAPI description."""

import json
from functools import cache
from pathlib import Path

import httpx
import pytest
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest

SPECS = Path(__file__).parents[2] / ".." / "shared" / "specs"


def spec_file(name):
    """A vendor's file, or a skip that names it."""
    path = SPECS / name
    if not path.exists():
        pytest.skip(f"the vendor's description {name} is not on this machine")
    return path


@cache
def openapi(name):
    return OpenAPI.from_dict(json.loads(spec_file(name).read_text()))


class JudgedTransport(httpx.AsyncBaseTransport):
    """Validates every request before it goes on; ``judges`` maps a URL prefix to a file."""

    def __init__(self, inner, judges):
        self._inner = inner
        self._judges = {prefix: openapi(name) for prefix, name in judges.items()}
        self.judged = []

    async def handle_async_request(self, request):
        await request.aread()
        url = str(request.url)
        prefix = next(p for p in self._judges if url.startswith(p))
        self._judges[prefix].validate_request(
            MockRequest(
                f"{request.url.scheme}://{request.url.host}",
                request.method.lower(),
                request.url.path,
                args=dict(request.url.params),
                headers=dict(request.headers),
                data=request.content or None,
                content_type=request.headers.get("content-type", ""),
            )
        )
        self.judged.append((request.method, request.url.path))
        return await self._inner.handle_async_request(request)
