"""URLs of mail servers and tokens from Entra."""

import json
from typing import Any

import pytest
from pydantic import SecretStr

from bot.mail.servers import EntraTokens, OAuthSettings, SignInFailed, parse_url


@pytest.mark.parametrize(
    ("url", "kind", "expected"),
    [
        ("imaps://u%40x.co:p%2Fw@mail.x.co", "imap", ("mail.x.co", 993, "tls", "INBOX")),
        ("imaps://u%40x.co:p%2Fw@mail.x.co:1993/Cola", "imap", ("mail.x.co", 1993, "tls", "Cola")),
        ("imap+starttls://u%40x.co:p%2Fw@h", "imap", ("h", 143, "starttls", "INBOX")),
        ("imap://u%40x.co:p%2Fw@127.0.0.1:1143", "imap", ("127.0.0.1", 1143, "plain", "INBOX")),
        ("smtps://u%40x.co:p%2Fw@h", "smtp", ("h", 465, "tls", "INBOX")),
        ("smtp+starttls://u%40x.co:p%2Fw@h", "smtp", ("h", 587, "starttls", "INBOX")),
        ("smtp://u%40x.co:p%2Fw@localhost", "smtp", ("localhost", 25, "plain", "INBOX")),
    ],
)
def test_urls(url: str, kind: Any, expected: tuple[str, int, str, str]) -> None:
    server = parse_url(SecretStr(url), kind)
    assert (server.host, server.port, server.security, server.folder) == expected
    assert server.username == "u@x.co"
    assert server.password is not None
    assert server.password.get_secret_value() == "p/w"
    assert "p/w" not in repr(server)


@pytest.mark.parametrize("url", ["http://h", "imaps://", "smtp://h", "imap://u:secreta@mail.x.co"])
def test_wrong_urls_are_refused_without_showing_the_password(url: str) -> None:
    with pytest.raises(ValueError, match="IMAP URL") as refused:
        parse_url(SecretStr(url), "imap")
    assert "secreta" not in str(refused.value)


class FakeEntra:
    """Answers as login.microsoftonline.com does; msal calls it like a requests session."""

    def __init__(self, answer: dict[str, Any], status: int = 200) -> None:
        self.answer = answer
        self.status = status
        self.posted: list[dict[str, Any]] = []

    def get(self, url: str, **_: Any) -> Any:
        base = url.partition("/v2.0/")[0]
        metadata = {
            "issuer": f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
        }
        return FakeResponse(200, metadata)

    def post(self, url: str, **kwargs: Any) -> Any:
        self.posted.append({"url": url, **kwargs["data"]})
        return FakeResponse(self.status, self.answer)

    def close(self) -> None:
        pass


class FakeResponse:
    def __init__(self, status: int, content: dict[str, Any]) -> None:
        self.status_code = status
        self.text = json.dumps(content)
        self.headers: dict[str, str] = {}

    def raise_for_status(self) -> None:
        assert self.status_code < 400


SETTINGS = OAuthSettings(
    tenant_id="11111111-2222-3333-4444-555555555555",
    client_id="aaaa",
    client_secret=SecretStr("secreto"),
)


async def test_a_token_is_asked_for_once_by_client_credentials() -> None:
    entra = FakeEntra({"token_type": "Bearer", "expires_in": 3600, "access_token": "t0k3n"})
    tokens = EntraTokens(SETTINGS, http_client=entra)
    assert [await tokens.token(), await tokens.token()] == ["t0k3n", "t0k3n"]
    (request,) = entra.posted
    assert request["grant_type"] == "client_credentials"
    assert request["scope"] == "https://outlook.office365.com/.default"
    assert SETTINGS.tenant_id in request["url"]


async def test_a_refusal_says_why_and_hides_the_secret() -> None:
    entra = FakeEntra({"error": "invalid_client", "error_description": "secreto"}, status=401)
    with pytest.raises(SignInFailed, match="invalid_client") as refused:
        await EntraTokens(SETTINGS, http_client=entra).token()
    assert "secreto" not in str(refused.value)
