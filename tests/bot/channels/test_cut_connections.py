"""The same ends of sending over real sockets, where an exception cannot be chosen by a test."""

import asyncio
import contextlib
import socket
import threading
from datetime import UTC, datetime

import httpx
import pytest
import uvicorn
from pydantic import SecretStr
from support import telegram_api, twilio_api

from bot.channels.telegram import TelegramChannel
from bot.channels.whatsapp import WhatsAppChannel
from bot.messages import Attachment, Delivery, OutboundMessage, Receipt, Retryable, Uncertain


def whatsapp(http, api_url):
    return WhatsAppChannel(
        account_sid=twilio_api.ACCOUNT_SID,
        auth_tokens=(SecretStr(twilio_api.AUTH_TOKEN),),
        from_number=twilio_api.NUMBER,
        public_url="https://ayuda.example.co",
        http=http,
        api_url=api_url,
    )


def telegram(http, api_url):
    return TelegramChannel(bot_token=SecretStr(telegram_api.TOKEN), http=http, api_url=api_url)


both = pytest.mark.parametrize(
    ("channel", "to"),
    [(whatsapp, "+573001112233"), (telegram, "1001")],
    ids=["whatsapp", "telegram"],
)


async def send(channel, to, api_url):
    now = datetime.now(UTC)
    message = OutboundMessage(text="Hola")
    async with httpx.AsyncClient() as http:
        return await channel(http, api_url).send(
            Delivery(key="k", to=to, thread=to, message=message, last_inbound_at=now), now=now
        )


@both
@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 201 Created\r\ncontent-length: 500\r\n\r\n{"])
async def test_cut_after_the_request_is_uncertain(channel, to, answer):
    requests = 0

    async def cut(reader, writer):
        nonlocal requests
        head = await reader.readuntil(b"\r\n\r\n")
        size = next(int(h.split(b":")[1]) for h in head.lower().split(b"\r\n") if b"length:" in h)
        await reader.readexactly(size)
        requests += 1
        writer.write(answer)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(cut, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert isinstance(await send(channel, to, f"http://127.0.0.1:{port}"), Uncertain)
    assert requests == 1


@both
async def test_nobody_listens(channel, to):
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # bound and not listening: refused, and nobody else's
        port = reserved.getsockname()[1]
        assert isinstance(await send(channel, to, f"http://127.0.0.1:{port}"), Retryable)


@contextlib.contextmanager
def serving(app):
    config = uvicorn.Config(app, port=0, log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


async def test_the_fake_twilio_serves():
    fake = twilio_api.FakeTwilio()
    fields = fake.receive(media=[("application/pdf", b"%PDF-1.7\n")])
    with serving(fake.app) as url:
        assert isinstance(await send(whatsapp, "+573001112233", url), Receipt)
        async with httpx.AsyncClient() as http:
            ref = url + fields["MediaUrl0"]
            file = await whatsapp(http, url).fetch(Attachment(ref=ref), b"")
    assert file.content_type == "application/pdf"


async def test_the_fake_telegram_serves():
    fake = telegram_api.FakeTelegram()
    fake.updates = [telegram_api.message_update("hola")]
    fake.files["F1"] = b"%PDF-1.7\n"
    with serving(fake.app) as url:
        assert isinstance(await send(telegram, "1001", url), Receipt)
        async with httpx.AsyncClient() as http:
            requests, _ = await telegram(http, url).poll()
            file = await telegram(http, url).fetch(Attachment(ref="F1"), b"")
    assert len(requests) == 1
    assert file.content_type == "application/pdf"
