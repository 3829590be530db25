"""``/webhooks/…`` of the whole application: what is refused, what is stored, and how often."""

import asyncio
import itertools
from datetime import timedelta
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy import text
from support import telegram_api, twilio_api
from support.stack import running_stack
from support.telegram_api import FakeTelegram, message_update
from support.twilio_api import AUTH_TOKEN, FakeTwilio, message_fields, signed_status, signed_webhook

from backend.conversations.models import Conversation, Message
from backend.inbox.models import InboxEvent
from backend.outbox.models import DeliveryReport, OutboxItem

PUBLIC = "https://ayuda.example"
WHATSAPP, STATUS, TELEGRAM = "/webhooks/whatsapp", "/webhooks/whatsapp/status", "/webhooks/telegram"
NOWHERE = "postgresql://helpcare@127.0.0.1:1/helpcare"
STRANGER = "AC" + "9" * 32


class Providers(httpx.AsyncBaseTransport):
    """Twilio and Telegram; ``before_answer`` runs between Twilio's deed and its answer."""

    def __init__(self):
        self.twilio, self.telegram = FakeTwilio(), FakeTelegram()
        self.before_answer = None

    async def handle_async_request(self, request):
        app = self.twilio.app if request.url.host == "twilio.test" else self.telegram.app
        response = await httpx.ASGITransport(app).handle_async_request(request)
        if self.before_answer and request.url.path.endswith("/Messages.json"):
            await self.before_answer(self.twilio.sent[-1]["sid"])
        return response


def starting(database_url, tmp_path, providers=None, **more):
    """A stack with both webhooks. It has no model, so that each message is answered the same."""
    settings = {
        "model_dir": tmp_path / "none",
        "public_url": PUBLIC,
        "twilio_account_sid": twilio_api.ACCOUNT_SID,
        "twilio_auth_token": AUTH_TOKEN,
        "twilio_whatsapp_from": twilio_api.NUMBER,
        "twilio_api_url": "http://twilio.test",
        "telegram_bot_token": telegram_api.TOKEN,
        "telegram_webhook_secret": telegram_api.SECRET,
        "telegram_api_url": "http://telegram.test",
    }
    return running_stack(
        database_url, tmp_path, transport=providers or Providers(), **(settings | more)
    )


@pytest.fixture
def providers():
    return Providers()


@pytest.fixture
async def stack(database_url, tmp_path, providers):
    async with starting(database_url, tmp_path, providers) as stack:
        yield stack


async def post(stack, path, signed):
    headers, body = signed
    return await stack.client.post(path, headers=headers, content=body)


def assert_problem(response, status):
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return body


async def assert_nothing_stored(stack):
    assert await stack.rows(InboxEvent) == []
    assert await stack.rows(DeliveryReport) == []


def _unsigned():
    headers, body = signed_webhook(PUBLIC)
    del headers["x-twilio-signature"]
    return headers, body


def _altered():
    headers, body = signed_webhook(PUBLIC, Body="Hola")
    return headers, body.replace(b"Body=Hola", b"Body=Hole")


def _telegram(secret):
    return telegram_api.signed_webhook(message_update("hola"), secret)


@pytest.mark.parametrize(
    ("path", "signed"),
    [
        pytest.param(WHATSAPP, _unsigned(), id="unsigned"),
        pytest.param(WHATSAPP, _altered(), id="altered after signing"),
        pytest.param(WHATSAPP, signed_webhook(PUBLIC, "another-token"), id="another token"),
        pytest.param(WHATSAPP, signed_webhook("https://other.example"), id="another address"),
        pytest.param(WHATSAPP, signed_webhook(PUBLIC, AccountSid=STRANGER), id="another account"),
        pytest.param(WHATSAPP, signed_webhook(PUBLIC, To="whatsapp:+15550009999"), id="other no."),
        pytest.param(STATUS, signed_status(PUBLIC, "SM1", "sent", "another-token"), id="status"),
        pytest.param(STATUS, signed_webhook(PUBLIC), id="signed for the other path"),
        pytest.param(TELEGRAM, _telegram("another-secret"), id="telegram: another secret"),
        pytest.param(TELEGRAM, ({}, _telegram("")[1]), id="telegram: no secret"),
    ],
)
async def test_what_the_provider_did_not_sign_is_403_and_leaves_no_row(stack, path, signed):
    refused = assert_problem(await post(stack, path, signed), 403)
    assert refused["reason"] == refused["detail"]
    await assert_nothing_stored(stack)


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b'{"update_id": "7"}', b""])
async def test_what_is_no_update_is_400(stack, body):
    headers = {"x-telegram-bot-api-secret-token": telegram_api.SECRET}
    assert_problem(await post(stack, TELEGRAM, (headers, body)), 400)
    await assert_nothing_stored(stack)


