"""What reaches the log: readable lines, and never a secret or a person's data (faults D4)."""

import contextlib
import io
import json
import logging
import string
import sys
import time
from datetime import UTC, datetime

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr, ValidationError

from backend import logs
from backend.redaction import MASK, is_sensitive, redact

CANARY = "CANARIO"


@pytest.fixture(autouse=True)
def _restored():
    root, hook = logging.getLogger(), sys.excepthook
    handlers, level = root.handlers[:], root.level
    libraries = {name: logging.getLogger(name).level for name in logs.QUIET}
    yield
    root.handlers[:], root.level = handlers, level
    for name, before in libraries.items():
        logging.getLogger(name).setLevel(before)
    sys.excepthook = hook
    logging.captureWarnings(False)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def configured(**options):
    """Configure on a standard error of our own, which is no terminal; the stream."""
    with contextlib.redirect_stderr(io.StringIO()) as stream:
        logs.configure(**options)
    return stream


@pytest.fixture
def logged():
    """Everything logged, as parsed lines."""
    stream = configured(json=True, level="debug")
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_our_own_line_carries_level_logger_time_and_context(logged):
    structlog.contextvars.bind_contextvars(request_id="r-1")
    structlog.get_logger("helpcare.inbox").info("stored", conversation=7, channel="whatsapp")
    (line,) = logged()
    assert datetime.fromisoformat(line.pop("timestamp")).tzinfo is not None
    assert line == {
        "event": "stored",
        "level": "info",
        "logger": "helpcare.inbox",
        "request_id": "r-1",
        "conversation": 7,
        "channel": "whatsapp",
    }


def test_libraries_log_the_same_way(logged):
    structlog.contextvars.bind_contextvars(request_id="r-2")
    logging.getLogger("some.library").warning("retry %d for %s", 3, "ana@example.com")
    (line,) = logged()
    assert (line["event"], line["logger"]) == (f"retry 3 for {MASK}", "some.library")
    assert line["request_id"] == "r-2"


@pytest.mark.parametrize("name", ["httpx", "telegram.ext", "procrastinate.worker", "sqlalchemy"])
def test_chatty_libraries_are_quiet_even_at_debug(logged, name):
    logging.getLogger(name).info("HTTP Request: POST https://api.telegram.org/bot123:ABC/x")
    logging.getLogger(name).error("it failed")
    assert [line["event"] for line in logged()] == ["it failed"]


def test_level_and_format_follow_the_call():
    stderr = configured(json=None, level="warning")
    structlog.get_logger("x").info("below")
    structlog.get_logger("x").warning("above")
    assert json.loads(stderr.getvalue())["event"] == "above"
    stderr = configured(json=False, level="info")
    structlog.get_logger("x").info("for people", count=3)
    text = stderr.getvalue()
    assert "for people" in text
    assert "count=3" in text
    assert "{" not in text
    with pytest.raises(KeyError):
        logs.configure(level="loud")


@pytest.mark.parametrize(
    "key",
    ["text", "body", "phone", "from_phone", "email", "name", "token", "bot_token", "password",
     "Authorization", "X-Twilio-Signature", "set-cookie", "client_secret", "api_key", "wa_id"],
)  # fmt: skip
@pytest.mark.parametrize("value", [CANARY, 573001234567, [CANARY], {"deep": CANARY}])
def test_values_of_telling_keys_are_dropped(logged, key, value):
    structlog.get_logger("x").info("event", **{key: value}, nested={"a": [{key: value}]})
    (line,) = logged()
    assert line[key] == MASK
    assert line["nested"] == {"a": [{key: MASK}]}


@pytest.mark.parametrize(
    "key", ["channel", "conversation", "ticket", "state", "attempt", "queue_age_s", "task", "kind"]
)
def test_useful_keys_stay(key):
    assert not is_sensitive(key)


USEFUL = [
    "PT-2026-000123 opened in conversation 4711",
    "2026-11-23T21:41:18.483+00:00 worker 13983 took 1234.5 ms",
    "GET /api/v1/tickets?status=nuevo 200",
    "sent SM0123456789abcdef0123456789abcdef after 3 attempts",
    "job 123e4567-e89b-42d3-a456-426614174000 in /srv/helpcare/var/postgres.log line 120",
    "http://127.0.0.1:8000/console is up",
]


@pytest.mark.parametrize("text", USEFUL)
def test_what_an_operator_needs_stays_readable(text):
    assert redact(text) == text


