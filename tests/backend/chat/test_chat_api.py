"""What the chat page and the terminal rely on, over the real database."""

import asyncio
import json
import uuid

import pytest
from sqlalchemy import func, select
from support.web_app import deliver, drain, echo

from backend.chat.visitors import token_thread
from backend.conversations.models import Conversation, Message
from backend.events import EventStream
from backend.inbox.models import InboxEvent
from bot.messages import Choice, OutboundMessage

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


def new_id():
    return str(uuid.uuid4())


async def opened(browser, **headers):
    client = browser(**headers)
    page = await client.get("/chat")
    assert page.status_code == 200
    return client


async def say(client, text="Hola", **more):
    response = await client.post("/chat/messages", json={"id": new_id(), "text": text} | more)
    assert response.status_code == 202, response.text
    return response.json()["id"]


async def seen(client, **params):
    return (await client.get("/chat/messages", params=params)).json()


async def test_a_visitor_writes_reads_the_answer_and_finds_both_again(parts, browser):
    client = await opened(browser)
    client_id = await say(client, "No puedo entrar a SAP")
    waiting = await seen(client)
    assert waiting["typing"]
    assert [(m["id"], m["client_id"], m["state"]) for m in waiting["messages"]] == [
        (None, client_id, "received")
    ]

    await drain(parts, echo)
    undelivered = await seen(client)
    assert [m["author"] for m in undelivered["messages"]] == ["client"]  # not sent yet: not shown
    await deliver(parts)
    view = await seen(client)
    assert not view["typing"]
    assert [(m["author"], m["text"], m["state"]) for m in view["messages"]] == [
        ("client", "No puedo entrar a SAP", "handled"),
        ("bot", "Usted dijo: No puedo entrar a SAP", None),
    ]
    assert view["messages"][0]["client_id"] == client_id


async def test_a_resend_is_the_same_message_and_ids_of_others_are_free(parts, browser):
    one, other = await opened(browser), await opened(browser)
    body = {"id": new_id(), "text": "Hola"}
    first = await one.post("/chat/messages", json=body)
    again = await one.post("/chat/messages", json=body)
    assert (first.json()["repeated"], again.json()["repeated"]) == (False, True)
    assert (await other.post("/chat/messages", json=body)).json()["repeated"] is False
    async with parts.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(InboxEvent)) == 2


async def test_ten_messages_at_once_make_one_conversation(parts, browser):
    client = await opened(browser)
    await asyncio.gather(*(say(client, f"mensaje {n}") for n in range(10)))
    await drain(parts, lambda message: None)
    async with parts.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Conversation)) == 1
        assert await session.scalar(select(func.count()).select_from(Message)) == 10
        channel = (await session.execute(select(Conversation))).scalar_one()
    assert (channel.channel, channel.channel_account) == ("webchat", "webchat")
    assert len(channel.thread) == 64  # a hash, not the secret


async def test_a_tapped_choice_carries_its_payload(parts, browser):
    client = await opened(browser)
    await say(client)
    choices = (Choice(id="sap", label="SAP", description="B1"), Choice(id="red", label="Red"))
    await drain(parts, lambda message: OutboundMessage(text="¿Cuál?", choices=choices))
    await deliver(parts)
    question = (await seen(client))["messages"][-1]
    assert question["choices"] == [choice.model_dump() for choice in choices]
    await say(client, "SAP", payload="sap")
    got = []
    await drain(parts, got.append)
    assert (got[0].kind, got[0].payload, got[0].text) == ("choice", "sap", "SAP")