@pytest.mark.parametrize(
    "path",
    [
        "/webhooks/teams",
        "/webhooks/webchat",  # a channel, but nobody posts to it
        "/webhooks/whatsapp/other",
        "/webhooks/../etc/passwd",
        "/webhooks/" + "x" * 500,
    ],
)
async def test_an_unknown_channel_is_404(stack, path):
    assert_problem(await post(stack, path, signed_webhook(PUBLIC)), 404)
    await assert_nothing_stored(stack)


async def test_a_channel_without_its_secret_is_404(database_url, tmp_path):
    async with running_stack(database_url, tmp_path, model_dir=tmp_path) as stack:
        assert_problem(await post(stack, WHATSAPP, signed_webhook(PUBLIC)), 404)
        assert_problem(await post(stack, TELEGRAM, _telegram(telegram_api.SECRET)), 404)


async def test_a_get_is_405(stack):
    assert_problem(await stack.client.get(WHATSAPP), 405)


async def test_a_replay_is_acknowledged_and_answered_once(stack, providers):
    signed = signed_webhook(PUBLIC)
    for pause in (timedelta(0), timedelta(0), timedelta(hours=1), timedelta(days=8)):
        stack.now += pause
        assert (await post(stack, WHATSAPP, signed)).status_code == 200
        await stack.settle()
    assert len(await stack.rows(InboxEvent)) == 1
    assert len(await stack.rows(Message, Message.author == "client")) == 1
    assert len(providers.twilio.sent) == len(await stack.rows(Message, Message.author == "bot"))
    turns = [item.key for item in await stack.rows(OutboxItem, OutboxItem.lane == "whatsapp")]
    assert len({key.split(":")[1] for key in turns}) == 1


@pytest.mark.parametrize(
    ("path", "signed"),
    [(WHATSAPP, signed_webhook(PUBLIC)), (TELEGRAM, _telegram(telegram_api.SECRET))],
    ids=["whatsapp", "telegram"],
)
async def test_a_hundred_identical_posts_at_once_are_one_message(stack, providers, path, signed):
    answers = await asyncio.gather(*(post(stack, path, signed) for _ in range(100)))
    assert {answer.status_code for answer in answers} == {200}
    await stack.settle()
    assert len(await stack.rows(InboxEvent)) == 1
    assert len(await stack.rows(Message, Message.author == "client")) == 1
    texts = [m.text for m in await stack.rows(Message, Message.author == "bot")]
    sent = [m["body"] for m in providers.twilio.sent] + [m["text"] for m in providers.telegram.sent]
    assert len(sent) == len(texts) == len(set(texts)) > 0


async def test_a_mail_channel_is_no_webhook(database_url, tmp_path):
    mail = {
        "imap_url": "imap://u:p@127.0.0.1:1/INBOX",
        "smtp_url": "smtp://127.0.0.1:1",
        "email_from": "soporte@helpcare.example",
    }
    async with starting(database_url, tmp_path, **mail) as stack:
        assert_problem(await post(stack, "/webhooks/email", signed_webhook(PUBLIC)), 404)


