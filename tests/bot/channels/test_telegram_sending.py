"""Telegram's outbound side: what is sent is judged by Telegram's own description."""

import json
import logging
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pydantic import SecretStr
from support.telegram_api import BOT_ID, SECRET, TOKEN, FakeTelegram, message_update, tap_update
from support.telegram_schema import JudgedTransport

from bot.channels.channel import FetchFailed, WebhookRequest
from bot.channels.telegram import TelegramChannel
from bot.messages import (
    Attachment,
    Choice,
    Delivery,
    OutboundMessage,
    Permanent,
    Receipt,
    Retryable,
    Uncertain,
)

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
SURVEY = tuple(Choice(id=f"survey:{n}", label=str(n)) for n in range(1, 6))
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64


def telegram(transport, **settings):
    return TelegramChannel(
        bot_token=SecretStr(TOKEN),
        webhook_secret=SecretStr(SECRET),
        http=httpx.AsyncClient(transport=transport),
        **settings,
    )


@pytest.fixture
def fake():
    return FakeTelegram()


@pytest.fixture
def transport(fake):
    return JudgedTransport(httpx.ASGITransport(app=fake.app))


@pytest.fixture
def channel(transport):
    return telegram(transport)


def delivery(text="Su caso quedó registrado.", to="1001", **message):
    outbound = OutboundMessage(text=text, **message)
    return Delivery(key="k", to=to, thread=to, message=outbound)


def answering(answer):
    """A channel whose provider always answers so, and the requests it got."""
    seen = []

    def handle(request):
        seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return telegram(httpx.MockTransport(handle)), seen


def refusal(status, description, **parameters):
    body = {"ok": False, "error_code": status, "description": description}
    return httpx.Response(status, json=body | ({"parameters": parameters} if parameters else {}))


async def test_text(channel, fake, transport):
    text = "Hola 👋 *sin* <b>formato</b> _ni_ [enlaces](x)"
    sent = await channel.send(delivery(text), now=NOW)
    assert sent == Receipt(provider_id=f"1001:{fake.sent[0]['message_id']}")
    assert fake.calls == [("sendMessage", {"chat_id": 1001, "text": text})]
    assert transport.judged == ["sendMessage"]


async def test_choices_are_an_inline_keyboard(channel, fake):
    choices = (*SURVEY, Choice(id="later", label="Prefiero responder más tarde"))
    await channel.send(delivery(choices=choices), now=NOW)
    rows = fake.sent[0]["reply_markup"]["inline_keyboard"]
    assert [[b["text"] for b in row] for row in rows] == [
        ["1", "2", "3", "4", "5"],
        ["Prefiero responder más tarde"],
    ]
    assert rows[0][4]["callback_data"] == "survey:5"


async def test_a_quote_names_the_message(channel, fake):
    await channel.send(delivery(reply_to="1001:77"), now=NOW)
    await channel.send(delivery(reply_to="5001"), now=NOW)  # an update's id
    quoted = [parameters.get("reply_parameters") for _, parameters in fake.calls]
    assert quoted == [{"message_id": 77, "allow_sending_without_reply": True}, None]


def test_rendering(channel):
    assert len(channel.render(OutboundMessage(text="Una oración. " * 600))) == 2
    (part,) = channel.render(
        OutboundMessage(text="¿Cuál?", choices=(Choice(id="ñ" * 33, label="Larga"),))
    )
    assert (part.text, part.choices) == ("¿Cuál?\n\n1. Larga", ())


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (refusal(403, "Forbidden: bot was blocked by the user"), "blocked"),
        (refusal(403, "Forbidden: user is deactivated"), "blocked"),
        (refusal(400, "Bad Request: chat not found"), "invalid_recipient"),
        (refusal(400, "Bad Request: PEER_ID_INVALID"), "invalid_recipient"),
        (refusal(400, "Bad Request: group", migrate_to_chat_id=-100), "invalid_recipient"),
        (refusal(400, "Bad Request: message text is empty"), "rejected"),
    ],
)
async def test_permanent(answer, code):
    channel, seen = answering(answer)
    outcome = await channel.send(delivery(), now=NOW)
    assert isinstance(outcome, Permanent)
    assert outcome.code == code
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("answer", "after"),
    [
        (refusal(429, "Too Many Requests", retry_after=35), timedelta(seconds=35)),
        (httpx.Response(429, text="slow"), timedelta(seconds=1)),
        (refusal(401, "Unauthorized"), timedelta(minutes=5)),
        (refusal(404, "Not Found"), timedelta(minutes=5)),
        (httpx.ConnectError("no"), None),
        (httpx.ConnectTimeout("no"), None),
        (httpx.PoolTimeout("no"), None),
    ],
)
async def test_retryable(answer, after):
    channel, seen = answering(answer)
    outcome = await channel.send(delivery(), now=NOW)
    assert isinstance(outcome, Retryable)
    assert outcome.after == after
    assert len(seen) == 1


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ReadTimeout("no"),
        httpx.ReadError("no"),
        httpx.WriteError("no"),
        httpx.RemoteProtocolError("no"),
        refusal(500, "Internal Server Error"),
        httpx.Response(502, text="<html>"),
        httpx.Response(200, json={"ok": True, "result": {}}),
        httpx.Response(200, json={"ok": True}),
        httpx.Response(200, text="what?"),
    ],
)
async def test_uncertain_is_never_repeated(answer):
    channel, seen = answering(answer)
    outcome = await channel.send(delivery(), now=NOW)
    assert isinstance(outcome, Uncertain)
    assert isinstance(await channel.reconcile(delivery(), now=NOW), Uncertain)
    assert len(seen) == 1


