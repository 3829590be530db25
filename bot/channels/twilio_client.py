"""Twilio's REST API over httpx: at most one request per call, and what its errors mean.

https://www.twilio.com/docs/messaging/api/message-resource. The vendor's client is not used for
sending because it repeats POSTs, and a message sent twice cannot be taken back.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from pydantic import SecretStr

from bot.channels.channel import FetchFailed
from bot.messages import Outcome, Permanent, Receipt, Retryable, Uncertain

API = "https://api.twilio.com"
CONTENT_API = "https://content.twilio.com"
TIMEOUT = httpx.Timeout(15, connect=5)
MAX_PAGES = 20

CREDENTIALS_WAIT = timedelta(minutes=5)
RATE_WAIT = timedelta(seconds=6)  # one message per 6 s to one recipient

# https://www.twilio.com/docs/api/errors
_SLOW_DOWN = frozenset({20429, 14107, 30001, 63018, 63038})
_TRANSIENT = frozenset({63012, 63023})
_CREDENTIALS = frozenset({20003, 20005, 20006, 20403, 20404})
_WINDOW_CLOSED = frozenset({63016})
_OPTED_OUT = frozenset({21610, 63049})
_INVALID_RECIPIENT = frozenset({21211, 21214, 21217, 21265, 21614, 63003, 63024})

# Raised before the request had left us; every other transport error may come after the fact.
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


def outcome_of_code(code: int, wait: timedelta | None = None) -> Retryable | Permanent:
    """What one of Twilio's error codes means, in a response or a status callback.

    The reasons are for the agents; Twilio's own texts hold phone numbers and are left out.
    """
    if code in _SLOW_DOWN:
        reason = f"WhatsApp pide ir más despacio (Twilio {code})"
        return Retryable(reason=reason, after=wait or RATE_WAIT)
    if code in _TRANSIENT:
        reason = f"WhatsApp no está disponible en este momento (Twilio {code})"
        return Retryable(reason=reason, after=wait)
    if code in _CREDENTIALS:
        reason = f"Twilio no acepta las credenciales configuradas (Twilio {code})"
        return Retryable(reason=reason, after=CREDENTIALS_WAIT)
    if code in _WINDOW_CLOSED:
        return window_closed(f" (Twilio {code})")
    if code in _OPTED_OUT:
        reason = f"La persona no recibe mensajes nuestros (Twilio {code})"
        return Permanent(reason=reason, code="opted_out")
    if code in _INVALID_RECIPIENT:
        reason = f"El destinatario no existe en WhatsApp (Twilio {code})"
        return Permanent(reason=reason, code="invalid_recipient")
    return Permanent(reason=f"Twilio rechazó el mensaje (Twilio {code})")


def window_closed(detail: str = "") -> Permanent:
    return Permanent(
        reason="No se envió: pasaron más de 24 horas desde el último mensaje del cliente y no hay "
        f"una plantilla de WhatsApp configurada para este aviso{detail}",
        code="window_closed",
    )


class TwilioClient:
    """One account. ``api_url`` replaces both of Twilio's hosts, for tests."""

    def __init__(
        self,
        account_sid: str,
        auth_token: SecretStr,
        http: httpx.AsyncClient,
        api_url: str | None = None,
    ) -> None:
        self._http = http
        self._auth = httpx.BasicAuth(account_sid, auth_token.get_secret_value())
        self.api = (api_url or API).rstrip("/")
        self.content_api = (api_url or CONTENT_API).rstrip("/")
        self.account_path = f"/2010-04-01/Accounts/{account_sid}"

    @property
    def auth(self) -> httpx.Auth:
        return self._auth

    async def send_message(self, fields: Mapping[str, str]) -> Outcome:
        """POST one message, once."""
        url = f"{self.api}{self.account_path}/Messages.json"
        try:
            response = await self._http.post(
                url, data=dict(fields), auth=self._auth, timeout=TIMEOUT, follow_redirects=False
            )
        except _NOT_SENT as error:
            return Retryable(reason=f"No hay conexión con Twilio ({type(error).__name__})")
        except httpx.HTTPError as error:
            return Uncertain(reason=f"Twilio no confirmó el envío ({type(error).__name__})")
        return _outcome(response)

    async def create_content(self, content: Mapping[str, Any]) -> str | None:
        """POST a content; its SID, or ``None`` when Twilio did not make one."""
        try:
            response = await self._http.post(
                f"{self.content_api}/v1/Content", json=content, auth=self._auth, timeout=TIMEOUT
            )
        except httpx.HTTPError:
            return None
        sid = _json(response).get("sid") if response.is_success else None
        return sid if isinstance(sid, str) else None

    async def contents(self) -> AsyncIterator[dict[str, Any]]:
        """The account's contents. May raise FetchFailed."""
        url: str | None = f"{self.content_api}/v1/Content?PageSize=500"
        for _ in range(MAX_PAGES):
            if url is None:
                return
            page = await self._get(url)
            for content in page.get("contents", ()):
                yield content
            following = (page.get("meta") or {}).get("next_page_url")
            url = self._on_host(self.content_api, following) if following else None

    async def messages(self, **filters: str) -> AsyncIterator[dict[str, Any]]:
        """The account's messages, newest first. May raise FetchFailed."""
        query = httpx.QueryParams(filters | {"PageSize": "1000"})
        url: str | None = f"{self.api}{self.account_path}/Messages.json?{query}"
        for _ in range(MAX_PAGES):
            if url is None:
                return
            page = await self._get(url)
            for message in page.get("messages", ()):
                yield message
            following = page.get("next_page_uri")
            url = self._on_host(self.api, following) if following else None
        raise FetchFailed("Twilio lists more messages than are read at once", retry=True)

    async def media(self, message_sid: str) -> list[dict[str, Any]]:
        """The media of one message. May raise FetchFailed."""
        path = f"{self.account_path}/Messages/{message_sid}/Media.json"
        return list((await self._get(f"{self.api}{path}")).get("media_list", ()))

    async def account(self) -> dict[str, Any]:
        """The account itself: a cheap call that needs the credentials. May raise FetchFailed."""
        return await self._get(f"{self.api}{self.account_path}.json")

    async def _get(self, url: str) -> dict[str, Any]:
        try:
            response = await self._http.get(
                url, auth=self._auth, timeout=TIMEOUT, follow_redirects=False
            )
        except httpx.HTTPError as error:
            raise FetchFailed(f"Twilio: {type(error).__name__}", retry=True) from None
        if response.status_code != httpx.codes.OK:
            raise FetchFailed(f"Twilio answered {response.status_code}", retry=True)
        return _json(response)

    @staticmethod
    def _on_host(host: str, link: str) -> str:
        """A next-page link, kept on the host that our credentials are for."""
        return host + httpx.URL(link).raw_path.decode("ascii")


