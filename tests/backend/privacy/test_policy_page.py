"""The personal-data policy: there, in the reader's language, with the version of the notice."""

import tomllib
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from backend.privacy import router as privacy
from backend.statics import mount_static
from bot.dialogue.flows.consent import NOTICE_VERSION

TEXTS = Path(privacy.__file__).parent / "texts"


class Runtime:
    settings = SimpleNamespace(company_name="Empresa <b>de</b> Prueba")


@pytest.fixture
async def client():
    from fastapi import FastAPI

    app = FastAPI()
    app.state.runtime = Runtime
    app.include_router(privacy.router)
    mount_static(app)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.mark.parametrize(
    ("accepts", "says"),
    [
        ("es-CO,es", "Tratamiento de datos personales"),
        ("en-US", "How personal data is treated"),
        ("pt-BR", "Tratamento de dados pessoais"),
        ("xx", "Tratamiento de datos personales"),
    ],
)
async def test_in_the_readers_language(client: httpx.AsyncClient, accepts: str, says: str) -> None:
    response = await client.get("/privacidad", headers={"Accept-Language": accepts})
    assert response.status_code == 200
    assert says in response.text
    assert NOTICE_VERSION in response.text
    assert "Empresa &lt;b&gt;de&lt;/b&gt; Prueba" in response.text
    style = response.text.split('rel="stylesheet" href="')[1].split('"')[0]
    assert (await client.get(style)).status_code == 200


def test_all_languages_have_the_same_sections() -> None:
    shapes = {
        file.stem: [
            (len(section["text"]), len(section.get("list", ())))
            for section in tomllib.loads(file.read_text())["sections"]
        ]
        for file in TEXTS.glob("*.toml")
    }
    assert set(shapes) == {"es", "en", "pt"}
    assert shapes["es"] == shapes["en"] == shapes["pt"]
