"""The doctor's look at channels and business systems, each asked with its own credentials."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx

from backend.doctor.finding import Finding
from backend.redaction import redact
from backend.runtime import build_channels
from backend.settings import Settings
from bot.channels.channel import Channel, FetchFailed
from bot.channels.email import EmailChannel
from bot.channels.telegram import API as TELEGRAM_API
from bot.channels.telegram import TelegramChannel
from bot.channels.whatsapp import WhatsAppChannel
from bot.mail.servers import SignInFailed
from integrations.dynamics365 import Dynamics365Crm
from integrations.errors import IntegrationError

_C = TypeVar("_C")
_PATIENCE_S = 30
_NO_KEY = "0" * 64  # nothing is signed here
_MANY_WAITING = 100
_ERROR_IS_NEWS_S = 3600  # Telegram remembers its last failed call for ever

_WHATSAPP = "HELPCARE_TWILIO_ACCOUNT_SID, HELPCARE_TWILIO_AUTH_TOKEN, HELPCARE_TWILIO_WHATSAPP_FROM"
_MAIL = "HELPCARE_IMAP_URL, HELPCARE_SMTP_URL, HELPCARE_EMAIL_FROM"
_MAIL_OAUTH = "HELPCARE_EMAIL_TENANT_ID, HELPCARE_EMAIL_CLIENT_ID, HELPCARE_EMAIL_CLIENT_SECRET"
_DYNAMICS = (
    "HELPCARE_DYNAMICS_URL, HELPCARE_DYNAMICS_TENANT_ID, HELPCARE_DYNAMICS_CLIENT_ID, "
    "HELPCARE_DYNAMICS_CLIENT_SECRET"
)
_FAILURES = (FetchFailed, SignInFailed, IntegrationError, OSError, ValueError)


async def examine_outside(settings: Settings, http: httpx.AsyncClient) -> list[Finding]:
    """Findings on every channel and integration, configured or not."""
    try:
        channels = build_channels(settings, http=http, secret_key=_NO_KEY)
    except ValueError as error:
        remedy = f"Check {_WHATSAPP}, HELPCARE_TELEGRAM_BOT_TOKEN, {_MAIL}"
        return [Finding("channels", "fail", redact(str(error)), remedy)]
    groups = await asyncio.gather(
        _whatsapp(_one(channels, WhatsAppChannel)),
        _telegram(settings, _one(channels, TelegramChannel), http),
        _email(settings, _one(channels, EmailChannel)),
        _dynamics(settings, http),
    )
    return [finding for group in groups for finding in group]


def _one(channels: list[Channel], kind: type[_C]) -> _C | None:
    return next((channel for channel in channels if isinstance(channel, kind)), None)


async def _try(name: str, check: Callable[[], Awaitable[str]], remedy: str) -> Finding:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return Finding(name, "ok", await check())
    except TimeoutError:
        return Finding(name, "fail", f"no answer within {_PATIENCE_S} s", remedy)
    except _FAILURES as error:
        return Finding(name, "fail", redact(str(error)) or type(error).__name__, remedy)


async def _whatsapp(channel: WhatsAppChannel | None) -> list[Finding]:
    if channel is None:
        return [Finding("whatsapp", "skipped", "not configured", f"To use it set {_WHATSAPP}")]
    remedy = f"Compare {_WHATSAPP} with the Twilio console, and see that api.twilio.com is reached"
    return [await _try("whatsapp", channel.check, remedy)]


async def _telegram(
    settings: Settings, channel: TelegramChannel | None, http: httpx.AsyncClient
) -> list[Finding]:
    if channel is None or settings.telegram_bot_token is None:
        remedy = "To use it set HELPCARE_TELEGRAM_BOT_TOKEN"
        return [Finding("telegram", "skipped", "not configured", remedy)]
    remedy = "Set HELPCARE_TELEGRAM_BOT_TOKEN to @BotFather's, and see that Telegram is reached"
    bot = await _try("telegram", channel.check, remedy)
    if bot.level != "ok":
        return [bot]
    api = settings.telegram_api_url or TELEGRAM_API
    token = settings.telegram_bot_token.get_secret_value()
    try:
        answer = await http.get(f"{api}/bot{token}/getWebhookInfo", timeout=15)
        info = answer.json()["result"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        what = f"Telegram did not say how the webhook does ({type(error).__name__})"
        return [bot, Finding("telegram webhook", "warn", what, "Try again later")]
    return [bot, _webhook(settings, info)]


def _webhook(settings: Settings, info: dict[str, Any]) -> Finding:
    """Judge https://core.telegram.org/bots/api#webhookinfo."""
    name, url = "telegram webhook", info.get("url", "")
    if settings.telegram_webhook_secret is None:
        if url:
            what = "a webhook is set; it is removed when Help Care starts and polls"
            remedy = "Set HELPCARE_TELEGRAM_WEBHOOK_SECRET to keep using a webhook"
            return Finding(name, "warn", what, remedy)
        return Finding(name, "ok", "none: the bot polls")
    if not url.startswith(settings.base_url):
        what = "the webhook points elsewhere" if url else "no webhook is set yet"
        remedy = "It is set when Help Care starts, to HELPCARE_PUBLIC_URL; see that this is right"
        return Finding(name, "warn", what, remedy)
    age = datetime.now(UTC).timestamp() - info.get("last_error_date", 0)
    if info.get("last_error_message") and age < _ERROR_IS_NEWS_S:
        what = f"Telegram could not deliver: {redact(str(info['last_error_message']))}"
        remedy = "See that HELPCARE_PUBLIC_URL is reached from outside with a valid certificate"
        return Finding(name, "fail", what, remedy)
    waiting = info.get("pending_update_count", 0)
    if waiting > _MANY_WAITING:
        what = f"{waiting} updates wait at Telegram"
        return Finding(name, "warn", what, "See that Help Care runs at HELPCARE_PUBLIC_URL")
    return Finding(name, "ok", f"set, {waiting} updates waiting")


async def _email(settings: Settings, channel: EmailChannel | None) -> list[Finding]:
    if channel is None:
        return [Finding("e-mail", "skipped", "not configured", f"To use it set {_MAIL}")]
    credentials = _MAIL_OAUTH if settings.email_tenant_id else "their user and password"
    remedy = f"Check {_MAIL} and {credentials}, and that both servers are reached from here"
    return [await _try("e-mail", channel.check, remedy)]


async def _dynamics(settings: Settings, http: httpx.AsyncClient) -> list[Finding]:
    name = "dynamics 365"
    if not (
        settings.dynamics_url
        and settings.dynamics_tenant_id
        and settings.dynamics_client_id
        and settings.dynamics_client_secret
    ):
        remedy = f"Interactions are logged here. To log them there set {_DYNAMICS}"
        return [Finding(name, "skipped", "not configured", remedy)]
    remedy = f"Check {_DYNAMICS}, and that the application is a user of that organisation"
    try:
        crm = Dynamics365Crm(
            settings.dynamics_url,
            settings.dynamics_tenant_id,
            settings.dynamics_client_id,
            settings.dynamics_client_secret,
            authority_url=settings.dynamics_authority_url,
            http=http,
        )
    except ValueError as error:
        return [Finding(name, "fail", redact(str(error)), remedy)]
    return [await _try(name, crm.check, remedy)]