async def test_a_recipient_of_another_channel():
    channel, seen = answering(httpx.Response(200))
    outcome = await channel.send(delivery(to="ana@example.co"), now=NOW)
    assert outcome.code == "invalid_recipient"
    assert seen == []


# --- polling and the webhook ---------------------------------------------------------------


async def test_polling(channel, fake):
    first, second = message_update("uno"), message_update("dos 😀")
    fake.updates = [first, second]
    requests, offset = await channel.poll()
    assert [channel.parse(r, now=NOW)[0].text for r in requests] == ["uno", "dos 😀"]
    assert [channel.parse(r, now=NOW)[0].provider_id for r in requests] == [
        str(first["update_id"]),
        str(second["update_id"]),
    ]
    assert offset == second["update_id"] + 1
    assert await channel.poll(offset) == ([], offset)
    assert fake.calls[-1][1] == {
        "offset": offset,
        "timeout": 25,
        "allowed_updates": [
            "message",
            "edited_message",
            "callback_query",
            "message_reaction",
            "my_chat_member",
        ],
    }


async def test_a_polled_update_is_what_the_webhook_brings(channel, fake):
    update = message_update(None, document={"file_id": "F", "file_unique_id": "u", "x": [1]})
    fake.updates = [update]
    ((polled,), _) = await channel.poll()
    assert json.loads(polled.body)["message"]["document"]["x"] == [1]
    posted = WebhookRequest(path="/webhooks/telegram", body=json.dumps(update).encode())
    assert channel.parse(polled, now=NOW) == channel.parse(posted, now=NOW)


async def test_polling_answers_taps(channel, fake):
    fake.updates = [tap_update("yes", message_update("¿Sí?")["message"]), message_update()]
    requests, _ = await channel.poll()
    for request in requests:
        await channel.answer(request)
    assert [method for method, _ in fake.calls].count("answerCallbackQuery") == 1
    broken, _ = answering(refusal(400, "Bad Request: query is too old"))
    await broken.answer(requests[0])


@pytest.mark.parametrize(
    ("answer", "retry"),
    [
        (refusal(409, "Conflict: terminated by other getUpdates request"), False),
        (refusal(401, "Unauthorized"), True),
        (refusal(429, "Too Many Requests", retry_after=3), True),
        (httpx.ReadTimeout(TOKEN), True),
        (httpx.ConnectError(TOKEN), True),
    ],
)
async def test_what_cannot_be_polled(answer, retry):
    channel, _ = answering(answer)
    for call in (channel.poll, channel.check, channel.delete_webhook):
        with pytest.raises(FetchFailed) as failed:
            await call()
        assert failed.value.retry is retry
        assert TOKEN not in str(failed.value)
        assert failed.value.__cause__ is None


async def test_the_webhook(channel, fake):
    await channel.set_webhook("https://ayuda.example.co/")
    assert fake.webhook["url"] == "https://ayuda.example.co/webhooks/telegram"
    assert fake.webhook["secret_token"] == SECRET
    with pytest.raises(FetchFailed):
        await channel.poll()
    await channel.delete_webhook()
    assert await channel.poll() == ([], None)
    assert await channel.check() == "Telegram bot @ayuda_bot"


# --- files ---------------------------------------------------------------------------------


async def fetch(channel, **fields):
    return await channel.fetch(Attachment(ref="F1", **fields), b"")


async def test_a_file(channel, fake):
    fake.files["F1"] = PNG
    file = await fetch(channel, content_type="text/html", filename="a.png")
    assert (file.content, file.content_type, file.filename) == (PNG, "image/png", "a.png")


async def test_the_api_may_be_elsewhere(fake):
    fake.files["F1"] = PNG
    channel = telegram(httpx.ASGITransport(app=fake.app), api_url="http://127.0.0.1:4011/")
    assert (await fetch(channel)).content == PNG


async def test_files_that_do_not_come(channel, fake):
    with pytest.raises(FetchFailed) as failed:
        await fetch(channel)
    assert not failed.value.retry
    with pytest.raises(FetchFailed, match="larger"):
        await fetch(channel, size=21 * 1024 * 1024)
    assert len(fake.calls) == 1


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("x/y", httpx.Response(302, headers={"location": "http://169.254.169.254/"})),
        ("x/y", httpx.Response(404)),
        ("x/y", httpx.Response(200, headers={"content-length": "99999999"})),
        ("x/y", httpx.ReadTimeout(f"https://api.telegram.org/file/bot{TOKEN}/x")),
        (None, httpx.Response(200)),
    ],
)
async def test_hostile_files(path, answer):
    def handle(request):
        if request.url.path.startswith("/file/"):
            if isinstance(answer, Exception):
                raise answer
            return answer
        found = {"file_id": "F1", "file_unique_id": "u"} | ({"file_path": path} if path else {})
        return httpx.Response(200, json={"ok": True, "result": found})

    with pytest.raises(FetchFailed) as failed:
        await fetch(telegram(httpx.MockTransport(handle)))
    assert TOKEN not in str(failed.value)
    assert failed.value.__cause__ is None


async def test_the_token_is_in_no_log(channel, fake, caplog):
    caplog.set_level(logging.DEBUG)
    fake.files["F1"] = PNG
    await channel.send(delivery(), now=NOW)
    await fetch(channel)
    fake.fail(500)
    await channel.send(delivery(), now=NOW)
    assert "HTTP Request" in caplog.text
    assert TOKEN not in caplog.text
    assert TOKEN.partition(":")[2] not in caplog.text
    assert str(BOT_ID) in channel.account