def _outcome(response: httpx.Response) -> Outcome:
    if response.status_code >= 500 or response.status_code == httpx.codes.REQUEST_TIMEOUT:
        return Uncertain(reason=f"Twilio no confirmó el envío (HTTP {response.status_code})")
    document = _json(response)
    if response.is_success:
        sid = document.get("sid")
        if isinstance(sid, str) and sid:
            return Receipt(provider_id=sid)
        return Uncertain(reason="Twilio confirmó sin decir el número del mensaje")
    code = document.get("code")
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return outcome_of_code(20429, _retry_after(response))
    if isinstance(code, int):
        refused = outcome_of_code(code, _retry_after(response))
        if isinstance(refused, Retryable) or refused.code != "rejected":
            return refused
    if response.status_code in {401, 403, 404}:
        # 404: the account of the URL is unknown. The message itself is fine and waits.
        return outcome_of_code(20003)
    return Permanent(reason=f"Twilio rechazó el mensaje (Twilio {code or response.status_code})")


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        document = response.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _retry_after(response: httpx.Response) -> timedelta | None:
    value = response.headers.get("retry-after", "")
    return timedelta(seconds=int(value)) if value.isdecimal() else None


def message_time(message: Mapping[str, Any]) -> datetime:
    """When Twilio took a listed message, aware UTC; the epoch where it does not say."""
    for name in ("date_sent", "date_created"):
        if value := message.get(name):
            try:
                return parsedate_to_datetime(value).astimezone(UTC)
            except (TypeError, ValueError):
                continue
    return datetime.fromtimestamp(0, UTC)
