"""Getting in, staying in, being thrown out."""

import asyncio
import statistics
import time
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from support.web_app import make_agent

from backend.agents import passwords
from backend.agents import service as agents
from backend.agents.models import Agent, AgentSession
from backend.console import access
from backend.events import CHECK_EVERY_S, EventStream
from backend.problems import Conflict, Forbidden, Invalid

PASSWORD = "una frase larga"


async def test_in_and_out(console):
    ana = await console()
    assert (await ana.get("/")).status_code == 200
    out = await ana.post("/console/signout", htmx=False)
    assert (out.status_code, out.headers["location"]) == (303, "/console/signin")
    gone = await ana.get("/")
    assert (gone.status_code, gone.headers["location"]) == (303, "/console/signin")


async def test_the_cookie_is_out_of_reach_and_only_a_hash_is_stored(console, parts):
    ana = await console(password=None)
    await set_password(parts, ana.agent.id)
    response = await ana.sign_in()
    cookie = response.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    token = response.cookies[access.COOKIE]
    async with parts.database.transaction() as session:
        stored = (await session.execute(select(AgentSession.token_hash))).scalars().all()
    assert stored == [agents.token_hash(token)]
    assert token not in stored


async def test_over_https_the_cookie_stays_on_https(console, parts):
    parts.settings = parts.settings.model_copy(update={"public_url": "https://help.example"})
    ana = await console(password=None)
    await set_password(parts, ana.agent.id)
    response = await ana.http.post(
        "/console/signin", data={"email": ana.agent.email, "password": PASSWORD}
    )
    assert "secure" in response.headers["set-cookie"].lower()


async def set_password(parts, agent_id):
    async with parts.database.transaction() as session:
        agent = await session.get(Agent, agent_id)
        agent.password_hash = await passwords.hashed(PASSWORD)
        agent.must_change_password = False


async def test_signing_in_makes_a_new_token_whatever_was_there(console, parts):
    ana = await console(password=None)
    await set_password(parts, ana.agent.id)
    ana.http.cookies.set(access.COOKIE, "planted-by-somebody")
    token = (await ana.sign_in()).cookies[access.COOKIE]
    assert token != "planted-by-somebody"


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ana@help.example", "otra frase larga"),
        ("nadie@help.example", PASSWORD),
        ("ana@help.example", ""),
        ("", ""),
        ("ana@help.example", PASSWORD + "x" * 200),
        ("ana@help.example", "x" * 200_000),
    ],
)
async def test_every_failure_looks_the_same(console, email, password):
    ana = await console()
    response = await ana.sign_in(password, email)
    assert response.status_code == 401
    assert "El correo o la contraseña no son correctos." in response.text


async def test_an_unknown_account_takes_as_long_as_a_known_one(parts):
    await make_agent(parts, password=PASSWORD)
    taken = {"ana@help.example": [], "nadie@help.example": []}
    await agents.sign_in(parts.database, "nadie@help.example", "x", now=parts.clock())
    for _ in range(7):
        for email, times in taken.items():
            began = time.perf_counter()
            assert await agents.sign_in(parts.database, email, "mala", now=parts.clock()) is None
            times.append(time.perf_counter() - began)
    known, unknown = (statistics.median(times) for times in taken.values())
    assert 0.5 < known / unknown < 2  # hashing is most of it; skipping it would be a tenth


async def test_guessing_is_stopped_per_account_and_address(console, parts):
    ana = await console(password=None)
    await set_password(parts, ana.agent.id)
    for _ in range(10):
        assert (await ana.sign_in("mala contraseña")).status_code == 401
    blocked = await ana.sign_in(PASSWORD)  # the right one does not help either
    assert blocked.status_code == 429
    assert "Espere 15 min" in blocked.text
    assert (await ana.sign_in("x", "otra@help.example")).status_code == 401


async def test_a_one_time_password_opens_only_the_page_where_it_is_replaced(parts, console):
    boss = await console("Beto Díaz", "admin")
    async with parts.database.transaction() as session:
        once = await agents.create_agent(
            session, email="Eva@Help.example ", name=" Eva  Paz ", role="agent", now=parts.clock()
        )
    eva = boss
    eva.http.cookies.clear()
    assert (await eva.sign_in(once, "eva@help.example")).status_code == 303
    for path in ("/", "/console/tickets", "/console/events"):
        response = await eva.get(path)
        assert (response.status_code, response.headers["location"]) == (303, "/console/account")
    short = await eva.post("/console/account/password", current=once, new="corta", again="corta")
    assert short.status_code == 422
    assert "al menos 12" in short.text
    done = await eva.post(
        "/console/account/password", current=once, new="nueva y larga 1", again="nueva y larga 1"
    )
    assert done.status_code == 303
    assert (await eva.get("/")).status_code == 200


@pytest.mark.parametrize(
    ("current", "new", "again", "word"),
    [
        ("equivocada...", "nueva y larga 1", "nueva y larga 1", "actual no es correcta"),
        (PASSWORD, "nueva y larga 1", "nueva y larga 2", "no son iguales"),
        (PASSWORD, PASSWORD, PASSWORD, "distinta de la actual"),
        (PASSWORD, "aaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaa", "fácil de adivinar"),
        (PASSWORD, "x y z w v " * 20, "x y z w v " * 20, "como máximo 128"),
    ],
)
async def test_a_bad_change_of_password_says_why(console, current, new, again, word):
    ana = await console()
    response = await ana.post("/console/account/password", current=current, new=new, again=again)
    assert response.status_code == 422
    assert word in response.text


