"""WhatsApp's inbound payloads and status callbacks."""

from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given
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
            [name for name in message_fields() if name not in {"AccountSid", "To", "MessageSid"}]
            + ["ButtonText", "ButtonPayload", "ListId", "Latitude", "Longitude", "MediaUrl0"]
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
