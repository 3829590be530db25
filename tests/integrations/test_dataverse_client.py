"""What each answer of Dataverse, and of the sign-in, means to the caller."""

import asyncio
import json
import traceback
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from integrations.dataverse_client import DataverseClient, literal
from integrations.errors import OutcomeUnknown, Refused, TryLater

KEY = UUID("00000000-0000-0000-0000-000000000001")
SECRET = "correct horse"
PERSON = "ana@cliente.example"

Answer = httpx.Response | type[httpx.RequestError]


class Service:
    """The service and the sign-in of one tenant, by a script; an error class is raised."""

    def __init__(self, *answers: Answer, lifetime: int = 3600) -> None:
        self.answers = list(answers)
        self.lifetime = lifetime
        self.sign_in: Answer | None = None
        self.requests: list[httpx.Request] = []
        self.token_forms: list[str] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            self.token_forms.append(request.content.decode())
            await asyncio.sleep(0)  # let others come, as a network would
            token = f"token-{len(self.token_forms)}"
            given = self.sign_in or _json(access_token=token, expires_in=self.lifetime)
            return _given(given, request)
        self.requests.append(request)
        return _given(self.answers.pop(0) if self.answers else _json(), request)


def _given(answer: Answer, request: httpx.Request) -> httpx.Response:
    if isinstance(answer, httpx.Response):
        return answer
    raise answer("as told", request=request)


def _json(
    status: int = 200, headers: dict[str, str] | None = None, **body: object
) -> httpx.Response:
    return httpx.Response(status, json=body, headers=headers)


def _failure(status: int, headers: dict[str, str] | None = None) -> httpx.Response:
    error = {"code": "0x80060891", "message": f"A record with {PERSON} already exists"}
    return _json(status, headers, error=error)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _client(service: Service, clock: Callable[[], float] | None = None) -> DataverseClient:
    return DataverseClient(
        "https://contoso.crm.test/",
        "tenant",
        "application",
        SecretStr(SECRET),
        authority_url="https://login.test",
        http=httpx.AsyncClient(transport=httpx.MockTransport(service)),
        clock=clock or Clock(),
    )


CALLS: dict[str, Callable[[DataverseClient], object]] = {
    "get": lambda c: c.get("contacts", filter=f"emailaddress1 eq '{PERSON}'"),
    "create": lambda c: c.create("contacts", {"emailaddress1": PERSON}),
    "update": lambda c: c.update("contacts", KEY, {"emailaddress1": PERSON}),
    "call": lambda c: c.call("CloseIncident", {"Status": 5}),
}
WRITES = ["create", "update", "call"]
BEFORE_SENDING = [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout]
AFTER_SENDING = [httpx.ReadTimeout, httpx.WriteTimeout, httpx.ReadError, httpx.RemoteProtocolError]


async def _outcome(service: Service, name: str) -> BaseException:
    with pytest.raises((TryLater, OutcomeUnknown, Refused)) as raised:
        await CALLS[name](_client(service))  # type: ignore[misc]
    text = "".join(traceback.format_exception(raised.value))
    assert PERSON not in str(raised.value)
    assert SECRET not in text
    assert "token-1" not in text
    return raised.value


@pytest.mark.parametrize("error", BEFORE_SENDING)
@pytest.mark.parametrize("name", CALLS)
async def test_not_reached_is_tried_later(name: str, error: type[httpx.RequestError]) -> None:
    service = Service(error)

    assert isinstance(await _outcome(service, name), TryLater)
    assert len(service.requests) == 1


@pytest.mark.parametrize("error", AFTER_SENDING)
@pytest.mark.parametrize("name", WRITES)
async def test_a_write_whose_answer_is_lost_is_unknown_and_not_repeated(
    name: str, error: type[httpx.RequestError]
) -> None:
    service = Service(error)

    assert isinstance(await _outcome(service, name), OutcomeUnknown)
    assert len(service.requests) == 1


@pytest.mark.parametrize("error", AFTER_SENDING)
async def test_a_read_whose_answer_is_lost_is_tried_later(error: type[httpx.RequestError]) -> None:
    assert isinstance(await _outcome(Service(error), "get"), TryLater)


