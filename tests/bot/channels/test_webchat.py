from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from bot.channels.channel import FetchFailed
from bot.channels.webchat import ChatMessage, WebChatChannel, file_to_inbound, to_inbound
from bot.messages import Attachment, Choice, Delivery, MessageKind, OutboundMessage, Receipt

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
THREAD = "a" * 64


def inbound(**fields):
    message = ChatMessage(id="0f0f0f0f-1111", **fields)
    return to_inbound(message, thread=THREAD, language="es", now=NOW)


def test_a_message_names_its_visitor_and_is_unique_within_them():
    message = inbound(text="  Hola  ")
    assert (message.channel, message.account, message.thread) == ("webchat", "webchat", THREAD)
    assert message.sender.external_id == THREAD
    assert (message.kind, message.text, message.sent_at) == (MessageKind.TEXT, "Hola", NOW)
    other = to_inbound(
        ChatMessage(id="0f0f0f0f-1111", text="Hola"), thread="b" * 64, language="es", now=NOW
    )
    assert other.provider_id != message.provider_id


def test_a_tapped_choice_is_a_choice():
    message = inbound(text="Ayer", payload="since:yesterday")
    assert (message.kind, message.payload) == (MessageKind.CHOICE, "since:yesterday")


def test_text_the_database_refuses_is_replaced():
    assert inbound(text="a\x00b", payload="x\x00").text == "a\ufffdb"


@pytest.mark.parametrize("text", ["", "   ", "x" * 4001])
def test_empty_and_endless_texts_are_refused(text):
    with pytest.raises(ValidationError):
        inbound(text=text)


def test_a_file_is_a_message_of_its_kind():
    message = file_to_inbound(
        "0f0f0f0f-2222",
        Attachment(ref="n", stored_as="n", content_type="application/pdf", filename="f.pdf"),
        caption="La factura",
        kind=MessageKind.DOCUMENT,
        thread=THREAD,
        language="es",
        now=NOW,
    )
    assert (message.kind, message.text) == (MessageKind.DOCUMENT, "La factura")
    assert message.attachments[0].stored_as == "n"


def test_a_scale_of_eleven_stays_buttons_and_long_texts_are_split():
    channel = WebChatChannel()
    scale = tuple(Choice(id=f"nps:{n}", label=str(n)) for n in range(11))
    (question,) = channel.render(OutboundMessage(text="¿Nos recomienda?", choices=scale))
    assert question.choices == scale
    parts = channel.render(OutboundMessage(text="palabra " * 900))
    assert len(parts) == 2
    assert all(len(part.text) <= channel.capabilities.max_text for part in parts)


async def test_a_reply_is_sent_by_being_there():
    channel = WebChatChannel()
    delivery = Delivery(
        key="turn:1:1:1", to=THREAD, thread=THREAD, message=OutboundMessage(text="Hola")
    )
    assert await channel.send(delivery, now=NOW) == Receipt(provider_id="turn:1:1:1")
    assert await channel.reconcile(delivery, now=NOW) == Receipt(provider_id="turn:1:1:1")
    with pytest.raises(FetchFailed) as failed:
        await channel.fetch(Attachment(ref="n"), b"")
    assert not failed.value.retry
