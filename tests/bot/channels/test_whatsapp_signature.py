"""Who may post to WhatsApp's webhook."""

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
    signed_webhook,
)

from bot.channels.channel import Rejected, WebhookRequest
from bot.channels.whatsapp import WhatsAppChannel

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


def reason_of(arrived, channel=CHANNEL):
    with pytest.raises(Rejected) as refused:
        channel.verify(arrived)
    assert refused.value.status == 403
    return refused.value.reason


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


def test_no_byte_can_be_left_out():
    headers, body = signed_webhook(PUBLIC, MessageSid="SM1")
    for at in range(len(body)):
        # "NumMedia0" without its "=" is signed like "NumMedia=0"; it must still be refused.
        assert reason_of(request(headers, body[:at] + body[at + 1 :]))


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