@pytest.mark.parametrize("status", [500, 502, 504])
@pytest.mark.parametrize("name", WRITES)
async def test_a_write_that_failed_over_there_may_have_happened(name: str, status: int) -> None:
    service = Service(_failure(status))

    assert isinstance(await _outcome(service, name), OutcomeUnknown)
    assert len(service.requests) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_a_read_that_failed_over_there_is_tried_later(status: int) -> None:
    assert isinstance(await _outcome(Service(_failure(status)), "get"), TryLater)


@pytest.mark.parametrize("status", [400, 403, 409, 413])
@pytest.mark.parametrize("name", CALLS)
async def test_a_refusal_carries_the_vendors_code(name: str, status: int) -> None:
    refused = await _outcome(Service(_failure(status)), name)

    assert isinstance(refused, Refused)
    assert f"{status} 0x80060891" in str(refused)


async def test_a_message_in_place_of_a_code_is_left_out() -> None:
    answer = _json(400, error={"code": f"duplicate of {PERSON}", "message": PERSON})

    assert isinstance(await _outcome(Service(answer), "create"), Refused)


@pytest.mark.parametrize("body", [b"<html>maintenance</html>", b"[1]", b"\xff"])
async def test_an_answer_that_is_no_object_is_tried_later(body: bytes) -> None:
    assert isinstance(await _outcome(Service(httpx.Response(200, content=body)), "get"), TryLater)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("name", CALLS)
async def test_retry_after_is_waited_in_full_by_every_call(name: str, status: int) -> None:
    service, clock = Service(_failure(status, {"Retry-After": "90"})), Clock()
    client = _client(service, clock)
    with pytest.raises(TryLater) as throttled:
        await CALLS[name](client)  # type: ignore[misc]
    clock.now += 89
    with pytest.raises(TryLater) as held:
        await client.get("accounts")

    assert throttled.value.after == timedelta(seconds=90)
    assert held.value.after == timedelta(seconds=1)
    assert len(service.requests) == 1
    clock.now += 1
    assert await client.get("accounts") == {}


@pytest.mark.parametrize(
    ("value", "after"),
    [
        ("Wed, 21 Oct 2026 07:30:00 GMT", timedelta(minutes=2)),
        ("Wed, 21 Oct 2026 07:00:00 GMT", timedelta(0)),
        ("soon", None),
        ("-5", None),
        ("9" * 5000, None),
    ],
)
async def test_retry_after_as_a_date_is_read_against_the_servers_clock(
    value: str, after: timedelta | None
) -> None:
    headers = {"Retry-After": value, "Date": "Wed, 21 Oct 2026 07:28:00 GMT"}
    raised = await _outcome(Service(_failure(429, headers)), "create")

    assert isinstance(raised, TryLater)
    assert raised.after == after


async def test_what_exists_already_is_not_created_again() -> None:
    assert await _client(Service(_failure(412))).create("contacts", {}) is False
    assert await _client(Service(httpx.Response(204))).create("contacts", {}) is True


async def test_an_update_names_the_version_it_saw_and_never_creates() -> None:
    service = Service(httpx.Response(204), _failure(412))
    client = _client(service)

    assert await client.update("incidents", KEY, {"title": "x"}) is True
    assert await client.update("incidents", KEY, {"title": "x"}, etag='W/"7"') is False
    assert [r.headers["If-Match"] for r in service.requests] == ["*", 'W/"7"']


async def test_no_such_row_is_none() -> None:
    assert await _client(Service(_failure(404))).get(f"contacts({KEY})") is None
    assert await _client(Service(_json(value=[]))).first("contacts") is None


async def test_a_request_says_its_protocol_and_quotes_its_query() -> None:
    service = Service()
    await _client(service).first("accounts", filter=f"name eq {literal(chr(39) + '&$top=9')}")

    (request,) = service.requests
    assert request.url.path == "/api/data/v9.2/accounts"
    assert request.headers["OData-MaxVersion"] == "4.0"
    assert dict(request.url.params) == {"$top": "1", "$filter": "name eq '''&$top=9'"}


