"""WhatsApp's inbound side: signatures and payloads."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from support.twilio_api import (
    ACCOUNT_SID,
    AUTH_TOKEN,
    NUMBER,
    message_fields,
    signed_status,
    signed_webhook,
)

from bot.channels.channel import Rejected, WebhookChannel, WebhookRequest
from bot.channels.whatsapp import WhatsAppChannel
from bot.messages import DeliveryState, InboundMessage, MessageKind, StatusUpdate

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
PUBLIC = "https://ayuda.example.co"
PATH = "/webhooks/whatsapp"
HIDDEN = "whatsapp:CO.13491208655302741918"
MEDIA = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/MM1/Media/ME"


def whatsapp(*tokens, public_url=PUBLIC):
    return WhatsAppChannel(
        account_sid=ACCOUNT_SID,
        auth_tokens=tuple(map(SecretStr, tokens or (AUTH_TOKEN,))),
        from_number=f"whatsapp:{NUMBER}",
        public_url=public_url,
        http=httpx.AsyncClient(),
    )


CHANNEL = whatsapp()


def request(headers, body, path=PATH, query=""):
    return WebhookRequest(path=path, body=body, query=query, headers=headers)


def incoming(**fields):
    """What our channel makes of a signed webhook with these fields."""
    arrived = request(*signed_webhook(PUBLIC, **fields))
    CHANNEL.verify(arrived)
    (message,) = CHANNEL.parse(arrived, now=NOW)
    assert isinstance(message, InboundMessage)
    return message


def reason_of(arrived, channel=CHANNEL):
    with pytest.raises(Rejected) as refused:
        channel.verify(arrived)
    assert refused.value.status == 403
    return refused.value.reason


def test_it_is_a_webhook_channel():
    assert isinstance(CHANNEL, WebhookChannel)
    assert CHANNEL.account == NUMBER


# --- signatures ----------------------------------------------------------------------------


def test_twilio_published_vector():
    """The example of https://www.twilio.com/docs/usage/security, as the vendor's SDK tests it."""
    fields = {
        "CallSid": "CA1234567890ABCDE",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
        "Caller": "+14158675309",
    }
    channel = whatsapp("12345", public_url="https://mycompany.com")
    arrived = request(
        {"x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
        urlencode(fields).encode(),
        "/myapp.php",
        "foo=1&bar=2",
    )
    # The signature holds, so it is the account that is refused.
    assert reason_of(arrived, channel) == "the request is for another account"
    wrong = request({"x-twilio-signature": "SSOYDt4T1cUTdK1PDd93/VVr8B8="}, arrived.body)
    assert reason_of(wrong, channel) == "the signature is wrong"


def test_no_signature():
    headers, body = signed_webhook(PUBLIC)
    del headers["x-twilio-signature"]
    assert reason_of(request(headers, body)) == "the signature is missing"


def test_signed_with_another_token():
    assert reason_of(request(*signed_webhook(PUBLIC, "another"))) == "the signature is wrong"


def test_during_rotation_both_tokens_sign():
    channel = whatsapp("new", "old")
    for token in ("new", "old"):
        channel.verify(request(*signed_webhook(PUBLIC, token)))
    assert reason_of(request(*signed_webhook(PUBLIC, "older")), channel)


@pytest.mark.parametrize("tokens", [(), ("",), ("good", "")])
def test_an_empty_token_closes_the_door(tokens):
    with pytest.raises(ValueError, match="auth token"):
        WhatsAppChannel(
            account_sid=ACCOUNT_SID,
            auth_tokens=tuple(map(SecretStr, tokens)),
            from_number=NUMBER,
            public_url=PUBLIC,
            http=httpx.AsyncClient(),
        )


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"AccountSid": "AC" + "f" * 32}, "the request is for another account"),
        ({"AccountSid": None}, "the request is for another account"),
        ({"To": "whatsapp:+15550009999"}, "the request is for another number"),
        ({"MessageSid": None, "SmsSid": None}, "the request names no message"),
    ],
)
def test_well_signed_but_not_for_us(fields, reason):
    assert reason_of(request(*signed_webhook(PUBLIC, **fields))) == reason


