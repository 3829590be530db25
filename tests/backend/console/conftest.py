import re

import httpx
import pytest
from support.servers import valkey_url
from support.web_app import make_agent, make_app, make_parts

PASSWORD = "una frase larga"


@pytest.fixture
async def parts(database_url, tmp_path):
    parts = make_parts(database_url, valkey_url(5), tmp_path)
    await parts.redis.flushdb()
    yield parts
    await parts.close()


class Console:
    """An agent's browser, as far as HTTP goes."""

    def __init__(self, app, agent):
        self.agent = agent
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://console.example"
        )
        self.csrf = ""

    async def sign_in(self, password=PASSWORD, email=None):
        response = await self.http.post(
            "/console/signin", data={"email": email or self.agent.email, "password": password}
        )
        if response.status_code == 303:
            account = await self.http.get("/console/account")
            self.csrf = re.search(r'name="csrf" value="(\w+)"', account.text)[1]
        return response

    async def get(self, path, **headers):
        return await self.http.get(path, headers=headers)

    async def post(self, path, *, htmx=True, **data):
        headers = {"HX-Request": "true"} if htmx else {}
        return await self.http.post(path, data={"csrf": self.csrf} | data, headers=headers)


@pytest.fixture
def console(parts):
    app = make_app(parts)

    async def signed_in(name="Ana Ruiz", role="agent", *, password=PASSWORD):
        console = Console(app, await make_agent(parts, name, role, password))
        if password:
            assert (await console.sign_in(password)).status_code == 303
        return console

    return signed_in
