"""``helpcare doctor`` on real embedded servers, and vendors behind a replaced transport."""

import io
import socket
from datetime import UTC, datetime

import httpx
import psycopg
import pytest
from rich.console import Console
from support.servers import drop_database, fresh_database, valkey_url

from backend import migrate
from backend.doctor import Finding, examine, exit_code, table
from backend.embedded import start_postgres, start_valkey
from backend.settings import Settings

BOT_TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
TWILIO_SID = "AC0123456789abcdef0123456789abcdef"
TWILIO_TOKEN = "fedcba9876543210fedcba9876543210"
CLIENT_SECRET = "un~secreto~de~dynamics"


@pytest.fixture(scope="module")
def database():
    url = fresh_database()
    migrate.upgrade(url)
    yield url
    drop_database(url)


@pytest.fixture
def settings(tmp_path, database, monkeypatch):
    """Settings on the test servers, changed by keyword."""
    monkeypatch.chdir(tmp_path)  # away from a developer's .env

    def make(**changes):
        base = {
            "data_dir": tmp_path / "data",
            "model_dir": tmp_path / "model",
            "database_url": database,
            "redis_url": valkey_url(),
            "port": 0,
        }
        return Settings(**(base | changes))

    return make


class Vendors:
    """Twilio, Telegram, Entra and Dataverse as they answer when all is well."""

    def __init__(self):
        self.answers = {
            "/2010-04-01/Accounts/": (200, {"status": "active"}),
            "/getMe": (200, {"ok": True, "result": {
                "id": 110201543, "is_bot": True, "first_name": "Ayuda", "username": "ayuda_bot"}}),
            "/getWebhookInfo": (200, {"ok": True, "result": {
                "url": "https://ayuda.example.com/webhooks/telegram", "pending_update_count": 2}}),
            "/oauth2/v2.0/token": (200, {"access_token": "t", "expires_in": 3600}),
            "/WhoAmI": (200, {"OrganizationId": "00000000-0000-0000-0000-000000000001"}),
            "/EntityDefinitions": (200, {"LogicalName": "incident", "value": []}),
        }  # fmt: skip
        self.asked = []

    def __call__(self, request):
        self.asked.append(request.url.path)
        for part, answer in self.answers.items():
            if part in request.url.path:
                if isinstance(answer, Exception):
                    raise answer
                return httpx.Response(answer[0], json=answer[1])
        return httpx.Response(404, json={})


@pytest.fixture
def vendors():
    return Vendors()


async def run(settings, vendors):
    async with httpx.AsyncClient(transport=httpx.MockTransport(vendors)) as http:
        findings = await examine(settings, http=http)
    shown = "\n".join(f"{f.name} {f.what} {f.remedy}" for f in findings)
    for secret in (TWILIO_TOKEN, BOT_TOKEN, CLIENT_SECRET):
        assert secret not in shown
    for finding in findings:
        assert finding.remedy or finding.level == "ok", f"no remedy: {finding}"
    return {finding.name: finding for finding in findings}


ALL_CHANNELS = {
    "public_url": "https://ayuda.example.com",
    "twilio_account_sid": TWILIO_SID,
    "twilio_auth_token": TWILIO_TOKEN,
    "twilio_whatsapp_from": "+573001234567",
    "telegram_bot_token": BOT_TOKEN,
    "telegram_webhook_secret": "a-webhook-secret",
    "dynamics_url": "https://contoso.crm.dynamics.com",
    "dynamics_tenant_id": "tenant",
    "dynamics_client_id": "client",
    "dynamics_client_secret": CLIENT_SECRET,
}


async def test_servers_and_channels_that_are_well(settings, vendors):
    found = await run(settings(**ALL_CHANNELS), vendors)
    for name in ("data directory", "disk", "secret key", "public address", "port", "calendar",
                 "database", "clock", "schema", "redis", "whatsapp", "telegram",
                 "telegram webhook", "dynamics 365"):  # fmt: skip
        assert found[name].level == "ok", found[name]
    assert "PostgreSQL 18" in found["database"].what
    assert found["schema"].what.endswith(migrate.head())
    assert "@ayuda_bot" in found["telegram"].what
    assert "00000000-0000-0000-0000-000000000001" in found["dynamics 365"].what


