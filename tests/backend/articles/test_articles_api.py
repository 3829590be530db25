import pytest
from support.api_client import api_client
from support.desk import Desk


@pytest.fixture
async def client(database):
    async with api_client(Desk(database)) as client:
        yield client


async def test_an_article_is_written_corrected_withdrawn_and_listed(client):
    new = {"title": "Cambiar la clave de la VPN", "body": "Entre al portal y escoja Clave."}
    created = await client.post("/articles", json=new)
    assert created.status_code == 201
    article = created.json()
    assert (article["language"], article["published"]) == ("es", True)
    path = f"/articles/{article['id']}"
    patched = (await client.patch(path, json={"published": False, "body": "Otra"})).json()
    assert (patched["title"], patched["body"], patched["published"]) == (
        new["title"], "Otra", False,
    )  # fmt: skip
    assert (await client.get(path)).json() == patched
    listed = (await client.get("/articles")).json()
    assert [item["id"] for item in listed["items"]] == [article["id"]]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("post", "/articles", {"title": "", "body": "x"}, 422),
        ("post", "/articles", {"title": "x", "body": "y", "language": "fr"}, 422),
        ("post", "/articles", {"title": "x\0", "body": "y"}, 422),
        ("patch", "/articles/9", {"title": "x"}, 404),
        ("get", "/articles/9", None, 404),
        ("get", "/tickets/PT-2026-000999/similar", None, 404),
    ],
)
async def test_what_is_refused(client, method, path, body, status):
    sent = {} if body is None else {"json": body}
    assert (await client.request(method, path, **sent)).status_code == status


async def test_null_is_no_title(client):
    article = (await client.post("/articles", json={"title": "x", "body": "y"})).json()
    answer = await client.patch(f"/articles/{article['id']}", json={"title": None})
    assert answer.status_code == 422
