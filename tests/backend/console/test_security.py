"""What browsers are told, and which of their requests are refused."""

import pytest
from starlette.datastructures import Headers

from backend.console.security import cross_site


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({"sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "same-site"}, True),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "same-origin", "origin": "https://outside.example"}, False),
        ({"origin": "https://help.example", "host": "help.example"}, False),
        ({"origin": "http://help.example", "host": "help.example"}, False),
        ({"origin": "https://help.example:8443", "host": "help.example"}, True),
        ({"origin": "https://evil.example", "host": "help.example"}, True),
        ({"origin": "null", "host": "help.example"}, True),
        ({"host": "help.example"}, False),
    ],
)
def test_writes_of_other_sites_are_refused(headers, refused):
    assert bool(cross_site("POST", "/console/signout", Headers(headers))) is refused
    assert cross_site("GET", "/", Headers(headers)) is None


@pytest.mark.parametrize("path", ["/webhooks/telegram", "/api/v1/tickets"])
def test_where_no_cookie_counts_the_origin_does_not_either(path):
    assert cross_site("POST", path, Headers({"origin": "https://any.example"})) is None


WRITES = [
    "/console/signout",
    "/console/account/password",
    "/console/conversations/1/claim",
    "/console/conversations/1/release",
    "/console/conversations/1/messages",
    "/console/messages/1/intents",
    "/console/tickets/PT-2026-000001/take",
    "/console/tickets/PT-2026-000001/start",
    "/console/tickets/PT-2026-000001/wait",
    "/console/tickets/PT-2026-000001/resolve",
    "/console/tickets/PT-2026-000001/reopen",
    "/console/tickets/PT-2026-000001/note",
    "/console/problemas/inbox/1",
    "/console/problemas/outbox/1",
    "/console/users",
    "/console/users/1/password",
    "/console/users/1/access",
]
READS = [
    "/",
    "/console/rows",
    "/console/events",
    "/console/conversations/1",
    "/console/conversations/1/thread",
    "/console/files/1",
    "/console/tickets",
    "/console/tickets/PT-2026-000001/similar",
    "/console/tickets/PT-2026-000001",
    "/console/problemas",
    "/console/users",
    "/console/account",
]
FORM = {"text": "x", "version": "1", "key": "k", "role": "agent", "active": "true"}


async def test_the_tables_above_name_every_route(console):
    ana = await console()
    app = ana.http._transport.app
    routes = {
        (method, route.path)
        for part in app.routes
        for route in flat(part)
        for method in route.methods - {"HEAD"}
        if route.path == "/" or route.path.startswith("/console")
    }
    covered = {("POST", path) for path in WRITES} | {("GET", path) for path in READS}
    unmatched = {
        (method, path)
        for method, path in routes
        if not any(method == m and matches(path, p) for m, p in covered)
    }
    assert unmatched == {("GET", "/console/signin"), ("POST", "/console/signin")}


def flat(route):
    inner = getattr(route, "original_router", None)
    if inner is not None:
        for child in inner.routes:
            yield from flat(child)
    elif getattr(route, "methods", None):
        yield route


def matches(template, path):
    ours, theirs = template.split("/"), path.split("/")
    return len(ours) == len(theirs) and all(
        one.startswith("{") or one == other for one, other in zip(ours, theirs, strict=True)
    )


@pytest.mark.parametrize("path", WRITES)
async def test_no_write_without_the_page_s_token(console, path):
    boss = await console("Beto Díaz", "admin")
    for csrf in ("", "0" * 64):
        boss.csrf = csrf
        response = await boss.post(path, **FORM)
        assert response.status_code == 403, response.text
        assert "desactualizada" in response.text


async def test_the_token_of_another_session_is_no_good(console):
    ana, luis = await console("Ana Ruiz"), await console("Luis Peña")
    ana.csrf = luis.csrf
    assert (await ana.post("/console/signout")).status_code == 403


@pytest.mark.parametrize(
    ("method", "path"), [("GET", p) for p in READS] + [("POST", p) for p in WRITES]
)
async def test_nothing_without_signing_in(console, method, path):
    nobody = await console(password=None)
    plain = await nobody.http.request(method, path, data=FORM if method == "POST" else None)
    assert plain.status_code == 303
    assert plain.headers["location"].startswith("/console/signin")
    inside = await nobody.http.request(
        method, path, data=FORM if method == "POST" else None, headers={"HX-Request": "true"}
    )
    assert inside.status_code == 401
    assert inside.headers["hx-redirect"].startswith("/console/signin")


@pytest.mark.parametrize("role", ["agent", "supervisor"])
@pytest.mark.parametrize(
    "path", ["/console/users", "/console/users/1/password", "/console/users/1/access"]
)
async def test_people_are_the_administrators_business(console, role, path):
    ana = await console(role=role)
    assert (await ana.post(path, **FORM)).status_code == 403
    assert (await ana.get("/console/users")).status_code == 403
    assert "Usuarios" not in (await ana.get("/")).text


async def test_every_answer_carries_the_headers(console):
    ana = await console()
    for path in ("/", "/console/signin", "/nowhere", "/chat", "/static/console/console.css"):
        headers = (await ana.get(path)).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
    assert (await ana.get("/")).headers["cache-control"] == "no-store"


async def test_files_named_by_their_content_are_kept_and_others_asked_for_again(console):
    ana = await console()
    fresh = await ana.get("/static/console/console.css")
    assert fresh.headers["cache-control"] == "no-cache"
    page = (await ana.get("/console/signin")).text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    assert "immutable" in (await ana.get(address)).headers["cache-control"]