async def test_only_news_come_after_a_message_and_never_too_few(parts, browser):
    client = await opened(browser)
    for number in range(3):
        await say(client, f"n{number}")
        await drain(parts, echo)
        await deliver(parts)
    all_of_it = (await seen(client))["messages"]
    recent = (await seen(client, after=all_of_it[-1]["id"]))["messages"]
    assert recent == all_of_it  # just stored: sent again, since ids can commit out of order
    parts.now = parts.clock().replace(year=parts.clock().year + 1)
    assert (await seen(client, after=all_of_it[3]["id"]))["messages"] == all_of_it[4:]


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/chat/messages", "post"),
        ("/chat/files", "post"),
        ("/chat/files/1", "get"),
        ("/chat/read", "post"),
        ("/chat/events", "get"),
    ],
)
async def test_who_never_opened_the_chat_gets_nothing(browser, path, method):
    body = {"json": {"id": new_id(), "text": "x"}} if method == "post" else {}
    response = await browser().request(method, path, **body)
    assert response.status_code in {401, 422}
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_made_up_cookie_is_no_visitor(browser):
    client = browser(Cookie="helpcare_visitor=../../etc")
    assert (
        await client.post("/chat/messages", json={"id": new_id(), "text": "x"})
    ).status_code == 401


async def test_the_cookie_is_a_secret_of_the_browser(browser):
    response = await browser().get("/chat")
    cookie = response.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/chat" in cookie
    assert len(response.cookies["helpcare_visitor"]) == 43


async def test_other_sites_cannot_write(browser):
    client = await opened(browser)
    body = {"id": new_id(), "text": "x"}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        response = await client.post("/chat/messages", json=body, headers=headers)
        assert response.status_code == 403
    as_text = await client.post(
        "/chat/messages", content=json.dumps(body), headers={"Content-Type": "text/plain"}
    )
    assert as_text.status_code == 422
    own = await client.post("/chat/messages", json=body, headers={"Origin": "http://chat.example"})
    assert own.status_code == 202


@pytest.mark.parametrize(
    "body",
    [
        {"id": "x" * 70, "text": "hola"},
        {"id": "short", "text": "hola"},
        {"id": "a" * 36, "text": "   "},
        {"id": "a" * 36, "text": "x" * 4001},
        {"id": "a" * 36, "text": "hola", "sender": "someone else"},
        {"id": "a" * 36, "text": "hola", "payload": "x" * 65},
        ["hola"],
    ],
)
async def test_what_makes_no_sense_is_refused(parts, browser, body):
    client = await opened(browser)
    assert (await client.post("/chat/messages", json=body)).status_code == 422
    async with parts.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(InboxEvent)) == 0


async def test_nul_and_lone_surrogates_do_not_stop_a_message(parts, browser):
    client = await opened(browser)
    response = await client.post(
        "/chat/messages",
        content=b'{"id":"' + new_id().encode() + b'","text":"a\\u0000b"}',
        headers={"Content-Type": "application/json"},
    )
    assert response.status_code == 202
    await drain(parts, echo)
    assert (await seen(client))["messages"][0]["text"] == "a\ufffdb"


