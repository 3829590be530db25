import pytest
from sqlalchemy import update
from support.api_client import api_client
from support.desk import Desk

from backend.conversations.models import Conversation


@pytest.fixture
def desk(database):
    return Desk(database)


@pytest.fixture
async def client(desk):
    async with api_client(desk) as client:
        yield client


async def test_an_agent_takes_answers_and_gives_back(desk, client):
    ana, luis = await desk.agent("Ana"), await desk.agent("Luis")
    conversation_id = await desk.conversation()
    number = await desk.open(conversation_id)
    url = f"/conversations/{conversation_id}"
    claimed = await client.post(f"{url}/claim", json={"agent_id": ana})
    assert claimed.json()["owner_id"] == ana
    refused = await client.post(f"{url}/claim", json={"agent_id": luis})
    assert (refused.status_code, refused.json()["owner_id"]) == (409, ana)
    message = {"agent_id": ana, "text": "Buenos días, ya lo reviso", "key": "k-1"}
    written = await client.post(f"{url}/messages", json=message)
    again = await client.post(f"{url}/messages", json=message)
    assert written.status_code == again.status_code == 201
    assert written.json() == again.json()
    assert written.json()[0]["author"] == "agent"
    by_luis = await client.post(f"{url}/messages", json={"agent_id": luis, "text": "Yo también"})
    assert by_luis.status_code == 409
    assert (await client.post(f"{url}/release", json={"agent_id": luis})).status_code == 409
    released = (await client.post(f"{url}/release", json={"agent_id": ana})).json()
    assert released["owner_id"] is None
    assert released["tickets"] == [number]
    assert [m["text"] for m in released["messages"]] == ["Buenos días, ya lo reviso"]
    assert client.live.heard[-1] == ("console", {"conversation": conversation_id})


@pytest.mark.parametrize(
    "body",
    [
        {"text": "Hola"},
        {"agent_id": 4711, "text": "Hola"},
        {"agent_id": 1, "text": "  "},
        {"agent_id": 1, "text": "a\0"},
        {"agent_id": 1, "text": "Hola", "key": "no vale"},
        {"agent_id": 1, "text": "Hola", "author": "bot"},
    ],
    ids=str,
)
async def test_a_message_that_is_not_valid_is_not_written(desk, client, body):
    conversation_id = await desk.conversation()
    if body.get("agent_id") == 1:
        body = body | {"agent_id": await desk.agent()}
    answer = await client.post(f"/conversations/{conversation_id}/messages", json=body)
    assert answer.status_code == 422
    assert await desk.texts() == []


async def test_lists_by_queue_owner_and_channel_latest_first(desk, client):
    first, second = await desk.conversation(), await desk.conversation()
    mail = await desk.conversation(channel="email")
    agent_id = await desk.agent()
    async with desk.database.transaction() as session:
        for conversation_id, values in (
            (first, {"waiting_since": desk.now, "last_message_at": desk.now.replace(hour=20)}),
            (second, {"owner_id": agent_id}),
        ):
            await session.execute(
                update(Conversation).where(Conversation.id == conversation_id).values(**values)
            )

    async def ids(**params):
        page = (await client.get("/conversations", params=params)).json()
        return [item["id"] for item in page["items"]]

    assert await ids() == [first, mail, second]
    assert await ids(waiting=True) == [first]
    assert await ids(waiting=False) == [mail, second]
    assert await ids(owner_id=agent_id) == [second]
    assert await ids(unowned=True) == [first, mail]
    assert await ids(channel="email") == [mail]
    page = (await client.get("/conversations", params={"limit": 2})).json()
    assert await ids(limit=2, cursor=page["next_cursor"]) == [second]


async def test_earlier_messages_page_by_page(desk, client):
    conversation_id = await desk.conversation()
    for n in range(60):
        number = await desk.open(conversation_id, title=f"{n}")
        await desk.resolve(number, reason=f"r{n}")
    detail = (await client.get(f"/conversations/{conversation_id}")).json()
    assert len(detail["messages"]) == 50
    assert "r59" in detail["messages"][-1]["text"]
    url = f"/conversations/{conversation_id}/messages"
    page = (await client.get(url, params={"limit": 40})).json()
    rest = (await client.get(url, params={"limit": 40, "cursor": page["next_cursor"]})).json()
    assert len(rest["items"]) == 20
    assert rest["next_cursor"] is None
    assert "r0" in rest["items"][-1]["text"]