async def test_ten_megabytes_are_refused_before_they_are_read(stack):
    produced = 0

    async def chunks(size):
        nonlocal produced
        for _ in range(size // 65536):
            produced += 65536
            yield b"x" * 65536

    large = 10 * 1024 * 1024
    announced = {"content-length": str(large)}
    response = await stack.client.post(WHATSAPP, content=chunks(large), headers=announced)
    assert_problem(response, 413)
    assert produced == 0
    response = await stack.client.post(WHATSAPP, content=chunks(large))
    assert_problem(response, 413)
    assert produced <= stack.runtime.settings.max_body_bytes + 2 * 65536
    await assert_nothing_stored(stack)


async def test_a_form_of_very_many_fields_is_refused_unread(stack):
    fields = message_fields() | {f"f{n}": "1" for n in range(10_000)}
    headers = {"content-type": "application/x-www-form-urlencoded", "x-twilio-signature": "x"}
    assert_problem(await post(stack, WHATSAPP, (headers, urlencode(fields).encode())), 400)


async def test_without_the_database_nothing_is_acknowledged(tmp_path):
    async with starting(NOWHERE, tmp_path) as stack:
        for path, signed in (
            (WHATSAPP, signed_webhook(PUBLIC)),
            (STATUS, signed_status(PUBLIC, "SM1", "delivered")),
            (TELEGRAM, _telegram(telegram_api.SECRET)),
        ):
            response = await post(stack, path, signed)
            assert_problem(response, 503)
            assert int(response.headers["retry-after"]) > 0
        assert_problem(await post(stack, WHATSAPP, _altered()), 403)  # this needs no database


async def test_with_all_connections_taken_it_is_503_soon_and_the_repeat_appears_once(
    database_url, tmp_path
):
    async with starting(database_url, tmp_path, database_pool=2) as stack:
        signed = signed_webhook(PUBLIC)
        async with stack.runtime.database.transaction() as session:
            await session.execute(text("LOCK TABLE inbox_threads"))
            waiting = [
                asyncio.create_task(post(stack, WHATSAPP, signed_webhook(PUBLIC))) for _ in range(2)
            ]
            await asyncio.sleep(0.5)
            async with asyncio.timeout(5):
                response = await post(stack, WHATSAPP, signed)
            assert_problem(response, 503)
            assert int(response.headers["retry-after"]) > 0
        assert [answer.status_code for answer in await asyncio.gather(*waiting)] == [200, 200]
        for _ in range(2):
            assert (await post(stack, WHATSAPP, signed)).status_code == 200
        assert len(await stack.rows(InboxEvent)) == 3


async def test_connections_cut_by_the_server_lose_and_double_nothing(stack):
    """As after a restart of PostgreSQL: the pool holds connections that are dead."""
    assert (await post(stack, WHATSAPP, signed_webhook(PUBLIC))).status_code == 200
    async with stack.runtime.database.engine.connect() as other:
        await other.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    signed = signed_webhook(PUBLIC)
    response = await post(stack, WHATSAPP, signed)
    if response.status_code != 200:
        assert_problem(response, 503)
        assert (await post(stack, WHATSAPP, signed)).status_code == 200
    assert len(await stack.rows(InboxEvent)) == 2


async def _replied(stack, providers):
    """A message of ours that Twilio took; its SID."""
    await post(stack, WHATSAPP, signed_webhook(PUBLIC))
    await stack.settle()
    return providers.twilio.sent[-1]["sid"]


@pytest.mark.parametrize("order", list(itertools.permutations(("sent", "delivered", "read"))))
async def test_shuffled_and_repeated_statuses_end_in_the_latest_state(stack, providers, order):
    sid = await _replied(stack, providers)
    for status in (*order, *order):
        assert (await post(stack, STATUS, signed_status(PUBLIC, sid, status))).status_code == 200
    [message] = await stack.rows(Message, Message.provider_id == sid)
    assert message.delivery == "read"
    assert len(await stack.rows(InboxEvent)) == 1


async def test_a_status_that_overtakes_our_own_record_is_not_lost(stack, providers):
    async def report(sid):
        await post(stack, STATUS, signed_status(PUBLIC, sid, "delivered"))

    providers.before_answer = report
    sid = await _replied(stack, providers)
    [message] = await stack.rows(Message, Message.provider_id == sid)
    assert message.delivery == "delivered"


async def test_a_failed_delivery_is_shown_with_its_reason(stack, providers):
    sid = await _replied(stack, providers)
    failed = signed_status(PUBLIC, sid, "undelivered", ErrorCode="63016")
    assert (await post(stack, STATUS, failed)).status_code == 200
    [message] = await stack.rows(Message, Message.provider_id == sid)
    assert (message.delivery, "63016" in message.delivery_note) == ("failed", True)


async def test_ten_different_messages_at_once_are_one_conversation(stack):
    signed = [signed_webhook(PUBLIC, Body=f"foto {n}") for n in range(10)]
    answers = await asyncio.gather(*(post(stack, WHATSAPP, one) for one in signed))
    assert {answer.status_code for answer in answers} == {200}
    await stack.settle()
    assert len(await stack.rows(Conversation)) == 1
    texts = [m.text for m in await stack.rows(Message, Message.author == "client")]
    assert sorted(texts) == sorted(f"foto {n}" for n in range(10))
