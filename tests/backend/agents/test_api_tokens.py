from datetime import timedelta

import pytest
from sqlalchemy import select
from support.api_client import api_client
from support.desk import TUESDAY, Desk

from backend.agents import tokens
from backend.agents.models import ApiToken
from backend.problems import Conflict, Invalid, NotFound


async def test_a_token_is_kept_as_a_hash_and_names_are_unique(database):
    async with database.transaction() as session:
        token = await tokens.create(session, name="bi", now=TUESDAY)
    assert len(token) > 43
    async with database.transaction() as session:
        row = (await session.scalars(select(ApiToken))).one()
        assert token not in (row.token_hash, row.name)
        with pytest.raises(Conflict):
            await tokens.create(session, name="bi", now=TUESDAY)
        with pytest.raises(Invalid):
            await tokens.create(session, name="  ", now=TUESDAY)


async def test_its_use_is_noted_to_the_minute(database):
    async with database.transaction() as session:
        token = await tokens.create(session, name="bi", now=TUESDAY)
    noted = []
    for seconds in (0, 59, 61):
        async with database.transaction() as session:
            now = TUESDAY + timedelta(seconds=seconds)
            assert await tokens.verify(session, token, now=now)
        async with database.transaction() as session:
            noted.append((await session.scalars(select(ApiToken.last_used_at))).one())
    assert noted == [TUESDAY, TUESDAY, TUESDAY + timedelta(seconds=61)]


async def test_a_revoked_token_opens_nothing(database):
    desk = Desk(database)
    async with api_client(desk) as client:
        assert (await client.get("/tickets")).status_code == 200
        async with database.transaction() as session:
            await tokens.revoke(session, "tests", now=desk.now)
            with pytest.raises(NotFound):
                await tokens.revoke(session, "tests", now=desk.now)
        refused = await client.get("/tickets")
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer x", "Basic eDp5", "Bearer hc_" + "a" * 43, "Bearer ñ"]
)
async def test_without_a_valid_token_every_route_answers_401(database, header):
    async with api_client(Desk(database)) as client:
        client.headers.pop("Authorization")
        headers = {} if header is None else {"Authorization": header.encode("latin-1")}
        paths = (await client.get("http://help.example/api/openapi.json")).json()["paths"]
        assert len(paths) > 20
        for path, methods in paths.items():
            for method in methods:
                url = "http://help.example" + path.replace("{", "1").replace("}", "")
                answer = await client.request(method, url, headers=headers)
                assert answer.status_code == 401, (method, path)
                assert answer.headers["content-type"] == "application/problem+json"
