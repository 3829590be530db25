"""Fetching what a client sent on WhatsApp, and refusing to be sent elsewhere."""

import asyncio
import base64

import httpx
import pytest
from pydantic import SecretStr
from support.twilio_api import ACCOUNT_SID, AUTH_TOKEN, NUMBER, FakeTwilio

from bot.channels import whatsapp as module
from bot.channels.channel import FetchFailed
from bot.channels.whatsapp import WhatsAppChannel
from bot.messages import Attachment

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
PATH = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/MM1/Media/ME1"
URL = f"https://api.twilio.com{PATH}"
PUBLIC = {"api.twilio.com": ["3.5.7.9"], "mms.twiliocdn.com": ["13.33.1.1"]}
BASIC = "Basic " + base64.b64encode(f"{ACCOUNT_SID}:{AUTH_TOKEN}".encode()).decode()


def provider(*answers, addresses=PUBLIC, api_url=None):
    """A channel whose provider gives these answers in turn, and the requests that were made."""
    seen, waiting = [], list(answers)

    async def answer(request):
        seen.append(request)
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def resolve(host, port):
        if host not in addresses:
            raise OSError("no such host")
        return addresses[host]

    channel = WhatsAppChannel(
        account_sid=ACCOUNT_SID,
        auth_tokens=(SecretStr(AUTH_TOKEN),),
        from_number=NUMBER,
        public_url="https://ayuda.example.co",
        http=httpx.AsyncClient(transport=httpx.MockTransport(answer)),
        api_url=api_url,
        resolve=resolve,
    )
    return channel, seen


async def stream(content):
    yield content


def ok(content=PNG, content_type="image/png", **headers):
    headers["content-type"] = content_type
    return httpx.Response(200, content=stream(content), headers=headers)


def moved(to):
    return httpx.Response(307, headers={"location": to})


async def fetch(channel, url=URL):
    return await channel.fetch(Attachment(ref=url, content_type="image/png"), b"")


async def test_twilio_redirects_to_its_store():
    disposition = 'inline; filename="pantalla.png"'
    channel, seen = provider(
        moved("https://mms.twiliocdn.com/AC/x?Expires=1"),
        ok(**{"content-disposition": disposition}),
    )
    file = await fetch(channel)
    assert (file.content, file.content_type, file.filename) == (PNG, "image/png", "pantalla.png")
    api, store = seen
    assert (api.headers["host"], api.headers["authorization"]) == ("api.twilio.com", BASIC)
    assert store.headers["host"] == "mms.twiliocdn.com"
    assert "authorization" not in store.headers
    # The address that was checked is the one connected to, under the name to be certified.
    assert (api.url.host, store.url.host) == ("3.5.7.9", "13.33.1.1")
    assert api.extensions["sni_hostname"] == "api.twilio.com"
    # and that connection is lent to no other name at the same address.
    assert api.headers["connection"] == store.headers["connection"] == "close"
    assert store.url.query == b"Expires=1"


async def test_the_old_bucket_is_allowed_and_others_beside_it_not():
    bucket = {**PUBLIC, "s3-external-1.amazonaws.com": ["52.1.1.1"]}
    good = "https://s3-external-1.amazonaws.com/media.twiliocdn.com/AC/x"
    channel, _ = provider(moved(good), ok(), addresses=bucket)
    assert (await fetch(channel)).content == PNG
    channel, seen = provider(moved(good.replace("media.", "evil.")), ok(), addresses=bucket)
    with pytest.raises(FetchFailed):
        await fetch(channel)
    assert len(seen) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://api.twilio.com" + PATH,
        "file:///etc/passwd",
        "ftp://api.twilio.com" + PATH,
        "gopher://api.twilio.com" + PATH,
        "//api.twilio.com" + PATH,
        PATH,
        "",
        "https://evil.example" + PATH,
        "https://api.twilio.com.evil.example" + PATH,
        "https://api.twilio.com@evil.example" + PATH,
        "https://user:pass@api.twilio.com" + PATH,
        "https://api.twilio.com:8443" + PATH,
        "https://api.twilio.com:22" + PATH,
        "https://eviltwiliocdn.com/x",
        "https://twiliocdn.com.evil.example/x",
        "https://127.0.0.1" + PATH,
        "https://2130706433" + PATH,
        "https://0x7f000001" + PATH,
        "https://0177.0.0.1" + PATH,
        "https://[::1]" + PATH,
        "https://[::ffff:169.254.169.254]" + PATH,
        "https://169.254.169.254/latest/meta-data",
        "https://localhost" + PATH,
        # our credentials go to media of our account only
        f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json",
        f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT_SID}.json",
        "https://api.twilio.com" + PATH.replace("AC0", "ACf"),
        "https://api.twilio.com" + PATH + "/../../../../Keys.json",
        "https://api.twilio.com" + PATH + "%2f..%2fKeys.json",
        "https://api.twilio.com:99999999" + PATH,
        "https://api.twilio.com\n.evil.example" + PATH,
        "https://" + "a" * 300 + ".twiliocdn.com/",
    ],
)
async def test_refused_before_any_connection(url):
    everything = {**PUBLIC, "evil.example": ["3.5.7.9"]}
    channel, seen = provider(ok(), addresses=everything)
    with pytest.raises(FetchFailed) as failed:
        await fetch(channel, url)
    assert seen == []
    assert not failed.value.retry or "address" in failed.value.reason


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *("::1", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1", "::"),
    ],
)
async def test_a_name_that_points_inside_is_refused(address):
    for addresses in ([address], ["3.5.7.9", address]):
        channel, seen = provider(ok(), addresses={"api.twilio.com": addresses})
        with pytest.raises(FetchFailed) as failed:
            await fetch(channel)
        assert seen == []
        assert not failed.value.retry


