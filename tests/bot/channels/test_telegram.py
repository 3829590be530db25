"""Telegram's inbound side: who may post, and what the updates mean."""

import json
from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from support.telegram_api import (
    ANA,
    BOT_ID,
    SECRET,
    TOKEN,
    message_update,
    signed_webhook,
    tap_update,
)
from support.telegram_schema import judge_call, judge_update

from bot.channels.channel import Rejected, WebhookChannel, WebhookRequest
from bot.channels.telegram import TelegramChannel
from bot.messages import InboundMessage, MessageKind

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
EARLIER = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
PATH = "/webhooks/telegram"
GROUP = {"id": -100, "type": "group", "title": "Equipo"}
FILE = {"file_id": "F1", "file_unique_id": "u1", "file_size": 321}


def telegram(secret=SECRET):
    return TelegramChannel(
        bot_token=SecretStr(TOKEN),
        webhook_secret=SecretStr(secret) if secret is not None else None,
        http=httpx.AsyncClient(),
    )


CHANNEL = telegram()


def request(update, secret=SECRET):
    headers, body = signed_webhook(update, secret)
    return WebhookRequest(path=PATH, body=body, headers=headers)


def parse(update):
    arrived = request(update)
    CHANNEL.verify(arrived)
    return CHANNEL.parse(arrived, now=NOW)


def incoming(update):
    """What our channel makes of an update that Telegram could send."""
    judge_update(update)
    (message,) = parse(update)
    assert isinstance(message, InboundMessage)
    return message


def received(text=None, **fields):
    return incoming(message_update(text, **fields))


def test_it_is_a_webhook_channel():
    assert isinstance(CHANNEL, WebhookChannel)
    assert CHANNEL.account == str(BOT_ID)


# --- who may post --------------------------------------------------------------------------


@given(st.text(max_size=30))
def test_only_the_secret_opens(secret):
    if secret != SECRET:
        with pytest.raises(Rejected) as refused:
            CHANNEL.verify(request(message_update(), secret))
        assert refused.value.status == 403


def test_no_header():
    with pytest.raises(Rejected) as refused:
        CHANNEL.verify(WebhookRequest(path=PATH, body=b"{}"))
    assert refused.value.status == 403


@pytest.mark.parametrize("secret", [None, ""])
def test_without_a_secret_there_is_no_webhook(secret):
    for given_secret in ("", "x"):
        with pytest.raises(Rejected) as refused:
            telegram(secret).verify(request(message_update(), given_secret))
        assert refused.value.status == 404


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"{", b'{"update_id":"x"}', b"[" * 200_000])
def test_what_is_no_update_is_refused(body):
    headers, _ = signed_webhook({})
    with pytest.raises(Rejected) as refused:
        CHANNEL.verify(WebhookRequest(path=PATH, body=body, headers=headers))
    assert refused.value.status == 400


def test_a_token_that_is_none_is_refused():
    with pytest.raises(ValueError, match="token"):
        TelegramChannel(bot_token=SecretStr("secreto"), http=httpx.AsyncClient())


# --- messages ------------------------------------------------------------------------------


def test_a_text():
    update = message_update("No puedo entrar 😀", date=EARLIER)
    assert incoming(update) == InboundMessage(
        channel="telegram",
        account=str(BOT_ID),
        provider_id=str(update["update_id"]),
        thread="1001",
        sender={"external_id": "1001", "name": "Ana Gómez", "language": "es"},
        text="No puedo entrar 😀",
        sent_at=EARLIER,
    )


def test_a_repeated_update_is_the_same_message():
    update = message_update()
    assert incoming(update) == incoming(update)


def test_text_is_made_storable():
    update = message_update("a\0b\ud800")
    assert parse(update)[0].text == "ab?"