async def test_what_is_not_configured_is_skipped_and_asks_nobody(settings, vendors):
    found = await run(settings(), vendors)
    for name, setting in (
        ("whatsapp", "HELPCARE_TWILIO_ACCOUNT_SID"),
        ("telegram", "HELPCARE_TELEGRAM_BOT_TOKEN"),
        ("e-mail", "HELPCARE_IMAP_URL"),
        ("dynamics 365", "HELPCARE_DYNAMICS_URL"),
    ):
        assert found[name].level == "skipped"
        assert setting in found[name].remedy
    assert vendors.asked == []


@pytest.mark.parametrize(
    ("path", "answer", "name", "setting"),
    [
        ("/2010-04-01/Accounts/", (401, {"code": 20003}), "whatsapp", "HELPCARE_TWILIO_AUTH_TOKEN"),
        ("/2010-04-01/Accounts/", httpx.ConnectError("x"), "whatsapp", "HELPCARE_TWILIO"),
        ("/getMe", (401, {"ok": False, "error_code": 401, "description": "Unauthorized"}),
         "telegram", "HELPCARE_TELEGRAM_BOT_TOKEN"),
        ("/getMe", httpx.ConnectError("x"), "telegram", "HELPCARE_TELEGRAM_BOT_TOKEN"),
        ("/oauth2/v2.0/token", (401, {"error": "invalid_client"}), "dynamics 365",
         "HELPCARE_DYNAMICS_CLIENT_SECRET"),
        ("/WhoAmI", (403, {"error": {"code": "0x80072560"}}), "dynamics 365",
         "HELPCARE_DYNAMICS_URL"),
    ],
)  # fmt: skip
async def test_a_vendor_that_refuses(settings, vendors, path, answer, name, setting):
    vendors.answers[path] = answer
    found = await run(settings(**ALL_CHANNELS), vendors)
    assert found[name].level == "fail"
    assert setting in found[name].remedy


NOW = datetime.now(UTC).timestamp()


@pytest.mark.parametrize(
    ("secret", "info", "level", "word"),
    [
        (None, {"url": ""}, "ok", "polls"),
        (None, {"url": "https://elsewhere.example"}, "warn", "removed"),
        ("s", {"url": ""}, "warn", "no webhook"),
        ("s", {"url": "https://elsewhere.example"}, "warn", "elsewhere"),
        ("s", {"url": "https://ayuda.example.com/x", "last_error_message": "Wrong response 500",
               "last_error_date": NOW - 60}, "fail", "Wrong response"),
        ("s", {"url": "https://ayuda.example.com/x", "last_error_message": "Wrong response 500",
               "last_error_date": NOW - 86_400}, "ok", "set"),
        ("s", {"url": "https://ayuda.example.com/x", "pending_update_count": 101}, "warn", "101"),
    ],
)  # fmt: skip
async def test_the_telegram_webhook(settings, vendors, secret, info, level, word):
    vendors.answers["/getWebhookInfo"] = (200, {"ok": True, "result": info})
    found = await run(settings(**ALL_CHANNELS | {"telegram_webhook_secret": secret}), vendors)
    assert found["telegram webhook"].level == level
    assert word in found["telegram webhook"].what


