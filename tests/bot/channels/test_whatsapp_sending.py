"""WhatsApp's outbound side: what is sent is judged by Twilio's own OpenAPI."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pydantic import SecretStr
from support.openapi import JudgedTransport
from support.twilio_api import ACCOUNT_SID, AUTH_TOKEN, NUMBER, FakeTwilio

from bot.channels.channel import FetchFailed
from bot.channels.twilio_client import outcome_of_code
from bot.channels.whatsapp import GRACE, SESSION, WhatsAppChannel
from bot.messages import (
    Choice,
    Delivery,
    MessageKind,
    OutboundMessage,
    Permanent,
    Receipt,
    Retryable,
    Uncertain,
)

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
ANA = "+573001112233"
TEMPLATE = "HX" + "a" * 32
OPENAPI = {
    "https://api.twilio.com": "twilio/twilio_api_v2010.trim.json",
    "https://content.twilio.com": "twilio/twilio_content_v1.json",
}
CHOICES = tuple(Choice(id=f"survey:{n}", label=f"{n} estrellas") for n in range(1, 6))


def whatsapp(transport, **settings):
    return WhatsAppChannel(
        account_sid=ACCOUNT_SID,
        auth_tokens=(SecretStr(AUTH_TOKEN), SecretStr("older")),
        from_number=NUMBER,
        public_url="https://ayuda.example.co",
        http=httpx.AsyncClient(transport=transport),
        **settings,
    )


@pytest.fixture
def fake():
    return FakeTwilio()


@pytest.fixture
def transport(fake):
    return JudgedTransport(httpx.ASGITransport(app=fake.app), OPENAPI)


@pytest.fixture
def channel(transport):
    return whatsapp(transport, content_sids={"status": TEMPLATE})


def delivery(text="Su caso quedó registrado.", *, ago=timedelta(minutes=1), to=ANA, **message):
    return Delivery(
        key="k1",
        to=to,
        thread=to,
        message=OutboundMessage(text=text, **message),
        last_inbound_at=None if ago is None else NOW - ago,
        attempted_at=NOW,
    )


def answering(status, body=None, **headers):
    """A channel whose provider always answers so, and the requests it got."""
    seen = []

    def answer(request):
        seen.append(request)
        if isinstance(status, Exception):
            raise status
        return httpx.Response(status, json=body, headers=headers)

    return whatsapp(httpx.MockTransport(answer)), seen


async def test_text_within_the_session(channel, fake, transport):
    sent = await channel.send(delivery("Hola 👋\n¿en qué ayudo?"), now=NOW)
    assert sent == Receipt(provider_id=fake.sent[0]["sid"])
    assert fake.sent[0]["fields"] == {
        "To": f"whatsapp:{ANA}",
        "From": f"whatsapp:{NUMBER}",
        "Body": "Hola 👋\n¿en qué ayudo?",
        "StatusCallback": "https://ayuda.example.co/webhooks/whatsapp/status",
    }
    assert [method for method, _ in transport.judged] == ["POST"]


async def test_a_person_with_a_hidden_number_is_answered(channel, fake):
    await channel.send(delivery(to="CO.134"), now=NOW)
    assert fake.sent[0]["to"] == "whatsapp:CO.134"


@pytest.mark.parametrize(
    ("ago", "free"),
    [
        (timedelta(0), True),
        (-timedelta(minutes=5), True),  # a clock behind
        (SESSION - timedelta(seconds=1), True),
        (SESSION, False),
        (timedelta(hours=24) - timedelta(seconds=1), False),  # unused: our clock may be slow
        (timedelta(hours=24, seconds=1), False),
        (None, False),
    ],
)
async def test_the_session_window(channel, fake, ago, free):
    message = delivery(
        ago=ago, template="status", variables={"1": "PT-2026-1\n  resuelto", "2": ""}
    )
    assert isinstance(await channel.send(message, now=NOW), Receipt)
    fields = fake.sent[0]["fields"]
    assert ("Body" in fields) is free
    assert ("ContentSid" in fields) is not free
    if not free:
        assert fields["ContentSid"] == TEMPLATE
        # WhatsApp takes neither line breaks nor empty values
        assert json.loads(fields["ContentVariables"]) == {"1": "PT-2026-1 resuelto", "2": "-"}


@pytest.mark.parametrize("template", [None, "survey"])
async def test_outside_the_window_without_a_template_nothing_is_sent(channel, fake, template):
    outcome = await channel.send(delivery(ago=timedelta(days=2), template=template), now=NOW)
    assert isinstance(outcome, Permanent)
    assert outcome.code == "window_closed"
    assert "24 horas" in outcome.reason
    assert fake.requests == []


async def test_up_to_three_choices_are_buttons(channel, fake):
    message = delivery("¿Es correcto?\n\nResumen", choices=CHOICES[:3])
    assert isinstance(await channel.send(message, now=NOW), Receipt)
    types = fake.contents[0]["types"]
    assert [a["title"] for a in types["twilio/quick-reply"]["actions"]] == [
        "1 estrellas",
        "2 estrellas",
        "3 estrellas",
    ]
    assert fake.sent[0]["body"] == "¿Es correcto?\n\nResumen"
    assert json.loads(fake.sent[0]["fields"]["ContentVariables"]) == {
        "1": "¿Es correcto?",
        "2": "Resumen",
        "3": "survey:1",
        "4": "survey:2",
        "5": "survey:3",
    }
    assert "¿Es" not in json.dumps(fake.contents, ensure_ascii=False)  # no client's words there


async def test_up_to_ten_choices_are_a_list(channel, fake):
    rows = (*CHOICES, Choice(id="none", label="Ninguno", description="d" * 100))
    await channel.send(delivery("Califique", choices=rows), now=NOW)
    items = fake.contents[0]["types"]["twilio/list-picker"]["items"]
    assert len(items) == 6
    values = json.loads(fake.sent[0]["fields"]["ContentVariables"])
    assert values["12"] == "Ninguno"
    assert values["14"] == "d" * 72
    assert values[items[0]["item"].strip("{}")] == "1 estrellas"


async def test_a_content_is_made_once_and_found_again(channel, fake, transport):
    for text in ("¿Sí?", "¿No?"):
        await channel.send(delivery(text, choices=CHOICES[:2]), now=NOW)
    restarted = whatsapp(transport)
    await restarted.send(delivery("¿Otra vez?", choices=CHOICES[:2]), now=NOW)
    assert len(fake.contents) == 1
    assert {m["fields"]["ContentSid"] for m in fake.sent} == {fake.contents[0]["sid"]}


async def test_without_contents_the_choices_go_as_text(channel, fake):
    fake.refuse_contents = True
    assert isinstance(await channel.send(delivery("¿Sí?", choices=CHOICES[:2]), now=NOW), Receipt)
    assert fake.sent[0]["fields"]["Body"] == "¿Sí?\n\n1. 1 estrellas\n2. 2 estrellas"
    calls = len(fake.requests)
    await channel.send(delivery("¿Sí?", choices=CHOICES[:2]), now=NOW)
    assert len(fake.requests) == calls + 1  # the pause: only the message itself
    fake.refuse_contents = False
    await channel.send(delivery("¿Sí?", choices=CHOICES[:2]), now=NOW + timedelta(minutes=6))
    assert "ContentSid" not in fake.sent[1]["fields"]


def test_rendering(channel):
    parts = channel.render(OutboundMessage(text="Una oración. " * 200, choices=CHOICES))
    assert [len(part.text) <= 1600 for part in parts] == [True, True]
    assert [len(part.choices) for part in parts] == [0, 5]


# --- how sending can end -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, 63016, "window_closed"),
        (400, 21610, "opted_out"),
        (400, 63049, "opted_out"),
        (400, 21211, "invalid_recipient"),
        (400, 63003, "invalid_recipient"),
        (400, 63024, "invalid_recipient"),
        (403, 21610, "opted_out"),
        (400, 21617, "rejected"),
        (400, None, "rejected"),
        (410, None, "rejected"),
    ],
)
async def test_permanent(status, code, expected):
    channel, seen = answering(status, {"code": code, "message": f"number {ANA} is wrong"})
    outcome = await channel.send(delivery(), now=NOW)
    assert isinstance(outcome, Permanent)
    assert outcome.code == expected
    assert ANA not in outcome.reason
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("status", "code", "headers", "after"),
    [
        (429, 20429, {"Retry-After": "7"}, timedelta(seconds=7)),
        (429, None, {}, timedelta(seconds=6)),
        (400, 63018, {}, timedelta(seconds=6)),
        (401, 20003, {}, timedelta(minutes=5)),
        (403, None, {}, timedelta(minutes=5)),
        (404, 20404, {}, timedelta(minutes=5)),
    ],
)
async def test_retryable(status, code, headers, after):
    channel, seen = answering(status, {"code": code}, **headers)
    outcome = await channel.send(delivery(), now=NOW)
    assert isinstance(outcome, Retryable)
    assert outcome.after == after
    assert ("credenciales" in outcome.reason) is (after == timedelta(minutes=5))
    assert len(seen) == 1


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("no"), httpx.ConnectTimeout("no"), httpx.PoolTimeout("no")]
)
async def test_what_never_left_us_is_retried(error):
    channel, seen = answering(error)
    assert isinstance(await channel.send(delivery(), now=NOW), Retryable)
    assert len(seen) == 1


@pytest.mark.parametrize(
    "end",
    [
        httpx.ReadTimeout("no"),
        httpx.WriteError("no"),
        httpx.ReadError("no"),
        httpx.RemoteProtocolError("no"),
        500,
        502,
        503,
        408,
        201,  # without a sid
    ],
)
async def test_what_may_have_arrived_is_uncertain_and_not_repeated(end):
    channel, seen = answering(end, [])
    assert isinstance(await channel.send(delivery(), now=NOW), Uncertain)
    assert len(seen) == 1


def test_codes_of_status_callbacks_have_the_same_meaning():
    assert outcome_of_code(63016).code == "window_closed"
    assert isinstance(outcome_of_code(63018), Retryable)
    assert outcome_of_code(99999).code == "rejected"


# --- reconciling ---------------------------------------------------------------------------


@pytest.fixture
def today():
    return datetime.now(UTC)


async def lost(channel, fake, now, **changes):
    """Send a message that Twilio accepts without our learning it."""
    fake.fail("accepted-500")
    message = delivery(**changes).model_copy(
        update={"attempted_at": now, "last_inbound_at": changes.get("last", now)}
    )
    assert isinstance(await channel.send(message, now=now), Uncertain)
    return message


async def test_an_accepted_message_is_found(channel, fake, today):
    message = await lost(channel, fake, today)
    found = await channel.reconcile(message, now=today)
    assert found == Receipt(provider_id=fake.sent[0]["sid"])
    assert len(fake.sent) == 1


async def test_an_accepted_message_with_buttons_is_found(channel, fake, today):
    message = await lost(channel, fake, today, choices=CHOICES[:2])
    assert isinstance(await channel.reconcile(message, now=today), Receipt)


async def test_an_accepted_template_is_found_by_its_values(channel, fake, today):
    message = await lost(
        channel, fake, today, template="status", variables={"1": "PT-2026-7"}, last=None
    )
    assert isinstance(await channel.reconcile(message, now=today), Receipt)
    other = message.model_copy(
        update={"message": OutboundMessage(text="x", variables={"1": "PT-2026-8"})}
    )
    assert isinstance(await channel.reconcile(other, now=today), Uncertain)


async def test_an_earlier_message_with_the_same_words_is_not_it(channel, fake, today):
    await lost(channel, fake, today)
    later = today + timedelta(minutes=1)
    message = delivery().model_copy(update={"attempted_at": later, "last_inbound_at": today})
    assert isinstance(await channel.reconcile(message, now=later), Uncertain)
    assert isinstance(await channel.reconcile(message, now=later + GRACE), Retryable)


async def test_found_on_a_later_page(channel, fake, today):
    message = await lost(channel, fake, today)
    for _ in range(3):
        await channel.send(
            delivery("otro").model_copy(update={"last_inbound_at": today}), now=today
        )
    fake.page_size = 2
    assert isinstance(await channel.reconcile(message, now=today), Receipt)


async def test_a_hidden_number_is_never_declared_absent(channel, today):
    message = delivery(to="CO.134").model_copy(update={"attempted_at": today})
    assert isinstance(await channel.reconcile(message, now=today + timedelta(days=1)), Uncertain)


async def test_a_listed_failure_tells_its_reason(channel, fake, today):
    message = await lost(channel, fake, today)
    fake.sent[0].update(status="failed", error_code=63016)
    assert (await channel.reconcile(message, now=today)).code == "window_closed"


@pytest.mark.parametrize("end", [500, 401, httpx.ReadTimeout("no")])
async def test_no_answer_keeps_it_uncertain(end):
    channel, _ = answering(end, {})
    late = NOW + timedelta(days=1)
    assert isinstance(await channel.reconcile(delivery(), now=late), Uncertain)


# --- filling gaps --------------------------------------------------------------------------


async def test_missed_messages_come_in_order_with_the_webhook_ids(channel, fake):
    second = fake.receive(NOW - timedelta(minutes=5), Body="segundo")
    first = fake.receive(NOW - timedelta(minutes=9), Body="primero", From="whatsapp:CO.1")
    fake.receive(NOW - timedelta(minutes=30), Body="antes")
    await channel.send(delivery(), now=NOW)
    found = await channel.missed(NOW - timedelta(minutes=10), now=NOW)
    assert [m.text for m in found] == ["primero", "segundo"]
    assert [m.provider_id for m in found] == [first["MessageSid"], second["MessageSid"]]
    assert found[0].sent_at == NOW - timedelta(minutes=9)
    assert found[0].sender.external_id == "CO.1"


async def test_missed_media_can_be_fetched(channel, fake):
    png = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
    fake.receive(NOW, Body="", media=[("image/png", png)])
    (message,) = await channel.missed(NOW - timedelta(hours=1), now=NOW)
    assert message.kind is MessageKind.IMAGE
    assert message.attachments[0].ref.startswith("https://api.twilio.com/2010-04-01/Accounts/AC")


async def test_the_pages_of_twilio_are_followed_on_its_own_host_only(fake, transport):
    for n in range(5):
        fake.receive(NOW, Body=str(n))
    fake.page_size = 2
    assert len(await whatsapp(transport).missed(NOW, now=NOW)) == 5
    page = {"messages": [], "next_page_uri": "https://evil.example/steal"}
    channel, seen = answering(200, page)
    with pytest.raises(FetchFailed):
        await channel.missed(NOW, now=NOW)
    assert {request.url.host for request in seen} == {"api.twilio.com"}


async def test_a_gap_that_cannot_be_read_is_an_error():
    channel, _ = answering(503)
    with pytest.raises(FetchFailed) as failed:
        await channel.missed(NOW, now=NOW)
    assert failed.value.retry


async def test_check(channel):
    assert await channel.check() == f"Twilio account active, number {NUMBER}"
