"""Application tokens from Microsoft Entra ID by the OAuth 2.0 client-credentials grant.

Written out over httpx because msal's HTTP is blocking and would hold the event loop. Source of
the request: Microsoft identity platform, "client credentials flow, access token request".
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import httpx
from pydantic import SecretStr

from integrations.errors import TryLater

_TIMEOUT = httpx.Timeout(15.0, connect=5.0)
_MARGIN_S = 300.0  # a token is replaced this long before it ends
_REFUSED_AFTER = timedelta(minutes=5)  # a wrong or expired secret is mended by a person


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    good_until: float  # on the caller's clock, margin taken off


class ClientCredentials:
    """One application's tokens for one ``scope``; fetched once for all who wait.

    ``clock`` gives seconds from any origin and never goes back.
    """

    def __init__(
        self,
        authority_url: str,
        tenant_id: str,
        client_id: str,
        client_secret: SecretStr,
        scope: str,
        http: httpx.AsyncClient,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = f"{authority_url.rstrip('/')}/{tenant_id}/oauth2/v2.0/token"
        self._client_id = client_id
        self._client_secret = client_secret
        self._scope = scope
        self._http = http
        self._clock = clock
        self._lock = asyncio.Lock()
        self._token: _Token | None = None

    async def token(self, *, rejected: str | None = None) -> str:
        """A valid access token; never again the one in ``rejected``, which a server refused.

        Raises:
            TryLater: no token now; a refused sign-in too, since a person can mend it.
        """
        async with self._lock:
            held = self._token
            if held and held.value != rejected and self._clock() < held.good_until:
                return held.value
            self._token = await self._fetch()
            return self._token.value

    async def _fetch(self) -> _Token:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._client_secret.get_secret_value(),
            "scope": self._scope,
        }
        try:
            response = await self._http.post(self._url, data=form, timeout=_TIMEOUT)
        except httpx.RequestError as error:
            raise TryLater(f"Entra ID not reached: {type(error).__name__}") from error
        if response.status_code in {400, 401, 403}:
            raise TryLater(f"Entra ID refused the sign-in: {_error_code(response)}", _REFUSED_AFTER)
        try:
            if response.status_code != httpx.codes.OK:
                raise TryLater(f"Entra ID answered {response.status_code}")
            body = response.json()
            lifetime = float(body["expires_in"])
            value = str(body["access_token"])
        except (ValueError, KeyError, TypeError) as error:
            raise TryLater("Entra ID answered without a token") from error
        margin = min(_MARGIN_S, lifetime / 2)
        return _Token(value, self._clock() + lifetime - margin)


def _error_code(response: httpx.Response) -> str:
    """The registered error name only: the description repeats ids and addresses."""
    try:
        code = str(response.json()["error"])
    except (ValueError, KeyError, TypeError):
        return str(response.status_code)
    return code if code.replace("_", "").isalnum() and len(code) <= 64 else "unknown"
