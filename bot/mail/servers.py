"""Where the mailbox and the outgoing server are, and how to sign in."""

import asyncio
import ipaddress
from dataclasses import dataclass, field
from typing import Literal, Protocol
from urllib.parse import unquote, urlsplit

import msal
from pydantic import BaseModel, SecretStr

Security = Literal["tls", "starttls", "plain"]

_SCHEMES: dict[str, tuple[str, Security, int]] = {
    "imaps": ("imap", "tls", 993),
    "imap+starttls": ("imap", "starttls", 143),
    "imap": ("imap", "plain", 143),
    "smtps": ("smtp", "tls", 465),
    "smtp+starttls": ("smtp", "starttls", 587),
    "smtp": ("smtp", "plain", 25),
}


class SignInFailed(Exception):
    """No token or a refused password; ``str()`` is safe for logs."""


class OAuthSettings(BaseModel):
    """An application of Microsoft Entra with ``IMAP.AccessAsApp`` and ``SMTP.SendAsApp``."""

    tenant_id: str
    client_id: str
    client_secret: SecretStr
    authority_url: str = "https://login.microsoftonline.com"
    scope: str = "https://outlook.office365.com/.default"


@dataclass(frozen=True, slots=True)
class MailServer:
    """One server from its URL; the password never shows in ``repr``."""

    host: str
    port: int
    security: Security
    username: str | None
    password: SecretStr | None = field(repr=False)
    folder: str = "INBOX"


def parse_url(url: SecretStr, kind: Literal["imap", "smtp"]) -> MailServer:
    """``imaps://user:password@host:993/INBOX``, ``smtp+starttls://…``; percent-encode the parts.

    A password over an unencrypted connection is accepted on this machine only.
    """
    parts = urlsplit(url.get_secret_value())
    scheme = _SCHEMES.get(parts.scheme.lower())
    if scheme is None or scheme[0] != kind or not parts.hostname:
        known = ", ".join(f"{name}://" for name, value in _SCHEMES.items() if value[0] == kind)
        raise ValueError(f"the {kind.upper()} URL must begin with one of {known} and name a host")
    _, security, port = scheme
    if security == "plain" and parts.password and not _is_loopback(parts.hostname):
        raise ValueError(f"the {kind.upper()} URL would send a password unencrypted")
    return MailServer(
        host=parts.hostname,
        port=parts.port or port,
        security=security,
        username=unquote(parts.username) if parts.username else None,
        password=SecretStr(unquote(parts.password)) if parts.password else None,
        folder=unquote(parts.path.lstrip("/")) or "INBOX",
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class TokenSource(Protocol):
    """Gives access tokens for XOAUTH2."""

    async def token(self) -> str:
        """A valid token. May raise :class:`SignInFailed`."""
        ...


class EntraTokens:
    """Tokens by client credentials; msal keeps one until shortly before it expires.

    ``http_client`` is a requests-like session, for tests.
    """

    def __init__(self, settings: OAuthSettings, http_client: object | None = None) -> None:
        self._settings = settings
        self._http_client = http_client
        self._app: msal.ConfidentialClientApplication | None = None
        self._lock = asyncio.Lock()

    async def token(self) -> str:
        async with self._lock:
            return await asyncio.to_thread(self._acquire)

    def _acquire(self) -> str:
        try:
            # Building the application asks the authority for its metadata: not in __init__.
            self._app = self._app or msal.ConfidentialClientApplication(
                self._settings.client_id,
                client_credential=self._settings.client_secret.get_secret_value(),
                authority=f"{self._settings.authority_url.rstrip('/')}/{self._settings.tenant_id}",
                instance_discovery=False,
                http_client=self._http_client,
            )
            answer = self._app.acquire_token_for_client(scopes=[self._settings.scope])
        except (ValueError, OSError) as error:  # requests raises OSErrors
            raise SignInFailed(f"Entra not reached: {type(error).__name__}") from error
        if "access_token" not in answer:
            raise SignInFailed(f"Entra refused: {answer.get('error', 'unknown')}")
        return str(answer["access_token"])
