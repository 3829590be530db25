"""The only composition root: settings in, the running parts out."""

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from backend.attachments.store import AttachmentStore, DirectoryStore
from backend.clock import Clock, clock_from
from backend.database import Database
from backend.gateway import Gateway
from backend.limits import Limits
from backend.live import Live
from backend.settings import Settings
from backend.sla.hours import BusinessHours
from backend.sla.terms import Terms
from bot.channels.channel import Channel
from bot.channels.email import EmailChannel
from bot.channels.telegram import TelegramChannel
from bot.channels.webchat import WebChatChannel
from bot.channels.whatsapp import WhatsAppChannel
from bot.mail.servers import OAuthSettings
from integrations.console_crm import ConsoleCrm
from integrations.crm import Crm
from integrations.dynamics365 import Dynamics365Crm


@dataclass(frozen=True, slots=True)
class Runtime:
    """Everything a process works with."""

    settings: Settings
    database: Database
    redis: Redis
    gateway: Gateway
    clock: Clock
    live: Live
    limits: Limits
    attachments: AttachmentStore
    hours: BusinessHours
    terms: Terms
    secret_key: str


@asynccontextmanager
async def open_runtime(
    settings: Settings,
    *,
    database_url: str,
    redis_url: str,
    clock: Clock | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> AsyncIterator[Runtime]:
    """Build the parts of one process, and close them after.

    Tests replace the clock and the transport to the providers of channels.
    """
    async with AsyncExitStack() as stack:
        database = Database(database_url, pool_size=settings.database_pool)
        stack.push_async_callback(database.dispose)
        # a hint that cannot be given at once is not worth waiting for
        redis = Redis.from_url(
            redis_url, socket_timeout=20, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0)
        )
        stack.push_async_callback(redis.aclose)
        live = Live(redis)
        stack.push_async_callback(live.close)
        secret_key = secret_key_of(settings)
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=30, transport=transport))
        yield Runtime(
            settings=settings,
            database=database,
            redis=redis,
            gateway=Gateway(build_channels(settings, http=http, secret_key=secret_key)),
            clock=clock or clock_from(settings.fake_now),
            live=live,
            limits=Limits(redis),
            attachments=DirectoryStore(settings.data_dir / "attachments"),
            hours=BusinessHours.parse(
                settings.business_hours,
                timezone=settings.timezone,
                country=settings.holidays_country,
            ),
            terms=Terms(settings.answer_terms, settings.timezone, settings.holidays_country),
            secret_key=secret_key,
        )


def build_channels(
    settings: Settings, *, http: httpx.AsyncClient, secret_key: str
) -> list[Channel]:
    """The channels whose settings are given; the web chat needs none."""
    channels: list[Channel] = [WebChatChannel()]
    if settings.twilio_account_sid and settings.twilio_auth_token and settings.twilio_whatsapp_from:
        tokens = (settings.twilio_auth_token, settings.twilio_auth_token_secondary)
        channels.append(
            WhatsAppChannel(
                account_sid=settings.twilio_account_sid,
                auth_tokens=tuple(token for token in tokens if token is not None),
                from_number=settings.twilio_whatsapp_from,
                public_url=settings.base_url,
                http=http,
                api_url=settings.twilio_api_url,
                content_sids=settings.twilio_content_sids,
            )
        )
    if settings.telegram_bot_token:
        channels.append(
            TelegramChannel(
                bot_token=settings.telegram_bot_token,
                http=http,
                webhook_secret=settings.telegram_webhook_secret,
                api_url=settings.telegram_api_url,
            )
        )
    if settings.imap_url and settings.smtp_url and settings.email_from:
        channels.append(
            EmailChannel(
                imap_url=settings.imap_url,
                smtp_url=settings.smtp_url,
                email_from=settings.email_from,
                signing_key=SecretStr(secret_key),
                oauth=_mail_oauth(settings),
            )
        )
    return channels


def _mail_oauth(settings: Settings) -> OAuthSettings | None:
    if not (settings.email_tenant_id and settings.email_client_id and settings.email_client_secret):
        return None
    return OAuthSettings(
        tenant_id=settings.email_tenant_id,
        client_id=settings.email_client_id,
        client_secret=settings.email_client_secret,
        authority_url=settings.email_authority_url,
    )


def build_crm(settings: Settings, *, installation: str) -> Crm:
    """Dynamics 365 when it is configured, else our own log.

    ``installation`` tells this database's records from those of another one in the same CRM.
    """
    if (
        settings.dynamics_url
        and settings.dynamics_tenant_id
        and settings.dynamics_client_id
        and settings.dynamics_client_secret
    ):
        return Dynamics365Crm(
            settings.dynamics_url,
            settings.dynamics_tenant_id,
            settings.dynamics_client_id,
            settings.dynamics_client_secret,
            authority_url=settings.dynamics_authority_url,
            installation=installation,
        )
    return ConsoleCrm()


def secret_key_of(settings: Settings) -> str:
    """The configured key, or one made once and kept in the data directory (mode 0600)."""
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value()
    path = settings.data_dir / "secret_key"
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        _write_once(path, secrets.token_hex(32))
        return path.read_text().strip()


def _write_once(path: Path, text: str) -> None:
    """Create the file whole and private; when another process was first, theirs stays."""
    draft = path.with_suffix(f".{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_text(text)
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
