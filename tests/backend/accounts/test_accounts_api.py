from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.api_client import api_client
from support.desk import Desk

from backend.accounts.nit import check_digit, checked_nit
from backend.outbox.models import OutboxAttempt, OutboxItem


@pytest.fixture
def desk(database):
    return Desk(database)


@pytest.fixture
async def client(desk):
    async with api_client(desk) as client:
        yield client


async def test_an_account_is_created_corrected_and_found(client):
    new = {"name": "Textiles del Valle", "nit": "900.123.456-8", "services": ["SAP", "VPN"]}
    created = await client.post("/accounts", json=new)
    assert created.status_code == 201
    account = created.json()
    assert (account["nit"], account["services"]) == ("900123456-8", ["SAP", "VPN"])
    patched = await client.patch(f"/accounts/{account['id']}", json={"farmer_name": "Sara Gil"})
    assert patched.json()["farmer_name"] == "Sara Gil"
    assert patched.json()["name"] == "Textiles del Valle"
    for q in ("del valle", "9001234"):
        found = (await client.get("/accounts", params={"q": q})).json()["items"]
        assert [item["id"] for item in found] == [account["id"]]
    assert (await client.post("/accounts", json=new)).status_code == 409
    other = (await client.post("/accounts", json={"name": "Otra"})).json()
    clash = await client.patch(f"/accounts/{other['id']}", json={"nit": "900123456-8"})
    assert clash.status_code == 409


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "x", "nit": "900123456-1"},
        {"name": "x", "nit": "ABC"},
        {"name": "x", "farmer_email": "nadie"},
        {"name": "x", "id": 7},
        {"name": "x", "services": ["a"] * 101},
    ],
    ids=str,
)
async def test_an_account_that_is_not_valid(client, body):
    assert (await client.post("/accounts", json=body)).status_code == 422


async def test_the_timeline_holds_what_passed_with_the_accounts_people(desk, client):
    account_id = (await client.post("/accounts", json={"name": "Textiles"})).json()["id"]
    conversation_id = await desk.conversation()
    contact_id = (await client.get(f"/conversations/{conversation_id}")).json()["contact_id"]
    linked = await client.patch(f"/contacts/{contact_id}", json={"account_id": account_id})
    assert linked.json()["account_id"] == account_id
    number = await desk.open(conversation_id)
    assert (await client.get(f"/tickets/{number}")).json()["account"]["name"] == "Textiles"
    await desk.resolve(number)
    await desk.fire(after=timedelta(minutes=1))
    await desk.resolve(await desk.open())  # somebody else's
    url = f"/accounts/{account_id}/timeline"
    newest = (await client.get(url, params={"limit": 1})).json()
    older = (await client.get(url, params={"limit": 5, "cursor": newest["next_cursor"]})).json()
    assert newest["items"][0]["subject"].startswith("Encuesta")
    assert [entry["ticket_number"] for entry in older["items"]] == [number]
    # a cursor of another kind of list is refused
    ids = (await client.get("/tickets", params={"limit": 1})).json()["next_cursor"]
    assert (await client.get(url, params={"cursor": ids})).status_code == 422


async def test_contacts_are_read_and_corrected(desk, client):
    conversation_id = await desk.conversation(email="luz@valle.example")
    contact_id = (await client.get(f"/conversations/{conversation_id}")).json()["contact_id"]
    found = (await client.get("/contacts", params={"q": "LUZ@"})).json()["items"]
    assert [contact["id"] for contact in found] == [contact_id]
    fine = await client.patch(
        f"/contacts/{contact_id}", json={"phone": "+573001112233", "email": None}
    )
    assert (fine.json()["phone"], fine.json()["email"]) == ("+573001112233", None)
    for wrong in ({"phone": "300"}, {"account_id": 99}, {"language": None}, {"consent": "granted"}):
        assert (await client.patch(f"/contacts/{contact_id}", json=wrong)).status_code == 422
    assert (await client.patch("/contacts/99", json={"name": "x"})).status_code == 404


async def test_the_outbox_shows_what_failed_and_sends_it_again(desk, client):
    number = await desk.open()
    await desk.resolve(number)
    items = (await client.get("/outbox", params={"lane": "webchat"})).json()["items"]
    [item] = items
    assert "payload" not in item
    url = f"/outbox/{item['id']}"
    assert (await client.post(f"{url}/retry")).status_code == 409
    async with desk.database.transaction() as session:
        row = await session.get_one(OutboxItem, item["id"])
        row.state, row.error = "failed", "blocked"
        session.add(
            OutboxAttempt(
                item_id=row.id, number=1, outcome="permanent", detail="blocked", at=desk.now
            )
        )
    failed = (await client.get("/outbox", params={"state": "failed"})).json()["items"]
    assert [row["id"] for row in failed] == [item["id"]]
    again = (await client.post(f"{url}/retry")).json()
    assert (again["state"], again["error"], again["tries"][0]["detail"]) == (
        "queued", None, "blocked",
    )  # fmt: skip


async def test_surveys_are_listed_with_their_reasons(desk, client):
    number = await desk.open(kind="felicitacion")
    await desk.resolve(number)
    await desk.fire(after=timedelta(minutes=1))
    params = {"ticket": number, "state": "suppressed"}
    [survey] = (await client.get("/surveys", params=params)).json()["items"]
    assert survey["reason"] == "una felicitación no se encuesta"
    assert (await client.get(f"/surveys/{survey['id']}")).json() == survey
    assert (await client.get("/surveys", params={"state": "sent"})).json()["items"] == []


# Bancolombia, DIAN, Ecopetrol: published tax numbers
@pytest.mark.parametrize("nit", ["890903938-8", "800197268-4", "899999068-1"])
def test_published_tax_numbers(nit):
    assert checked_nit(nit) == nit
    assert checked_nit(f"{nit[:3]}.{nit[3:6]}.{nit[6:]}") == nit


@given(st.integers(100_000, 10**15 - 1), st.integers(0, 9))
def test_one_check_digit_fits(number, digit):
    text = f"{number}-{digit}"
    if digit == check_digit(str(number)):
        assert checked_nit(text) == text
    else:
        with pytest.raises(ValueError, match="wrong"):
            checked_nit(text)
