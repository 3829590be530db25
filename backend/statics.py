"""Style sheets, scripts and pictures of the pages, named by their content so that they can be
cached for ever.
"""

import hashlib
from functools import cache
from pathlib import Path

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_AREAS = {area: Path(__file__).parent / area / "static" for area in ("chat", "console", "privacy")}


@cache
def static_url(area: str, name: str) -> str:
    """Address of a file under ``backend/{area}/static``; a missing one has no version."""
    path = _AREAS[area] / name
    version = hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() else "missing"
    return f"/static/{area}/{name}?v={version}"


class _Cached(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        # modules are imported without a version: they are asked for again, cheaply (304)
        versioned = b"v=" in scope["query_string"]
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if versioned else "no-cache"
        )
        return response


def mount_static(app: FastAPI) -> None:
    """Serve them under ``/static``."""
    for area, directory in _AREAS.items():
        app.mount(f"/static/{area}", _Cached(directory=directory), name=f"static-{area}")
