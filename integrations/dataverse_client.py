"""A thin asynchronous client of the Dataverse Web API (Dynamics 365), which is OData v4.

It knows the protocol and nothing of our tables: sign-in, headers, conditional requests, and what
each failure means to the caller. A request goes out once. The only repetition is after a 401,
which the service gives before it looks at the request. Microsoft's own SDK repeats POSTs.

Sources: Microsoft Learn, "Compose HTTP requests and handle errors", "Perform conditional
operations", "Service protection API limits" (6,000 requests in 300 s, 52 at once; the time in
Retry-After must be waited in full).
"""

import re
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any, cast
from urllib.parse import quote, urlsplit
from uuid import UUID

import httpx
from pydantic import SecretStr

from integrations.entra import ClientCredentials
from integrations.errors import OutcomeUnknown, Refused, TryLater

Record = dict[str, Any]

_TIMEOUT = httpx.Timeout(30.0, connect=5.0)  # ours, whatever the client handed in allows
_HEADERS = {"Accept": "application/json", "OData-Version": "4.0", "OData-MaxVersion": "4.0"}
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_WORTH_REPEATING = frozenset({408, 425, 429})
_ERROR_CODE = re.compile(r"[\w.-]{1,64}", re.ASCII)


def literal(text: str) -> str:
    """``text`` as an OData string literal: apostrophes doubled (ABNF ``SQUOTE-in-string``)."""
    return "'" + text.replace("'", "''") + "'"


class DataverseClient:
    """Requests to one organisation. ``http`` stays the caller's; without it one is made and closed.

    Every method may raise :class:`TryLater` (nothing happened), :class:`OutcomeUnknown` (a write
    whose answer was lost) and :class:`Refused` (with the vendor's error code and nothing personal).
    """

    def __init__(
        self,
        url: str,
        tenant_id: str,
        client_id: str,
        client_secret: SecretStr,
        *,
        authority_url: str = "https://login.microsoftonline.com",
        http: httpx.AsyncClient | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        for address in (url, authority_url):
            _require_https(address)
        root = url.rstrip("/")
        self._api = f"{root}/api/data/v9.2/"
        self._own_http = None if http else httpx.AsyncClient()
        self._http = http or cast("httpx.AsyncClient", self._own_http)
        self._clock = clock
        self._closed_until = float("-inf")
        self._tokens = ClientCredentials(
            authority_url,
            tenant_id,
            client_id,
            client_secret,
            f"{root}/.default",
            self._http,
            clock=clock,
        )

    async def get(self, path: str, **options: str) -> Record | None:
        """One resource, ``None`` when there is none. ``options`` without ``$``: ``select="id"``."""
        query = "&".join(f"${name}={quote(value, safe='')}" for name, value in options.items())
        response = await self._request("GET", f"{path}?{query}" if query else path)
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        _raise_for_refusal(response, path)
        return _json(response)

    async def first(self, table: str, **options: str) -> Record | None:
        """The first row that an OData query finds."""
        found = await self.get(table, top="1", **options)
        rows = cast("list[Record]", (found or {}).get("value", []))
        return rows[0] if rows else None

    async def create(self, table: str, record: Mapping[str, Any]) -> bool:
        """POST a row that carries its own primary key; ``False`` when that key exists already."""
        response = await self._request("POST", table, record)
        if response.status_code == httpx.codes.PRECONDITION_FAILED:
            return False
        _raise_for_refusal(response, table)
        return True

    async def update(
        self, table: str, key: UUID, changes: Mapping[str, Any], *, etag: str = "*"
    ) -> bool:
        """PATCH an existing row; ``False`` when it changed since ``etag``. Never creates one."""
        response = await self._request("PATCH", f"{table}({key})", changes, {"If-Match": etag})
        if response.status_code == httpx.codes.PRECONDITION_FAILED:
            return False
        _raise_for_refusal(response, table)
        return True

    async def call(self, action: str, parameters: Mapping[str, Any]) -> None:
        """POST an unbound action."""
        _raise_for_refusal(await self._request("POST", action, parameters), action)

    async def aclose(self) -> None:
        if self._own_http:
            await self._own_http.aclose()

    async def _request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """The answer, unless it says that the request had no effect or an unknown one."""
        remaining = self._closed_until - self._clock()
        if remaining > 0:
            raise TryLater("Dataverse asked us to wait", timedelta(seconds=remaining))
        token = await self._tokens.token()
        response = await self._send(method, path, body, headers, token)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            token = await self._tokens.token(rejected=token)
            response = await self._send(method, path, body, headers, token)
        self._raise_for_trouble(response, method, path)
        return response

    async def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        headers: Mapping[str, str] | None,
        token: str,
    ) -> httpx.Response:
        all_headers = {**_HEADERS, **(headers or {}), "Authorization": f"Bearer {token}"}
        try:
            return await self._http.request(
                method, self._api + path, json=body, headers=all_headers, timeout=_TIMEOUT
            )
        except _NOT_SENT as error:
            raise TryLater(f"Dataverse not reached: {type(error).__name__}") from error
        except httpx.RequestError as error:
            reason = f"{method} {_table(path)}: {type(error).__name__}"
            if method == "GET":
                raise TryLater(reason) from error
            raise OutcomeUnknown(reason) from error

    def _raise_for_trouble(self, response: httpx.Response, method: str, path: str) -> None:
        status = response.status_code
        reason = f"{method} {_table(path)}: {status} {_error_code(response)}"
        after = _retry_after(response)
        if after is not None and (status in _WORTH_REPEATING or status >= 500):
            self._closed_until = self._clock() + after.total_seconds()
        if status == httpx.codes.UNAUTHORIZED or status in _WORTH_REPEATING:
            raise TryLater(reason, after)
        if status >= 500:
            # 503 is given in place of the work; after any other the work may have been done.
            if method == "GET" or status == httpx.codes.SERVICE_UNAVAILABLE:
                raise TryLater(reason, after)
            raise OutcomeUnknown(reason)


def _raise_for_refusal(response: httpx.Response, path: str) -> None:
    if not response.is_success:
        raise Refused(f"{_table(path)}: {response.status_code} {_error_code(response)}")


def _require_https(address: str) -> None:
    parts = urlsplit(address)
    local = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    if not parts.hostname or (parts.scheme != "https" and not (local and parts.scheme == "http")):
        raise ValueError("the address must be https://… (http only for the local machine)")


def _table(path: str) -> str:
    """What a log may know of a request: no keys and no filters, they hold personal data."""
    return re.split(r"[(?]", path, maxsplit=1)[0]


def _error_code(response: httpx.Response) -> str:
    """The vendor's code, such as ``0x80040237``; its message may quote the data, so it is left."""
    if response.is_success:
        return ""
    try:
        code = str(response.json()["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return "no error code"
    return code if _ERROR_CODE.fullmatch(code) else "no error code"


def _retry_after(response: httpx.Response) -> timedelta | None:
    """RFC 9110 § 10.2.3: seconds, or a date, which is read against the server's own clock."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdecimal() and len(value) <= 7:
        return timedelta(seconds=int(value))
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(response.headers["Date"])
    except (ValueError, TypeError, KeyError):
        return None
    return max(wait, timedelta(0))


def _json(response: httpx.Response) -> Record:
    try:
        body = response.json()
    except ValueError as error:
        raise TryLater("Dataverse answered something that is not JSON") from error
    if not isinstance(body, dict):
        raise TryLater("Dataverse answered JSON that is not an object")
    return body
