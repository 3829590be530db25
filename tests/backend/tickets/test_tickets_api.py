import asyncio

import pytest
from support.api_client import api_client
from support.desk import Desk


@pytest.fixture
def desk(database):
    return Desk(database)


@pytest.fixture
async def client(desk):
    async with api_client(desk) as client:
        yield client


async def new_contact(desk, client):
    conversation_id = await desk.conversation()
    read = (await client.get(f"/conversations/{conversation_id}")).json()
    return conversation_id, read["contact_id"]


async def test_from_filing_to_closing(desk, client):
    conversation_id, contact_id = await new_contact(desk, client)
    agent_id = await desk.agent("Ana Ruiz")
    created = await client.post(
        "/tickets",
        json={
            "type": "peticion",
            "title": "Paz y salvo",
            "description": "Necesita el paz y salvo de 2025",
            "contact_id": contact_id,
            "conversation_id": conversation_id,
            "slots": {"servicio": "Facturación", "adjuntos": ["a.pdf"]},
            "agent_id": agent_id,
        },
    )
    assert created.status_code == 201
    ticket = created.json()
    number = ticket["number"]
    assert (ticket["status"], ticket["version"], ticket["channel"]) == ("nuevo", 1, "webchat")
    assert ticket["contact"] == {"id": contact_id, "name": "Luz Marina"}
    assert ticket["conversations"] == [conversation_id]

    async def command(name, **body):
        answer = await client.post(f"/tickets/{number}/{name}", json=body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    assert (await command("assign", assignee_id=agent_id))["assignee"]["name"] == "Ana Ruiz"
    patched = await client.patch(
        f"/tickets/{number}", json={"priority": "alta", "status": "en_curso"}
    )
    assert (patched.json()["priority"], patched.json()["status"]) == ("alta", "en_curso")
    await command("notes", text="Llamar antes de las 5", agent_id=agent_id)
    await command("escalate", reason="Lo pide el gerente")
    resolved = await command("resolve", reason="Se envió el paz y salvo", agent_id=agent_id)
    assert (resolved["status"], resolved["resolution"]) == ("resuelto", "Se envió el paz y salvo")
    assert resolved["allowed"] == ["close", "reopen"]
    reopened = await command("reopen", reason="Faltó la firma")
    assert (reopened["status"], reopened["cycle"]) == ("en_curso", 2)
    closed = await command("close", reason="Desistió")
    assert closed["status"] == "cerrado"
    assert [event["kind"] for event in closed["events"]] == [
        "opened", "assigned", "status", "edited", "note", "escalated", "resolved", "reopened",
        "closed",
    ]  # fmt: skip
    assert closed["version"] == 9
    assert client.live.heard[-1] == (
        "console",
        {"conversation": conversation_id, "ticket": number},
    )
    said = await desk.texts(conversation_id)
    assert len(said) == 5  # filed, in charge, solved, reopened, closed
    assert "Paz y salvo" not in said[1]


async def test_lists_filter_and_page(desk, client):
    numbers = [await desk.open(title=f"Caso {n}") for n in range(5)]
    await desk.resolve(numbers[1])
    seen, cursor = [], None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/tickets", params=params)).json()
        seen += [item["number"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        if len(seen) == 2:
            await desk.open(title="Llegó mientras tanto")
    assert seen == numbers[::-1]
    resolved = (await client.get("/tickets", params={"status": "resuelto"})).json()["items"]
    assert [item["number"] for item in resolved] == [numbers[1]]
    both = await client.get("/tickets", params=[("status", "resuelto"), ("status", "nuevo")])
    assert len(both.json()["items"]) == 6
    one = (await client.get("/tickets", params={"number": numbers[3]})).json()["items"]
    assert [item["title"] for item in one] == ["Caso 3"]
    assert (await client.get("/tickets", params={"unassigned": True})).json()["items"]
    assert (await client.get("/tickets", params={"type": "queja"})).json()["items"] == []
    mine = {"contact_id": one[0]["contact"]["id"], "conversation_id": one[0]["conversation_id"]}
    assert len((await client.get("/tickets", params=mine)).json()["items"]) == 1
    assert (await client.get("/tickets", params={"overdue": True})).json()["items"] == []


async def test_search_finds_spanish_words_in_any_form(desk, client):
    number = await desk.open(title="Las impresoras de la sede no imprimen")
    await desk.open(title="No abre SAP")
    for q in ("impresora", "imprimir sede", number, '"la sede"'):
        found = (await client.get("/tickets", params={"q": q})).json()["items"]
        assert [item["number"] for item in found] == [number], q


@pytest.mark.parametrize(
    "q",
    [
        "%",
        "_",
        "'; DROP TABLE tickets;--",
        "(((",
        "a & | ! b",
        "\\",
        "((a|b)*)*c",
        "x" * 500,
        "🔥",
        ":*",
    ],
)
async def test_odd_searches_are_only_searches(desk, client, q):
    await desk.open()
    for path in ("/tickets", "/contacts", "/accounts"):
        answer = await client.get(path, params={"q": q})
        assert answer.status_code == 200
        if path != "/contacts":
            assert answer.json()["items"] == []


async def test_a_percent_sign_is_looked_for_as_such(desk, client):
    await desk.conversation(name="100% Luz")
    await desk.conversation(name="Otra")
    found = (await client.get("/contacts", params={"q": "0% l"})).json()["items"]
    assert [contact["name"] for contact in found] == ["100% Luz"]


BAD = [
    {"title": "x\0y"},
    {"title": ""},
    {"title": "   "},
    {"title": "x" * 201},
    {"type": "otro"},
    {"priority": "urgentísima"},
    {"slots": {"a": {"b": 1}}},
    {"slots": {"a\0": "x"}},
    {"status": "cerrado"},
    {"version": 0},
    {"version": 2**31},
    {"agent_id": 2**63},
    {"agent_id": 4711},
    {"note": "sin estado"},
    {"status": "en_espera_del_cliente"},
    # mass assignment
    {"number": "PT-2026-000002"},
    {"cycle": 7},
    {"contact_id": 1},
    {"resolution": "x"},
    {"id": 1},
]


@pytest.mark.parametrize("body", BAD, ids=str)
async def test_a_patch_that_is_not_valid_changes_nothing(desk, client, body):
    number = await desk.open()
    before = (await client.get(f"/tickets/{number}")).json()
    answer = await client.patch(f"/tickets/{number}", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["status"] == 422
    assert (await client.get(f"/tickets/{number}")).json() == before


async def test_lone_surrogates_and_broken_json_are_refused(desk, client):
    number = await desk.open()
    for content in (b'{"title": "\\ud800"}', b"{", b"[]", b'{"title": NaN}', b"\xff"):
        answer = await client.patch(
            f"/tickets/{number}", content=content, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == (400 if content == b"\xff" else 422), content


@pytest.mark.parametrize(
    "params",
    [
        {"cursor": "abc"}, {"cursor": "ñ"}, {"cursor": "MjAyNi0xMS0yNHw1"}, {"limit": 0},
        {"limit": 201}, {"nonsense": 1}, {"status": "abierto"}, {"account_id": 2**63},
        {"account_id": "x"}, {"q": "a\0b"}, {"number": "\0"},
        {"cursor": "fDk5OTk5OTk5OTk5OTk5OTk5OTk5"},
    ],
    ids=str,
)  # fmt: skip
async def test_a_query_that_is_not_valid_is_refused(client, params):
    assert (await client.get("/tickets", params=params)).status_code == 422


async def test_what_is_not_there(client):
    for path in ("/tickets/PT-2026-999999", "/tickets/'%20OR%201=1", "/conversations/99",
                 "/contacts/99", "/accounts/99", "/accounts/99/timeline", "/surveys/99",
                 "/outbox/99", "/conversations/99/messages"):  # fmt: skip
        answer = await client.get(path)
        assert answer.status_code == 404, path
        assert answer.headers["content-type"] == "application/problem+json"
    assert (await client.get("/tickets/%00")).status_code == 422
    assert (await client.get(f"/contacts/{2**63}")).status_code == 422


async def test_a_new_ticket_needs_a_contact_and_a_conversation_of_theirs(desk, client):
    conversation_id, contact_id = await new_contact(desk, client)
    other_conversation, _ = await new_contact(desk, client)
    base = {"type": "queja", "title": "x", "description": "y", "contact_id": contact_id}
    for wrong in ({"contact_id": 99}, {"conversation_id": 99},
                  {"conversation_id": other_conversation}, {"agent_id": 99}):  # fmt: skip
        answer = await client.post("/tickets", json=base | wrong)
        assert answer.status_code == 422, wrong
    alone = await client.post("/tickets", json=base)
    assert (alone.status_code, alone.json()["channel"]) == (201, "api")
    quiet = await client.post(
        "/tickets", json=base | {"conversation_id": conversation_id, "tell_client": False}
    )
    assert quiet.status_code == 201
    assert await desk.texts() == []


async def test_two_agents_at_once_one_wins_and_the_other_learns_the_state(desk, client):
    number = await desk.open()
    answers = await asyncio.gather(
        *(
            client.post(f"/tickets/{number}/resolve", json={"reason": f"Así {n}", "version": 1})
            for n in range(4)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    problem = next(a for a in answers if a.status_code == 409).json()
    assert (problem["state"], problem["version"]) == ("resuelto", 2)
    assert len(await desk.texts()) == 1


async def test_merging_by_number(desk, client):
    conversation_id = await desk.conversation()
    one, other = await desk.open(conversation_id), await desk.open(conversation_id)
    merged = (await client.post(f"/tickets/{one}/merge", json={"into": other})).json()
    assert (merged["status"], merged["merged_into"], merged["allowed"]) == ("cerrado", other, [])
    assert (await client.post(f"/tickets/{one}/merge", json={"into": "PT-1"})).status_code == 404
    assert (await client.post(f"/tickets/{one}/merge", json={"into": other})).status_code == 409


async def test_the_description_of_the_api_names_problems_and_the_token(client):
    document = (await client.get("http://help.example/api/openapi.json")).json()
    resolve = document["paths"]["/api/v1/tickets/{number}/resolve"]["post"]
    assert set(resolve["responses"]) == {"200", "401", "404", "409", "422", "503"}
    assert resolve["security"] == [{"HTTPBearer": []}]