@settings(deadline=None)
@given(st.text())
def test_a_literal_ends_only_at_its_end(text: str) -> None:
    quoted = literal(text)

    assert quoted[0] == quoted[-1] == "'"
    assert quoted[1:-1].replace("''", "") == text.replace("'", "")
    assert quoted[1:-1].replace("''", "'") == text


async def test_a_slow_service_holds_nobody_longer_than_half_a_minute() -> None:
    service = Service()
    await _client(service).get("accounts")

    waits = service.requests[0].extensions["timeout"]
    assert waits["read"] == waits["write"] == 30
    assert waits["connect"] == 5


# --- tokens ----------------------------------------------------------------------------------


async def test_many_callers_share_one_sign_in() -> None:
    service = Service()
    client = _client(service)
    await asyncio.gather(*(client.get("accounts") for _ in range(20)))

    (form,) = service.token_forms
    assert "grant_type=client_credentials" in form
    assert "scope=https%3A%2F%2Fcontoso.crm.test%2F.default" in form
    assert {r.headers["Authorization"] for r in service.requests} == {"Bearer token-1"}


async def test_a_token_is_replaced_before_it_ends() -> None:
    service, clock = Service(), Clock()
    client = _client(service, clock)
    for moment in (0, 3299, 3301):
        clock.now = 1000.0 + moment
        await client.get("accounts")

    used = [r.headers["Authorization"] for r in service.requests]
    assert used == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


async def test_a_short_lived_token_is_still_used() -> None:
    service, clock = Service(lifetime=60), Clock()
    client = _client(service, clock)
    for moment in (0, 29, 31):
        clock.now = 1000.0 + moment
        await client.get("accounts")

    assert len(service.token_forms) == 2


async def test_a_refused_token_is_replaced_once_and_the_request_repeated() -> None:
    service = Service(httpx.Response(401), httpx.Response(204))

    assert await _client(service).create("contacts", {"lastname": "Gómez"}) is True
    sent = [(r.headers["Authorization"], json.loads(r.content)) for r in service.requests]
    body = {"lastname": "Gómez"}
    assert sent == [("Bearer token-1", body), ("Bearer token-2", body)]


async def test_a_token_refused_twice_is_tried_later() -> None:
    service = Service(httpx.Response(401), httpx.Response(401))

    assert isinstance(await _outcome(service, "create"), TryLater)
    assert len(service.requests) == len(service.token_forms) == 2


async def test_many_callers_refused_at_once_share_one_new_token() -> None:
    service = Service(*(httpx.Response(401) for _ in range(10)))
    client = _client(service)
    await asyncio.gather(*(client.get("accounts") for _ in range(10)))

    assert len(service.token_forms) == 2


@pytest.mark.parametrize(
    "answer",
    [
        _json(401, error="invalid_client", error_description=f"AADSTS7000215 {SECRET}"),
        _json(400, error=f"for {PERSON}"),
        _json(200, token_type="Bearer"),
        _json(200, access_token="x", expires_in=None),
        httpx.Response(200, content=b"<html>"),
        httpx.Response(503),
        httpx.ReadTimeout,
        httpx.ConnectError,
    ],
)
async def test_without_a_token_nothing_is_sent_and_nothing_is_lost(answer: Answer) -> None:
    service = Service()
    service.sign_in = answer

    assert isinstance(await _outcome(service, "create"), TryLater)
    assert service.requests == []


# --- construction ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["http://contoso.crm.test", "contoso.crm.test", "", "ftp://localhost", "file:///etc"]
)
def test_a_secret_never_travels_in_the_clear(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        DataverseClient(url, "tenant", "application", SecretStr(SECRET))


async def test_its_own_connections_are_closed_and_the_callers_are_not() -> None:
    http = httpx.AsyncClient(transport=httpx.MockTransport(Service()))
    local = "http://127.0.0.1:1"
    borrowing = DataverseClient(local, "t", "a", SecretStr(SECRET), authority_url=local, http=http)
    await borrowing.aclose()
    assert not http.is_closed
    await http.aclose()

    owning = DataverseClient(local, "t", "a", SecretStr(SECRET), authority_url=local)
    assert SECRET not in repr(vars(owning))
    await owning.aclose()
    with pytest.raises(RuntimeError, match="closed"):
        await owning.get("accounts")