@pytest.mark.parametrize(
    ("changes", "name", "level", "word"),
    [
        ({"secret_key": "changeme"}, "secret key", "fail", "HELPCARE_SECRET_KEY"),
        ({"secret_key": "a" * 64}, "secret key", "fail", "HELPCARE_SECRET_KEY"),
        ({"secret_key": "0123456789abcdef" * 4}, "secret key", "ok", ""),
        ({"public_url": "http://ayuda.example.com"}, "public address", "fail", "https"),
        ({"public_url": "http://127.0.0.1:8000"}, "public address", "ok", ""),
        ({"public_url": "ayuda.example.com"}, "public address", "fail", "HELPCARE_PUBLIC_URL"),
        ({"public_url": None, **{k: v for k, v in ALL_CHANNELS.items() if "twilio" in k}},
         "public address", "fail", "HELPCARE_PUBLIC_URL"),
        ({"business_hours": "lun-vie 8-18"}, "business hours", "fail", "HELPCARE_BUSINESS_HOURS"),
        ({"contact_hours": "someday"}, "contact hours", "fail", "HELPCARE_CONTACT_HOURS"),
        ({"timezone": "America/Bogotá"}, "time zone", "fail", "HELPCARE_TIMEZONE"),
        ({"trusted_proxies": "10.0.0.5, proxy"}, "trusted proxies", "fail",
         "HELPCARE_TRUSTED_PROXIES"),
        ({"trusted_proxies": "10.0.0.0/8"}, "trusted proxies", "ok", ""),
        ({}, "understanding model", "fail", "HELPCARE_MODEL_DIR"),
        ({"redis_url": "redis://:hunter2hunter2@127.0.0.1:1/0"}, "redis", "fail",
         "HELPCARE_REDIS_URL"),
        ({"database_url": "postgresql://u:hunter2hunter2@127.0.0.1:1/x"}, "database", "fail",
         "HELPCARE_DATABASE_URL"),
        ({"database_url": "postgres//nonsense"}, "database", "fail", "HELPCARE_DATABASE_URL"),
        ({"redis_url": "nonsense"}, "redis", "fail", "HELPCARE_REDIS_URL"),
        ({"telegram_bot_token": "nonsense"}, "channels", "fail", "HELPCARE_TELEGRAM_BOT_TOKEN"),
        ({"dynamics_url": "http://contoso.crm.dynamics.com", "dynamics_tenant_id": "t",
          "dynamics_client_id": "c", "dynamics_client_secret": "s"}, "dynamics 365", "fail",
         "HELPCARE_DYNAMICS_URL"),
        ({"imap_url": "imap://u:hunter2hunter2@127.0.0.1:1/INBOX", "email_from": "a@example.com",
          "smtp_url": "smtp://u:hunter2hunter2@127.0.0.1:1"}, "e-mail", "fail",
         "HELPCARE_SMTP_URL"),
    ],
)  # fmt: skip
async def test_one_wrong_setting_is_named(settings, vendors, changes, name, level, word):
    found = await run(settings(**changes), vendors)
    assert found[name].level == level, found[name]
    assert word in f"{found[name].what} {found[name].remedy}"
    assert "hunter2" not in str(found)


async def test_a_schema_that_is_behind_or_missing(settings, vendors):
    url = fresh_database()
    found = await run(settings(database_url=url), vendors)
    assert (found["schema"].level, found["schema"].remedy) == ("warn", "Run `helpcare migrate`")
    migrate.upgrade(url)
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    found = await run(settings(database_url=url), vendors)
    assert found["schema"].level == "fail"
    assert "9999" in found["schema"].what
    drop_database(url)


async def test_a_taken_port(settings, vendors):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        found = await run(settings(port=taken.getsockname()[1]), vendors)
    assert found["port"].level == "fail"
    assert "HELPCARE_PORT" in found["port"].remedy


async def test_a_data_directory_that_is_a_file(settings, vendors, tmp_path):
    (tmp_path / "file").write_text("")
    found = await run(
        settings(data_dir=tmp_path / "file", database_url=None, redis_url=None), vendors
    )
    for name in ("data directory", "database", "redis"):
        assert found[name].level == "fail"
        assert "HELPCARE_DATA_DIR" in f"{found[name].what} {found[name].remedy}"


async def test_embedded_servers_are_tried_and_stopped_again(settings, vendors):
    configuration = settings(database_url=None, redis_url=None)
    found = await run(configuration, vendors)
    assert found["database"].what == "embedded, PostgreSQL 18"
    assert found["redis"].what.startswith("embedded, ")
    postgres, valkey = (start(configuration.data_dir) for start in (start_postgres, start_valkey))
    try:
        found = await run(configuration, vendors)  # as beside a running `helpcare run`
        assert found["database"].level == found["redis"].level == "ok"
    finally:
        postgres.stop()
        valkey.stop()


def test_the_table_shows_everything_and_the_exit_code_only_failures():
    findings = [
        Finding("one", "warn", "[red]not markup[/red]", "remedy 1"),
        Finding("two", "ok", "fine"),
    ]
    console = Console(file=io.StringIO(), width=200)
    console.print(table(findings))
    text = console.file.getvalue()
    for word in ("one", "warn", "[red]not markup[/red]", "remedy 1", "two", "fine"):
        assert word in text
    assert exit_code(findings) == 0
    assert exit_code([*findings, Finding("three", "fail", "broken", "mend")]) == 1