def test_a_password_is_not_one_s_own_address():
    with pytest.raises(Invalid, match="fácil de adivinar"):
        passwords.require_good("hola-mariana-2026", email="Mariana@help.example")
    passwords.require_good("nueva y larga 1", email="eva@help.example")


async def test_a_new_password_ends_every_other_session(console):
    ana = await console()
    elsewhere = type(ana)(ana.http._transport.app, ana.agent)
    await elsewhere.sign_in()
    assert (await elsewhere.get("/")).status_code == 200
    new = "nueva y larga 1"
    await ana.post("/console/account/password", current=PASSWORD, new=new, again=new)
    assert (await ana.get("/")).status_code == 200
    assert (await elsewhere.get("/")).status_code == 303


async def test_sessions_end_by_themselves_and_with_the_account(console, parts):
    ana = await console()
    start = parts.clock()
    parts.now = start + agents.SESSION_LASTS + timedelta(seconds=1)
    assert (await ana.get("/")).status_code == 303
    parts.now = start
    assert (await ana.get("/")).status_code == 200
    async with parts.database.transaction() as session:
        await agents.set_access(session, ana.agent.id, role="agent", active=False, by_id=0)
    assert (await ana.get("/")).status_code == 303
    assert (await ana.sign_in()).status_code == 401


async def test_an_open_stream_falls_silent_within_five_seconds(parts):
    allowed = True

    async def still_allowed():
        return allowed

    assert CHECK_EVERY_S <= 5
    stream = EventStream(parts.live, "console", still_allowed=still_allowed).body_iterator
    seen = [await anext(stream), await anext(stream)]
    allowed = False
    began = time.monotonic()
    async with asyncio.timeout(6):
        seen += [chunk async for chunk in stream]
    assert time.monotonic() - began < 5
    assert seen[-1].startswith(b"event: ended")


async def test_a_busy_topic_is_gathered_and_cannot_put_the_question_off(parts):
    asked = []

    async def still_allowed():
        asked.append(time.monotonic())
        return True

    stream = EventStream(
        parts.live,
        "console",
        names=lambda hint: {"news", f"conversation-{hint['conversation']}"},
        gather_s=0.3,
        still_allowed=still_allowed,
    ).body_iterator
    await anext(stream)
    assert await anext(stream) == b"event: tick\ndata: {}\n\n"
    for number in (1, 2, 2, 1):
        parts.live.publish("console", {"conversation": number})
    got = [await anext(stream) for _ in range(3)]
    assert got == [
        b"event: conversation-1\ndata: {}\n\n",
        b"event: conversation-2\ndata: {}\n\n",
        b"event: news\ndata: {}\n\n",
    ]
    assert len(asked) == 1
    await stream.aclose()


async def test_the_first_administrator_is_made_once(parts):
    async def make():
        async with parts.database.transaction() as session:
            return await agents.create_first_admin(session, now=parts.clock())

    made = await asyncio.gather(*(make() for _ in range(4)))
    assert len([password for password in made if password]) == 1
    async with parts.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Agent)) == 1
    password = next(password for password in made if password)
    signed_in = await agents.sign_in(
        parts.database, agents.FIRST_ADMIN, password, now=parts.clock()
    )
    assert signed_in.agent.role == "admin"
    assert signed_in.agent.must_change_password


@pytest.mark.parametrize(
    ("email", "name", "role"),
    [
        ("no-es-correo", "Ana Ruiz", "agent"),
        ("ana@localhost", "Ana Ruiz", "agent"),
        ("a b@help.example", "Ana Ruiz", "agent"),
        ("<x>@help.example", "Ana Ruiz", "agent"),
        ("ana@help.example", "A", "agent"),
        ("ana@help.example", "Ana Ruiz", "root"),
    ],
)
async def test_a_bad_account_is_refused(parts, email, name, role):
    with pytest.raises(Invalid):
        async with parts.database.transaction() as session:
            await agents.create_agent(session, email=email, name=name, role=role, now=parts.clock())


async def test_one_account_per_address_and_nobody_locks_themselves_out(parts):
    ana = await make_agent(parts)
    async with parts.database.transaction() as session:
        with pytest.raises(Conflict):
            await agents.create_agent(
                session, email="ANA@help.example", name="Otra", role="agent", now=parts.clock()
            )
        with pytest.raises(Forbidden):
            await agents.set_access(session, ana.id, role="admin", active=True, by_id=ana.id)


@pytest.mark.parametrize(
    ("wanted", "to"),
    [
        ("/console/tickets", "/console/tickets"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/a\r\nSet-Cookie: x=y", "/"),
        ("", "/"),
    ],
)
async def test_after_signing_in_one_stays_here(console, wanted, to):
    ana = await console()
    response = await ana.http.post(
        "/console/signin", data={"email": ana.agent.email, "password": PASSWORD, "next": wanted}
    )
    assert response.headers["location"] == to