@pytest.mark.parametrize(
    ("fields", "kind", "content_type", "filename"),
    [
        (
            {"photo": [{**FILE, "width": w, "height": w, "file_id": f"F{w}"} for w in (1, 9, 3)]},
            MessageKind.IMAGE,
            "image/jpeg",
            None,
        ),
        (
            {"document": {**FILE, "file_name": "log.txt", "mime_type": "text/plain"}},
            MessageKind.DOCUMENT,
            "text/plain",
            "log.txt",
        ),
        (
            {"voice": {**FILE, "duration": 3, "mime_type": "audio/ogg"}},
            MessageKind.VOICE,
            "audio/ogg",
            None,
        ),
        ({"audio": {**FILE, "duration": 3}}, MessageKind.AUDIO, "audio/mpeg", None),
        (
            {"video": {**FILE, "duration": 3, "width": 1, "height": 1}},
            MessageKind.VIDEO,
            "video/mp4",
            None,
        ),
        (
            {"video_note": {**FILE, "duration": 3, "length": 1}},
            MessageKind.VIDEO,
            "video/mp4",
            None,
        ),
        (
            {
                "animation": {**FILE, "duration": 3, "width": 1, "height": 1},
                "document": {**FILE, "mime_type": "video/mp4"},
            },
            MessageKind.VIDEO,
            "video/mp4",
            None,
        ),
        (
            {
                "sticker": {
                    **FILE,
                    "type": "regular",
                    "width": 1,
                    "height": 1,
                    "is_animated": False,
                    "is_video": False,
                    "emoji": "👍",
                }
            },
            MessageKind.STICKER,
            "image/webp",
            None,
        ),
    ],
)
def test_media(fields, kind, content_type, filename):
    message = received(**fields)
    (attachment,) = message.attachments
    assert message.kind is kind
    assert (attachment.content_type, attachment.filename) == (content_type, filename)
    assert attachment.ref == ("F9" if "photo" in fields else "F1")
    assert attachment.size == 321
    assert message.text == ("👍" if "sticker" in fields else "")


def test_a_caption_is_the_text():
    document = {**FILE, "file_name": "a.pdf"}
    assert received(document=document, caption="la factura").text == "la factura"


def test_a_location_and_a_venue():
    place = {"latitude": 4.6, "longitude": -74.1}
    assert received(location=place).location.model_dump() == {**place, "label": None}
    venue = {"location": place, "title": "Sede", "address": "Cl. 1"}
    message = received(location=place, venue=venue)
    assert (message.kind, message.location.label) == (MessageKind.LOCATION, "Sede, Cl. 1")


@pytest.mark.parametrize(("user_id", "phone"), [(1001, "+573001112233"), (7, None), (None, None)])
def test_a_contact_proves_a_phone_only_when_it_is_ones_own(user_id, phone):
    card = {"phone_number": "573001112233", "first_name": "Ana"}
    message = received(contact=card | ({"user_id": user_id} if user_id else {}))
    assert (message.kind, message.text) == (MessageKind.CONTACT, "Ana 573001112233")
    assert message.sender.phone == phone


@pytest.mark.parametrize(
    ("text", "payload"),
    [
        ("/start", None),
        ("/start ticket_PT-2026-1", "ticket_PT-2026-1"),
        ("/start@ayuda_bot ref1", "ref1"),
    ],
)
def test_start(text, payload):
    message = received(text)
    assert (message.kind, message.text, message.payload) == (MessageKind.TEXT, "/start", payload)


def test_not_quite_start():
    assert received("/started").text == "/started"
    assert received("/start " + "x" * 65).payload is None


def test_an_answer_to_a_message():
    replied = message_update("¿Cuál?")["message"]
    name = f"1001:{replied['message_id']}"
    assert received("la VPN", reply_to_message=replied).reply_to == name


def test_an_edit_points_at_the_edited_message():
    update = message_update("corregido", edit_date=int(NOW.timestamp()))
    edited = {"update_id": update["update_id"], "edited_message": update["message"]}
    message = incoming(edited)
    assert (message.kind, message.text) == (MessageKind.EDIT, "corregido")
    assert message.reply_to == f"1001:{update['message']['message_id']}"
    assert message.sent_at == NOW


def test_a_live_location_that_moves_is_not_answered():
    place = {"latitude": 1.0, "longitude": 1.0}
    update = message_update(None, location=place, edit_date=1)
    assert incoming({"update_id": 1, "edited_message": update["message"]}).automatic


def test_a_tap_brings_the_label_and_the_id():
    keyboard = [[{"text": "Sí", "callback_data": "yes"}, {"text": "No", "callback_data": "no"}]]
    shown = message_update("¿Sí?", reply_markup={"inline_keyboard": keyboard})["message"]
    update = tap_update("no", shown)
    message = incoming(update)
    assert (message.kind, message.text, message.payload) == (MessageKind.CHOICE, "No", "no")
    assert message.thread == message.sender.external_id == "1001"
    assert message.reply_to == f"1001:{shown['message_id']}"
    assert message.sent_at == NOW
    reply = CHANNEL.reply(request(update))
    answer = json.loads(reply.body)
    assert reply.content_type == "application/json"
    assert answer.pop("method") == "answerCallbackQuery"
    judge_call("answerCallbackQuery", answer)
    assert answer == {"callback_query_id": update["callback_query"]["id"]}