async def test_a_flood_is_slowed_down_and_says_until_when(browser):
    client = await opened(browser)
    answers = [
        await client.post("/chat/messages", json={"id": new_id(), "text": "x"}) for _ in range(31)
    ]
    assert [a.status_code for a in answers] == [202] * 30 + [429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60


async def test_a_file_is_typed_by_content_and_only_its_visitor_gets_it(parts, browser):
    client, stranger = await opened(browser), await opened(browser)
    response = await client.post(
        "/chat/files",
        data={"id": new_id(), "text": "mire"},
        files={"file": ("../../página.html", PNG, "text/html")},
    )
    assert response.status_code == 202
    waiting = (await seen(client))["messages"][0]
    assert waiting["files"][0] | {"size": 0} == {
        "id": None,
        "name": "página.html.png",
        "content_type": "image/png",
        "size": 0,
        "image": True,
    }
    got = []
    await drain(parts, got.append)
    assert (got[0].kind, got[0].text, got[0].attachments[0].size) == ("image", "mire", len(PNG))
    file_id = (await seen(client))["messages"][0]["files"][0]["id"]
    mine = await client.get(f"/chat/files/{file_id}")
    assert mine.content == PNG
    assert mine.headers["content-type"] == "image/png"
    assert mine.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in mine.headers["content-security-policy"]
    assert (await stranger.get(f"/chat/files/{file_id}")).status_code == 404
    assert (await client.get(f"/chat/files/{file_id + 1}")).status_code == 404


async def test_markup_is_a_download(parts, browser):
    client = await opened(browser)
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    for name, content in (("a.svg", svg), ("b.png", b"<html><script>alert(1)</script>")):
        await client.post("/chat/files", data={"id": new_id()}, files={"file": (name, content)})
    await drain(parts, lambda message: None)
    files = [m["files"][0] for m in (await seen(client))["messages"]]
    assert [file["image"] for file in files] == [False, False]
    for file in files:
        served = await client.get(f"/chat/files/{file['id']}")
        assert served.headers["content-type"] == "application/octet-stream"
        assert served.headers["content-disposition"].startswith("attachment")


async def test_a_file_too_large_or_empty_is_refused_and_leaves_nothing(parts, browser, tmp_path):
    client = await opened(browser)

    async def upload(content, **more):
        return await client.post(
            "/chat/files", data={"id": new_id()} | more, files={"file": ("a.bin", content)}
        )

    assert (await upload(b"x" * 100_001)).status_code == 413
    assert (await upload(b"x" * 500_000)).status_code == 413
    assert (await upload(b"")).status_code == 422
    assert (await upload(b"x", id="no")).status_code == 422
    assert (await client.post("/chat/files", data={"id": new_id()})).status_code == 422
    assert (await upload(b"x" * 100_000)).status_code == 202
    kept = [path for path in (tmp_path / "attachments").rglob("*") if path.is_file()]
    assert [path.stat().st_size for path in kept] == [100_000]


async def test_a_resent_file_is_kept_once(parts, browser, tmp_path):
    client = await opened(browser)
    body = {"id": new_id()}
    for repeated in (False, True):
        response = await client.post("/chat/files", data=body, files={"file": ("a.txt", b"hola")})
        assert response.json()["repeated"] is repeated
    assert len([p for p in (tmp_path / "attachments").rglob("*") if p.is_file()]) == 1


async def test_reading_is_reported_for_what_was_sent_and_never_for_others(parts, browser):
    client, stranger = await opened(browser), await opened(browser)
    await say(client)
    await drain(parts, echo)
    await deliver(parts)
    last = (await seen(client))["messages"][-1]["id"]

    async def state():
        async with parts.database.transaction() as session:
            return (await session.get(Message, last)).delivery

    await stranger.post("/chat/read", json={"id": last})
    assert await state() == "sent"
    await client.post("/chat/read", json={"id": last})
    assert await state() == "read"


async def test_news_reach_an_open_page(parts, browser):
    thread = token_thread("x" * 43)
    stream = EventStream(parts.live, f"chat:{thread}").body_iterator
    try:
        assert b"event: tick" in await anext(stream)
        assert b"event: tick" in await anext(stream)  # subscribed
        parts.live.publish(f"chat:{thread}", {})
        assert await anext(stream) == b"event: news\ndata: {}\n\n"
    finally:
        await stream.aclose()


@pytest.mark.parametrize(
    ("accept", "language", "word"),
    [
        ("es-CO,es;q=0.9,en;q=0.8", "es", "asistente virtual"),
        ("en-US,en;q=0.9", "en", "virtual assistant"),
        ("pt-BR", "pt", "assistente virtual"),
        ("fr, en;q=0.4, pt;q=0.6", "pt", "assistente virtual"),
        ("", "es", "asistente virtual"),
        ("en;q=zero, *", "es", "asistente virtual"),
    ],
)
async def test_the_page_speaks_the_browser_s_language(browser, accept, language, word):
    page = await browser(**{"Accept-Language": accept}).get("/chat")
    assert f'<html lang="{language}">' in page.text
    assert word in page.text


async def test_the_page_runs_no_script_but_ours(browser):
    page = await browser().get("/chat")
    policy = page.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert " style=" not in page.text
    assert "onclick" not in page.text


async def test_a_company_s_name_cannot_break_the_page(parts, browser):
    parts.settings = parts.settings.model_copy(
        update={"company_name": "</script><script>alert(1)</script>"}
    )
    page = await browser().get("/chat")
    assert "<script>alert" not in page.text