def test_headers_of_a_proxy_change_nothing():
    headers, body = signed_webhook(PUBLIC)
    spoofed = headers | {"host": "evil.example", "x-forwarded-host": "evil.example"}
    CHANNEL.verify(request(spoofed | {"x-forwarded-proto": "http"}, body))
    elsewhere, body = signed_webhook("https://evil.example")
    assert reason_of(request(elsewhere | {"x-forwarded-host": "evil.example"}, body))


@pytest.mark.parametrize("signed_for", [PUBLIC, PUBLIC + ":443"])
@pytest.mark.parametrize("configured", [PUBLIC, PUBLIC + "/", PUBLIC + ":443"])
def test_the_port_may_be_written_or_not(signed_for, configured):
    channel = whatsapp(public_url=configured)
    channel.verify(request(*signed_webhook(signed_for)))


def test_a_query_is_signed_too():
    headers, body = signed_webhook(PUBLIC, query="a=1&b=%C3%B1")
    CHANNEL.verify(request(headers, body, query="a=1&b=%C3%B1"))
    assert reason_of(request(headers, body, query="a=2&b=%C3%B1"))
    assert reason_of(request(headers, body))


def test_fields_never_seen_before_empty_and_repeated_are_accepted():
    CHANNEL.verify(request(*signed_webhook(PUBLIC, NewThing="😀 ñ", Empty="", Body="a&b=c+d %")))
    url, pairs = f"{PUBLIC}{PATH}", [*message_fields().items(), ("X", "2"), ("X", "1")]
    signed = url + "".join(name + value for name, value in sorted(pairs))
    mac = hmac.new(AUTH_TOKEN.encode(), signed.encode(), hashlib.sha1).digest()
    headers = {"x-twilio-signature": base64.b64encode(mac).decode()}
    CHANNEL.verify(request(headers, urlencode(pairs).encode()))


def json_request(body, *, with_hash):
    query = f"bodySHA256={hashlib.sha256(body).hexdigest()}" if with_hash else ""
    url = f"{PUBLIC}{PATH}" + (f"?{query}" if query else "")
    mac = hmac.new(AUTH_TOKEN.encode(), url.encode(), hashlib.sha1).digest()
    headers = {
        "content-type": "application/json",
        "x-twilio-signature": base64.b64encode(mac).decode(),
    }
    return request(headers, body, query=query)


def test_json_is_accepted_only_with_the_hash_of_its_body():
    body = json.dumps(message_fields(Body="Hola \ud800\0 ¿sí?")).encode()
    good = json_request(body, with_hash=True)
    CHANNEL.verify(good)
    (message,) = CHANNEL.parse(good, now=NOW)
    assert message.text == "Hola ? ¿sí?"  # what PostgreSQL would refuse is gone
    assert reason_of(json_request(body, with_hash=False)) == (
        "a JSON body needs bodySHA256 in the URL"
    )
    changed = request(good.headers, body.replace(b"Hola", b"Adios"), query=good.query)
    assert reason_of(changed) == "the signature is wrong"
    for odd in (b"[1]", b"{", b"[" * 200_000):
        assert "JSON" in reason_of(json_request(odd, with_hash=True))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_every_one_byte_mutant_is_refused(data):
    headers, body = signed_webhook(PUBLIC, Body="Se cayó la VPN & el correo", MessageSid="SM1")
    at = data.draw(st.integers(0, len(body) - 1))
    byte = bytes([data.draw(st.integers(0, 255))])
    change = data.draw(st.sampled_from(["replace", "insert", "delete"]))
    new = b"" if change == "delete" else byte
    mutant = body[:at] + new + body[at + (change != "insert") :]
    original = sorted(parse_qsl(body.decode(), keep_blank_values=True))
    try:
        if sorted(parse_qsl(mutant.decode(), keep_blank_values=True, strict_parsing=True)) == (
            original
        ):
            CHANNEL.verify(request(headers, mutant))  # %2b for %2B: the same request
            return
    except ValueError:
        pass
    reason_of(request(headers, mutant))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 27), st.characters(codec="ascii"))
def test_every_mutant_of_the_signature_is_refused(at, char):
    headers, body = signed_webhook(PUBLIC, MessageSid="SM1")
    good = headers["x-twilio-signature"]
    if good[at] != char:
        mutant = good[:at] + char + good[at + 1 :]
        assert reason_of(request(headers | {"x-twilio-signature": mutant}, body))