@pytest.mark.parametrize(
    "to", ["http://169.254.169.254/", "https://10.0.0.1/", "file:///etc/passwd", "https://evil.co/"]
)
async def test_a_redirect_elsewhere_is_not_followed(to):
    channel, seen = provider(moved(to), ok())
    with pytest.raises(FetchFailed):
        await fetch(channel)
    assert len(seen) == 1


async def test_redirects_end():
    channel, seen = provider(moved("https://mms.twiliocdn.com/again"))
    with pytest.raises(FetchFailed, match="too often"):
        await fetch(channel)
    assert len(seen) == 4


async def test_too_big_by_its_own_word(monkeypatch):
    channel, _ = provider(ok(b"x", **{"content-length": str(17 * 1024 * 1024)}))
    with pytest.raises(FetchFailed, match="larger") as failed:
        await fetch(channel)
    assert not failed.value.retry


async def test_too_big_without_a_word_stops_reading():
    read = 0

    async def endless():
        nonlocal read
        while True:
            read += 1
            yield b"x" * 1024 * 1024

    channel, _ = provider(httpx.Response(200, content=endless()))
    with pytest.raises(FetchFailed, match="larger"):
        await fetch(channel)
    assert read == 17


async def test_a_compressed_body_is_refused():
    channel, seen = provider(ok(b"\x1f\x8b", **{"content-encoding": "gzip"}))
    with pytest.raises(FetchFailed, match="compressed"):
        await fetch(channel)
    assert seen[0].headers["accept-encoding"] == "identity"


async def test_a_slow_body_is_given_up(monkeypatch):
    monkeypatch.setattr(module, "MEDIA_SECONDS", 0.05)

    async def slow():
        while True:
            yield b"x"
            await asyncio.sleep(0.02)

    channel, _ = provider(httpx.Response(200, content=slow()))
    with pytest.raises(FetchFailed, match="too long") as failed:
        await fetch(channel)
    assert failed.value.retry


@pytest.mark.parametrize(
    ("end", "retry"),
    [
        (httpx.Response(404), True),  # Twilio may tell of media before it serves them
        (httpx.Response(503), True),
        (httpx.Response(401), True),
        (httpx.Response(410), False),
        (httpx.ReadTimeout("no"), True),
        (httpx.ConnectError(f"no {URL}"), True),
    ],
)
async def test_failures_say_whether_to_try_again(end, retry):
    channel, _ = provider(end)
    with pytest.raises(FetchFailed) as failed:
        await fetch(channel)
    assert failed.value.retry is retry
    assert URL not in str(failed.value)


@pytest.mark.parametrize(
    ("content", "announced", "kept"),
    [
        (PNG, "text/html", "image/png"),
        (b"%PDF-1.7\n", "image/png", "application/pdf"),
        (b"<html><script>", "text/html", "application/octet-stream"),
        (b"<svg onload=x>", "image/svg+xml", "application/octet-stream"),
        (b"BEGIN:VCARD", "text/vcard; charset=utf-8", "text/vcard"),
        (b"a;b", "text/csv", "text/csv"),
        (b"a\0b", "text/plain", "application/octet-stream"),
        (b"", "", "application/octet-stream"),
    ],
)
async def test_the_content_tells_the_type(content, announced, kept):
    channel, _ = provider(ok(content, announced))
    assert (await fetch(channel)).content_type == kept


async def test_the_configured_api_may_be_anywhere():
    fake = FakeTwilio()
    fields = fake.receive(media=[("audio/ogg", b"OggS" + b"\0" * 40)])
    channel = WhatsAppChannel(
        account_sid=ACCOUNT_SID,
        auth_tokens=(SecretStr(AUTH_TOKEN),),
        from_number=NUMBER,
        public_url="https://ayuda.example.co",
        http=httpx.AsyncClient(transport=httpx.ASGITransport(app=fake.app)),
        api_url="http://127.0.0.1:4010",
    )
    file = await fetch(channel, "http://127.0.0.1:4010" + fields["MediaUrl0"])
    assert file.content_type == "audio/ogg"
    for wrong in (
        "http://127.0.0.1:4011" + fields["MediaUrl0"],
        "http://127.0.0.1:4010/v1/Content",
    ):
        with pytest.raises(FetchFailed):
            await fetch(channel, wrong)
