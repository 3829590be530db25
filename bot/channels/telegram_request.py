"""How python-telegram-bot reaches Telegram: over the application's HTTP client.

Its own transport cannot tell a message that never left from one that may have arrived.
"""

import json
import logging
from datetime import timedelta
from typing import Any

import httpx
from telegram.error import NetworkError, TelegramError
from telegram.request import BaseRequest, RequestData

TIMEOUT = httpx.Timeout(15, connect=5)

_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class NotSent(NetworkError):
    """The request never left us."""


class SlowDown(TelegramError):
    """Too many requests; repeat after ``after``."""

    def __init__(self, after: timedelta) -> None:
        super().__init__("Too many requests")
        self.after = after


class HideToken(logging.Filter):
    """Keeps the bot token, which is part of every URL, out of httpx's request log."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self._token = token

    def __eq__(self, other: object) -> bool:
        """So that a logger takes the same filter once."""
        return isinstance(other, HideToken) and other._token == self._token

    def __hash__(self) -> int:
        return hash(self._token)

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if self._token in text:
            record.msg, record.args = text.replace(self._token, "***"), ()
        return True


class HttpxRequest(BaseRequest):
    """One request per call, never repeated, over a client that somebody else opens and closes."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    @property
    def read_timeout(self) -> float | None:
        return TIMEOUT.read

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,  # noqa: ANN401 the library's sentinel
        write_timeout: Any = BaseRequest.DEFAULT_NONE,  # noqa: ANN401, ARG002 as above; we keep ours
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,  # noqa: ANN401, ARG002
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,  # noqa: ANN401, ARG002
    ) -> tuple[int, bytes]:
        read = read_timeout if isinstance(read_timeout, int | float) else TIMEOUT.read
        try:
            response = await self._http.request(
                method,
                url,
                data=request_data.json_parameters if request_data else None,
                timeout=httpx.Timeout(TIMEOUT.write, connect=TIMEOUT.connect, read=read),
                follow_redirects=False,
            )
        except _NOT_SENT as error:
            # ``from None``: the cause holds the URL, and the URL the token.
            raise NotSent(type(error).__name__) from None
        except httpx.HTTPError as error:
            raise NetworkError(type(error).__name__) from None
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise SlowDown(_retry_after(response))
        return response.status_code, response.content


def _retry_after(response: httpx.Response) -> timedelta:
    """Telegram's ``parameters.retry_after``; one second, its pace per chat, where it is missing."""
    try:
        seconds = int(json.loads(response.content)["parameters"]["retry_after"])
    except (ValueError, TypeError, KeyError):
        seconds = 1
    return timedelta(seconds=max(seconds, 1))