def test_a_form_with_too_many_fields_is_refused_before_parsing():
    headers, _ = signed_webhook(PUBLIC)
    with pytest.raises(Rejected) as refused:
        CHANNEL.verify(request(headers, b"a=1&" * 100_000))
    assert refused.value.status == 400


@given(st.binary(max_size=300))
def test_garbage_is_refused_and_never_raises_anything_else(body):
    reason_of(request({"x-twilio-signature": "x"}, body))


# --- payloads ------------------------------------------------------------------------------


def test_a_text():
    message = incoming(MessageSid="SM9", Body="No puedo entrar\na la VPN")
    assert message == InboundMessage(
        channel="whatsapp",
        account=NUMBER,
        provider_id="SM9",
        thread="+573001112233",
        sender={"external_id": "+573001112233", "name": "Ana Gómez", "phone": "+573001112233"},
        text="No puedo entrar\na la VPN",
        sent_at=NOW,
    )


def test_the_same_request_later_is_the_same_message():
    arrived = request(*signed_webhook(PUBLIC))
    CHANNEL.verify(arrived)
    first, again = (CHANNEL.parse(arrived, now=NOW)[0] for _ in range(2))
    assert first.provider_id == again.provider_id


def test_a_hidden_number_is_a_sender_without_phone():
    message = incoming(From=HIDDEN, ExternalUserId=HIDDEN, WaId=None)
    assert message.sender.external_id == message.thread == "CO.13491208655302741918"
    assert message.sender.phone is None
    assert message.sender.aliases == ()


def test_a_shown_number_tells_the_other_id_of_the_person():
    message = incoming(ExternalUserId=HIDDEN)
    assert message.sender.external_id == "+573001112233"
    assert message.sender.aliases == ("CO.13491208655302741918",)


@pytest.mark.parametrize(
    ("content_type", "message_type", "kind"),
    [
        ("image/jpeg", "image", MessageKind.IMAGE),
        ("image/webp", "sticker", MessageKind.STICKER),
        ("audio/ogg", "audio", MessageKind.VOICE),
        ("audio/ogg; codecs=opus", None, MessageKind.VOICE),
        ("audio/mpeg", "audio", MessageKind.AUDIO),
        ("video/mp4", "video", MessageKind.VIDEO),
        ("application/pdf", "document", MessageKind.DOCUMENT),
        ("text/vcard", "contacts", MessageKind.CONTACT),
        ("x", "something-new", MessageKind.DOCUMENT),
    ],
)
def test_media(content_type, message_type, kind):
    message = incoming(
        NumMedia="1",
        Body="",
        MediaUrl0=MEDIA + "1",
        MediaContentType0=content_type,
        MessageType=message_type,
    )
    assert message.kind is kind
    assert [(a.ref, a.content_type) for a in message.attachments] == [(MEDIA + "1", content_type)]


def test_ten_media_with_a_caption():
    urls = {f"MediaUrl{i}": f"{MEDIA}{i}" for i in range(10)}
    types = {f"MediaContentType{i}": "image/png" for i in range(9)}
    message = incoming(NumMedia="10", Body="pantallazos", **urls, **types)
    assert message.text == "pantallazos"
    assert [a.ref[-1] for a in message.attachments] == list("0123456789")
    assert message.attachments[9].content_type == "application/octet-stream"


def test_a_location():
    message = incoming(
        Body="",
        MessageType="location",
        Latitude="4.6097",
        Longitude="-74.0817",
        Label="Sede Norte",
        Address="Cl. 100",
    )
    assert message.kind is MessageKind.LOCATION
    assert message.location.model_dump() == {
        "latitude": 4.6097,
        "longitude": -74.0817,
        "label": "Sede Norte, Cl. 100",
    }


@pytest.mark.parametrize("latitude", ["", "x", "nan", "91", "inf"])
def test_a_location_that_is_none(latitude):
    message = incoming(Body="", MessageType="location", Latitude=latitude, Longitude="1")
    assert message.kind is MessageKind.UNSUPPORTED
    assert message.location is None


def test_a_tapped_button():
    message = incoming(Body="Sí", ButtonText="Sí", ButtonPayload="confirm:yes")
    assert (message.kind, message.text, message.payload) == (
        MessageKind.CHOICE,
        "Sí",
        "confirm:yes",
    )


