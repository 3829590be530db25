"""``/privacidad``: how personal data is treated, for whoever reads the bot's notice.

The company's own policy replaces it through ``HELPCARE_PRIVACY_URL``.
"""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.templating import Jinja2Templates

from backend.languages import language_of
from backend.runtime_protocol import runtime_of
from backend.statics import static_url
from bot.dialogue.flows.consent import NOTICE_VERSION

router = APIRouter(include_in_schema=False)
_HERE = Path(__file__).parent
_templates = Jinja2Templates(_HERE / "templates")
_templates.env.globals["static_url"] = static_url


@router.get("/privacidad")
async def policy(request: Request) -> Response:
    """The policy in the reader's language."""
    language = language_of(request.headers.get("accept-language"))
    company = runtime_of(request).settings.company_name
    response = _templates.TemplateResponse(
        request,
        "policy.html",
        {
            "language": language,
            "policy": _policy(language),
            "company": company,
            "version": NOTICE_VERSION,
        },
    )
    response.headers["Vary"] = "Accept-Language"
    return response


@cache
def _policy(language: str) -> dict[str, Any]:
    return tomllib.loads((_HERE / "texts" / f"{language}.toml").read_text(encoding="utf-8"))