def test_a_tap_on_a_message_too_old_to_show():
    chat = {"id": 1001, "type": "private"}
    message = incoming(tap_update("yes", {"chat": chat, "message_id": 3, "date": 0}))
    assert (message.text, message.payload) == ("yes", "yes")


def test_nothing_but_taps_is_answered_in_the_response():
    assert CHANNEL.reply(request(message_update())).body == b""


def reaction(*emojis):
    return {
        "update_id": 9,
        "message_reaction": {
            "chat": {"id": 1001, "type": "private"},
            "message_id": 77,
            "user": ANA,
            "date": int(EARLIER.timestamp()),
            "old_reaction": [],
            "new_reaction": [{"type": "emoji", "emoji": e} for e in emojis],
        },
    }


def test_a_reaction():
    message = incoming(reaction("👍"))
    assert (message.kind, message.text, message.reply_to) == (MessageKind.REACTION, "👍", "1001:77")
    assert message.sent_at == EARLIER
    assert incoming(reaction()).text == ""


# --- what is stored and not answered -------------------------------------------------------


def test_groups_channels_bots_and_echoes_are_automatic():
    bot = {"id": 5, "is_bot": True, "first_name": "Otro"}
    me = {"id": BOT_ID, "is_bot": True, "first_name": "Help Care"}
    assert received("hola", chat=GROUP).note == "group"
    assert received("hola", user=bot).note == "bot"
    assert received("hola", user=me).note == "echo"
    post = message_update("aviso", chat={"id": -1, "type": "channel", "title": "Avisos"})
    del post["message"]["from"]
    channel_post = incoming({"update_id": 1, "channel_post": post["message"]})
    assert (channel_post.note, channel_post.sender.external_id) == ("group", "-1")
    assert all(m.automatic for m in (channel_post, received("x", chat=GROUP)))
    assert not received("hola").automatic


def test_a_group_tap_is_automatic_too():
    shown = message_update("¿Sí?", chat=GROUP)["message"]
    assert incoming(tap_update("x", shown)).note == "group"


POLL = {
    "id": "1",
    "question": "¿Qué tal?",
    "options": [],
    "total_voter_count": 0,
    "is_closed": False,
    "is_anonymous": True,
    "type": "regular",
    "allows_multiple_answers": False,
    "allows_revoting": False,
    "members_only": False,
}


def test_what_cannot_be_read_is_kept_with_a_note():
    message = parse(message_update(None, poll=POLL))[0]
    assert (message.kind, message.text, message.automatic) == (
        MessageKind.UNSUPPORTED,
        "¿Qué tal?",
        False,
    )
    assert message.note
    pinned = received(pinned_message=message_update("x")["message"])
    assert pinned.kind is MessageKind.UNSUPPORTED
    assert pinned.automatic


def test_a_die():
    assert received(dice={"emoji": "🎲", "value": 3}).text == "🎲"


def test_membership_is_no_message_to_answer():
    member = {"user": {"id": BOT_ID, "is_bot": True, "first_name": "H"}, "status": "member"}
    change = {"chat": {"id": 1001, "type": "private"}, "from": ANA, "date": 1}
    change |= {"old_chat_member": member, "new_chat_member": member}
    assert incoming({"update_id": 1, "my_chat_member": change}).automatic


def test_an_update_of_the_future_is_not_lost():
    strange = {"update_id": 3, "telepathy": {"from": ANA, "chat": {"id": 1001, "type": "private"}}}
    (message,) = parse(strange)
    assert (message.kind, message.thread) == (MessageKind.UNSUPPORTED, "1001")


def test_an_update_without_anybody_says_nothing():
    assert parse({"update_id": 3}) == ()
    assert parse({"update_id": 3, "poll": POLL}) == ()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.data())
def test_a_broken_message_never_raises(data):
    update = message_update("hola", photo=[{**FILE, "width": 1, "height": 1}])
    fields = update["message"]
    for name in data.draw(st.lists(st.sampled_from(sorted(fields)), max_size=3)):
        fields[name] = data.draw(json_values)
    assert len(parse(update)) <= 1
