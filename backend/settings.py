"""Every setting of Help Care, read from ``HELPCARE_*`` variables or a ``.env`` file.

Each has a default that works or leaves its part switched off; ``helpcare doctor`` says which.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Url = Annotated[str, AfterValidator(lambda value: value.rstrip("/"))]
CommaSeparated = Annotated[tuple[str, ...], NoDecode]


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="HELPCARE_",
        env_file=".env",
        env_ignore_empty=True,  # compose files pass what is not set as an empty text
        extra="ignore",
        frozen=True,
    )

    # where it runs
    data_dir: Path = Field(Path("var"), description="Embedded servers, attachments, secrets")
    model_dir: Path = Field(Path("models/nlu"), description="The trained understanding model")
    encoder: str = Field(
        "",
        description="Encoder to train with: a folder, a sentence-transformers model, or `none`;"
        " empty: the one that ships",
    )
    host: str = Field("127.0.0.1", description="Address on which `run` and `web` listen")
    port: int = Field(8000, ge=0, le=65535, description="Port on which `run` and `web` listen")
    public_url: Url | None = Field(
        None, description="URL under which providers and clients reach us; signatures use it"
    )
    secret_key: SecretStr | None = Field(
        None, description="Signs sessions and mail threads; unset: made once in the data directory"
    )
    log_format: Literal["auto", "json", "text"] = Field(
        "auto", description="`auto`: JSON unless standard error is a terminal"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least that is logged"
    )
    fake_now: datetime | None = Field(
        None, description="Tests only: the clock starts here (ISO 8601 with offset)"
    )

    # servers
    database_url: SecretStr | None = Field(
        None, description="`postgresql://…`; unset: an embedded server in the data directory"
    )
    redis_url: SecretStr | None = Field(
        None, description="`redis://…`; unset: an embedded server in the data directory"
    )
    database_pool: int = Field(10, ge=2, description="Database connections of each process")
    worker_concurrency: int = Field(8, ge=1, description="Conversations a worker has in hand")
    workers: int = Field(1, ge=1, description="Worker processes started by `helpcare run`")

    # the company
    company_name: str = Field("Periferia IT", description="How the bot names the company")
    privacy_url: Url | None = Field(None, description="Link to the personal-data policy")
    business_hours: str = Field(
        "mon-fri 08:00-18:00",
        description="When agents work, such as `mon-fri 08:00-12:00 14:00-18:00, sat 08:00-12:00`",
    )
    timezone: str = Field("America/Bogota", description="Where local days and hours are counted")
    holidays_country: str = Field("CO", description="Country whose holidays count as closed")
    answer_terms: dict[str, int] = Field(
        {
            # Ley 1755/2015 art. 14 and Ley 1581/2012 art. 15; an incident's is the company's own
            "peticion": 15,
            "queja": 15,
            "reclamo": 15,
            "sugerencia": 15,
            "felicitacion": 15,
            "denuncia": 15,
            "habeas_data": 10,
            "incidente": 2,
        },
        description="Business days to answer by ticket type, as JSON",
    )
    close_after_days: int = Field(
        5, ge=1, description="Days after which a resolved ticket closes by itself"
    )
    survey_delay_s: int = Field(60, ge=0, description="Seconds between a resolution and its survey")
    survey_expires_days: int = Field(
        3, ge=1, description="Days within which a survey can be answered"
    )
    survey_cooldown_days: int = Field(
        0, ge=0, description="Days before a person is asked again; 0: after each resolution"
    )
    contact_hours: str = Field(
        # Ley 2300/2023; surveys are counted among what a client did not ask for
        "mon-fri 07:00-19:00, sat 08:00-15:00",
        description="When surveys may be sent, never on holidays; `always`: at any time",
    )

    # WhatsApp through Twilio
    twilio_account_sid: str | None = Field(None, description="Twilio account (`AC…`)")
    twilio_auth_token: SecretStr | None = Field(None, description="Twilio auth token")
    twilio_auth_token_secondary: SecretStr | None = Field(
        None, description="The other token while rotating"
    )
    twilio_whatsapp_from: str | None = Field(None, description="Our number, `+57…`")
    twilio_api_url: Url | None = Field(None, description="Another Twilio API host (tests)")
    twilio_content_sids: dict[str, str] = Field(
        {}, description='Approved templates by purpose, `{"status": "HX…", "survey": "HX…"}`'
    )

    # Telegram
    telegram_bot_token: SecretStr | None = Field(None, description="Token from @BotFather")
    telegram_webhook_secret: SecretStr | None = Field(
        None, description="Secret of the webhook; unset: the bot polls"
    )
    telegram_api_url: Url | None = Field(None, description="Another Bot API server (tests)")

    # e-mail
    imap_url: SecretStr | None = Field(
        None, description="`imaps://user:password@host/INBOX` (quote special characters)"
    )
    smtp_url: SecretStr | None = Field(
        None, description="`smtp+starttls://user:password@host:587` or `smtps://…`"
    )
    email_from: str | None = Field(None, description="Address that mail is sent from")
    email_tenant_id: str | None = Field(None, description="Entra tenant for XOAUTH2")
    email_client_id: str | None = Field(None, description="Entra application for XOAUTH2")
    email_client_secret: SecretStr | None = Field(None, description="Its secret")
    email_authority_url: Url = Field(
        "https://login.microsoftonline.com", description="Where mail tokens come from"
    )

    # Dynamics 365
    dynamics_url: Url | None = Field(None, description="`https://org.crm.dynamics.com`")
    dynamics_tenant_id: str | None = Field(None, description="Entra tenant")
    dynamics_client_id: str | None = Field(None, description="Entra application")
    dynamics_client_secret: SecretStr | None = Field(None, description="Its secret")
    dynamics_authority_url: Url = Field(
        "https://login.microsoftonline.com", description="Where CRM tokens come from"
    )

    # limits
    max_body_bytes: int = Field(
        256 * 1024, description="Largest webhook or API body; uploads have their own limit"
    )
    max_attachment_bytes: int = Field(16 * 1024 * 1024, description="Largest attachment")
    trusted_proxies: CommaSeparated = Field(
        (), description="Addresses whose X-Forwarded-* headers count, comma separated"
    )

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("fake_now")
    @classmethod
    def _aware(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("needs an offset, such as 2026-11-23T10:00:00-05:00")
        return value

    @model_validator(mode="after")
    def _complete(self) -> "Settings":
        for names in (
            ("twilio_account_sid", "twilio_auth_token", "twilio_whatsapp_from"),
            ("imap_url", "smtp_url", "email_from"),
            ("email_tenant_id", "email_client_id", "email_client_secret"),
            ("dynamics_url", "dynamics_tenant_id", "dynamics_client_id", "dynamics_client_secret"),
        ):
            missing = [name for name in names if getattr(self, name) is None]
            if missing and len(missing) < len(names):
                given = next(name for name in names if name not in missing)
                wanted = ", ".join(f"HELPCARE_{name.upper()}" for name in missing)
                raise ValueError(f"HELPCARE_{given.upper()} is set, so {wanted} must be too")
        return self

    @property
    def survey_delay(self) -> timedelta:
        return timedelta(seconds=self.survey_delay_s)

    @property
    def base_url(self) -> str:
        """Where a person on this machine opens the pages when no public URL is set."""
        return self.public_url or f"http://{self.host}:{self.port}"