def test_a_template_button_without_payload():
    message = incoming(Body="Sí", ButtonText="Sí", MessageType="button")
    assert (message.kind, message.text, message.payload) == (MessageKind.CHOICE, "Sí", None)


def test_a_list_row():
    message = incoming(
        Body="survey:5", ListId="survey:5", ListTitle="5 Excelente", MessageType="interactive"
    )
    assert (message.kind, message.text, message.payload) == (
        MessageKind.CHOICE,
        "5 Excelente",
        "survey:5",
    )


def test_a_quote_and_a_reaction():
    assert incoming(OriginalRepliedMessageSid="SM7").reply_to == "SM7"
    reaction = incoming(MessageType="reaction", Body="👍", OriginalRepliedMessageSid="SM7")
    assert (reaction.kind, reaction.text, reaction.reply_to) == (MessageKind.REACTION, "👍", "SM7")


def test_a_contact_without_a_file():
    assert incoming(MessageType="contacts", Body="Luis").kind is MessageKind.CONTACT


@pytest.mark.parametrize("message_type", ["order", "poll", None])
def test_what_cannot_be_read_is_kept_with_a_note(message_type):
    message = incoming(Body="", MessageType=message_type, InteractiveData="{}")
    assert message.kind is MessageKind.UNSUPPORTED
    assert message.note.startswith("Mensaje de WhatsApp sin contenido legible")
    assert not message.automatic


def test_an_echo_is_never_answered():
    message = incoming(From=f"whatsapp:{NUMBER}", To="whatsapp:+573001112233")
    assert message.automatic
    assert message.sender.external_id == message.thread == NUMBER


@given(
    st.dictionaries(
        st.sampled_from(
            "Body MessageType ButtonText ButtonPayload ListId Latitude Longitude NumMedia MediaUrl0 "
            "MediaContentType0 ProfileName WaId From ExternalUserId OriginalRepliedMessageSid "
            "SmsStatus Anything".split()
        ),
        st.text(st.characters(codec="utf-8"), max_size=30),
    )
)
def test_whatever_the_fields_hold_one_message_comes_out(fields):
    message = incoming(**fields)
    assert message.provider_id
    assert "\0" not in message.model_dump_json()


# --- status callbacks ----------------------------------------------------------------------


def status(word, **fields):
    headers, body = signed_status(PUBLIC, "SM5", word, **fields)
    arrived = request(headers, body, PATH + "/status")
    CHANNEL.verify(arrived)
    return CHANNEL.parse(arrived, now=NOW)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("queued", DeliveryState.QUEUED),
        ("sent", DeliveryState.SENT),
        ("delivered", DeliveryState.DELIVERED),
        ("read", DeliveryState.READ),
        ("undelivered", DeliveryState.FAILED),
        ("failed", DeliveryState.FAILED),
    ],
)
def test_status_callbacks(word, state):
    assert status(word) == (
        StatusUpdate(channel="whatsapp", account=NUMBER, provider_id="SM5", state=state, at=NOW),
    )


def test_a_failure_tells_its_code():
    assert status("failed", ErrorCode="63016")[0].error_code == "63016"


def test_a_status_word_invented_since_is_ignored():
    assert status("teleported") == ()


def test_a_status_posted_to_the_message_url_is_no_message():
    fields = {"MessageSid": "SM5", "MessageStatus": "read", "AccountSid": ACCOUNT_SID}
    fields |= {"From": f"whatsapp:{NUMBER}", "To": "whatsapp:+573001112233"}
    arrived = request(*signed_webhook(PUBLIC, **fields))
    CHANNEL.verify(arrived)
    assert CHANNEL.parse(arrived, now=NOW)[0].state is DeliveryState.READ


def test_a_status_of_another_account_is_refused():
    headers, body = signed_status(PUBLIC, "SM5", "read", AccountSid="AC" + "f" * 32)
    assert reason_of(request(headers, body, PATH + "/status"))


def test_replies():
    assert CHANNEL.reply(request({}, b"")).body.endswith(b"<Response/>")
    assert CHANNEL.reply(request({}, b"")).content_type == "text/xml"
    assert CHANNEL.reply(request({}, b"", PATH + "/status")).body == b""


def test_the_secret_is_never_shown():
    assert AUTH_TOKEN not in repr(vars(CHANNEL))