SECRETS = {
    "bearer": ("Authorization: Bearer {}", "eyJhbGciOi.JIUzI1NiJ9.c2ln"),
    "basic": ("sent basic {} to it", "QUM6dG9rZW4="),
    "bot token in a url": ("https://api.telegram.org/bot{}/getMe", "123:ABC"),
    "bot token": ("token was {} here", "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"),
    "twilio token": ("auth {} failed", "0123456789abcdef0123456789abcdef"),
    "url password": ("cannot reach postgresql://help:{}@db:5432/x", "p@ss/w:rd"),
    "imap password": ("imaps://ana%40x.co:{}@mail.example.com/INBOX", "s3cr3t"),
    "query": ("GET /forms?access_token={}&x=1", "abcDEF123"),
    "json": ('{{"client_secret": "{}", "x": 1}}', "a~b.c d"),
    "repr": ("Settings(twilio_auth_token='{}')", "tok-en"),
    "mobile": ("llame al {} ya", "300 123 4567"),
    "mobile with prefix": ("from {}", "+57 300-123-4567"),
    "plain mobile": ("from {}.", "573001234567"),
    "landline": ("fijo {}", "(601) 745 1234"),
    "cedula": ("C.C. {}", "1.032.456.789"),
    "whatsapp": ("to whatsapp:{}", "CO.abc_123"),
    "text in a repr": ("InboundMessage(text='{}', kind=1)", "soy Ana y vivo en"),
    "text in json": ('{{"body": "{}"}}', 'ella dijo \\"hola\\" ayer'),
    "sql": ("(psycopg.Error) x\n[SQL: INSERT]\n[parameters: {{'a': '{}'}}]", "soy Ana"),
    "detail": ("duplicate key\nDETAIL:  Key (phone)=({}) already exists.", "soy Ana"),
}


@pytest.mark.parametrize(("frame", "secret"), SECRETS.values(), ids=SECRETS)
def test_secrets_inside_any_text_are_masked(frame, secret):
    assert secret not in redact(frame.format(secret))
    assert MASK in redact(frame.format(secret))


words = st.text(st.sampled_from(string.ascii_letters + "áéñ .,:;-()\n\"'"), max_size=40)
separators = st.sampled_from(["", " ", "-", "."])


@st.composite
def phones(draw):
    separator = draw(separators)
    digits = str(draw(st.integers(3_000_000_000, 3_999_999_999)))
    prefix = draw(st.sampled_from(["", "+57", "57", "+57 "]))
    return prefix + separator.join((digits[:3], digits[3:6], digits[6:]))


@given(before=words, after=words, address=st.emails())
def test_no_address_survives(before, after, address):
    assert address not in redact(f"{before} {address} {after}")


@given(before=words, after=words, phone=phones())
def test_no_phone_survives(before, after, phone):
    assert phone not in redact(f"{before} {phone} {after}")


@given(before=words, password=st.from_regex(r"[A-Za-z0-9/@:#?%!]{8,20}", fullmatch=True))
def test_no_password_in_a_url_survives(before, password):
    assert password not in redact(f"{before} redis://user:{password}@host:6379/0 refused")


@given(st.text(max_size=500))
def test_any_text_can_be_logged(text):
    event = logs.redact_event(None, "info", {"event": text, "other": text, text: 1})
    assert not set(event["event"]) & {"\n", "\r", "\x1b", "\x00"}
    json.dumps(event)


@pytest.mark.parametrize(
    "unit", ["a", "1", "@", "a@", "x=", '"', "\\", "://a:", "+1", "3001", " .-"]
)
def test_hostile_text_costs_little_time(unit):
    began = time.perf_counter()
    assert len(redact(unit * 200_000)) < 200_000
    assert time.perf_counter() - began < 2


def test_a_line_break_of_a_client_forges_no_line():
    stderr = configured(json=False)
    structlog.get_logger("x").warning("bad word\n2026-01-01 [critical] forged", other="a\nb")
    assert len(stderr.getvalue().splitlines()) == 1


class Client(BaseModel):
    age: int
    remark: str = ""


def test_objects_are_named_and_not_shown(logged):
    structlog.get_logger("x").info(
        "got", client=Client(age=3, remark=CANARY), key=SecretStr(CANARY), raw_bytes=CANARY.encode()
    )
    (line,) = logged()
    assert (line["client"], line["key"]) == ("<Client>", "<SecretStr>")
    assert CANARY not in str(line)


def test_a_validation_error_keeps_its_place_and_loses_its_input(logged):
    try:
        Client(age=CANARY)
    except ValidationError:
        structlog.get_logger("x").exception("refused")
    (line,) = logged()
    assert CANARY not in line["exception"]
    assert "int_parsing" in line["exception"]


def test_an_exception_shows_type_and_place_but_no_data(logged):
    def failing(address):
        local = CANARY
        raise ValueError(f"cannot write to {address}, password={local}")

    try:
        failing("ana@example.com")
    except ValueError as error:
        structlog.get_logger("x").exception("failed", error=error)
        logging.getLogger("library").exception("failed too")
    for line in logged():
        assert "ValueError: cannot write to" in line["exception"]
        assert "in failing" in line["exception"]
        assert "ana@example.com" not in str(line)
        assert CANARY not in str(line)


def test_what_nobody_caught_is_logged_too(logged):
    error = RuntimeError("with ana@example.com")
    sys.excepthook(RuntimeError, error, None)
    (line,) = logged()
    assert line["level"] == "critical"
    assert "ana@example.com" not in str(line)


def test_dates_are_written_as_dates(logged):
    structlog.get_logger("x").info("due", due_at=datetime(2026, 4, 13, tzinfo=UTC), tries=[1, 2.5])
    (line,) = logged()
    assert (line["due_at"], line["tries"]) == ("2026-04-13T00:00:00+00:00", [1, 2.5])
