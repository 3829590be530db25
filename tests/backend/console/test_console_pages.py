"""What agents see and do, over the real services and database."""

import asyncio
import re
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select
from support.web_app import make_conversation, make_ticket

from backend.attachments.models import StoredAttachment
from backend.conversations.models import Conversation, Message, TicketDraft
from backend.inbox.models import InboxEvent, InboxThread
from backend.outbox.models import OutboxItem
from backend.surveys.models import Survey
from backend.tickets.models import Ticket, TicketEvent
from bot.channels.channel import Capabilities
from bot.channels.webchat import WebChatChannel

XSS = "\"><img src=x onerror=alert(1)><script>alert(2)</script>'{{7*7}}"


async def row(parts, table, key):
    async with parts.database.transaction() as session:
        return await session.get(table, key)


def rows_in(page):
    return re.findall(r'id="c-(\d+)"', page.text)


# --- the list ----------------------------------------------------------------------------


async def test_an_empty_list_says_what_to_do(console):
    ana = await console()
    page = await ana.get("/")
    assert "Aún no hay conversaciones" in page.text
    assert 'href="/chat"' in page.text
    assert "Nadie espera a una persona" in (await ana.get("/?ver=espera")).text


async def test_who_waits_comes_first_the_urgent_on_top(console, parts):
    ana = await console()
    now = parts.clock()
    recent, _ = await make_conversation(parts, name="Reciente")
    longest, _ = await make_conversation(
        parts, waiting_since=now - timedelta(hours=2), last_message_at=now - timedelta(hours=2)
    )
    urgent, _ = await make_conversation(parts, waiting_since=now, urgent=True)
    mine, _ = await make_conversation(
        parts, owner_id=ana.agent.id, owned_since=now, last_message_at=now - timedelta(days=1)
    )
    page = await ana.get("/")
    assert rows_in(page) == [str(c.id) for c in (urgent, longest, recent, mine)]
    assert "Espera 2 h" in page.text
    assert rows_in(await ana.get("/?ver=espera")) == [str(urgent.id), str(longest.id)]
    assert rows_in(await ana.get("/?ver=mias")) == [str(mine.id)]
    assert rows_in(await ana.get("/?ver=bot")) == [str(recent.id)]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("jorge", True),
        ("JORGE", True),
        ("factura", True),
        ("PT-2026", False),
        ("%", False),
        ("_", False),
        ("nadie", False),
        ("' OR 1=1 --", False),
        ("x" * 500, False),
    ],
)
async def test_searching_takes_words_as_they_are(console, parts, search, found):
    ana = await console()
    await make_conversation(parts, name="Jorge Iván", text="No sale la factura")
    page = await ana.http.get("/", params={"q": search})
    assert page.status_code == 200
    assert bool(rows_in(page)) is found


async def test_a_conversation_is_found_by_its_ticket(console, parts):
    ana = await console()
    await make_conversation(parts)
    conversation, contact = await make_conversation(parts)
    ticket = await make_ticket(parts, conversation, contact)
    assert rows_in(await ana.get(f"/?q={ticket.number.lower()}")) == [str(conversation.id)]


async def test_the_list_refreshes_only_when_it_changed(console, parts):
    ana = await console()
    await make_conversation(parts)
    page = (await ana.get("/")).text
    address = re.search(r'hx-get="(/console/rows[^"]+)"', page)[1].replace("&amp;", "&")
    assert (await ana.get(address)).status_code == 204
    await make_conversation(parts)
    changed = await ana.get(address)
    assert changed.status_code == 200
    assert len(rows_in(changed)) == 2


async def test_unanswered_messages_are_counted(console, parts):
    ana = await console()
    conversation, _ = await make_conversation(parts)
    assert "1 sin responder" in (await ana.get("/")).text
    await ana.post(
        f"/console/conversations/{conversation.id}/messages", text="Hola", key=str(uuid.uuid4())
    )
    assert "sin responder" not in (await ana.get("/")).text


# --- a conversation ----------------------------------------------------------------------


async def test_answering_takes_the_conversation_and_a_second_click_writes_once(console, parts):
    ana = await console()
    conversation, _ = await make_conversation(parts, waiting_since=parts.clock())
    page = (await ana.get(f"/console/conversations/{conversation.id}")).text
    assert "Al responder, usted toma la conversación." in page
    key = re.search(r'name="key" value="([^"]+)"', page)[1]
    path = f"/console/conversations/{conversation.id}/messages"
    answers = await asyncio.gather(
        *(ana.post(path, text="Buenos días,\r\nlo reviso.", key=key) for _ in range(3))
    )
    assert {a.status_code for a in answers} == {200}
    assert {a.headers["hx-trigger"] for a in answers} == {"changed"}
    assert f'value="{key}"' not in answers[0].text  # the next message has its own
    async with parts.database.transaction() as session:
        sent = (
            (await session.execute(select(Message).where(Message.author == "agent")))
            .scalars()
            .all()
        )
        assert [m.text for m in sent] == ["Buenos días,\nlo reviso."]
        assert len((await session.execute(select(OutboxItem))).scalars().all()) == 1
    owned = await row(parts, Conversation, conversation.id)
    assert (owned.owner_id, owned.waiting_since) == (ana.agent.id, None)
    thread = (await ana.get(f"/console/conversations/{conversation.id}/thread")).text
    assert "lo reviso." in thread
    assert "En cola" in thread


async def test_of_two_agents_one_gets_it_and_the_other_is_told_who(console, parts):
    ana, luis = await console("Ana Ruiz"), await console("Luis Peña")
    conversation, _ = await make_conversation(parts)
    path = f"/console/conversations/{conversation.id}"
    both = await asyncio.gather(ana.post(f"{path}/claim"), luis.post(f"{path}/claim"))
    assert sorted(r.status_code for r in both) == [200, 409]
    loser = luis if both[0].status_code == 200 else ana
    winner = ana if loser is luis else luis
    refused = await loser.post(f"{path}/messages", text="Yo también", key=str(uuid.uuid4()))
    assert refused.status_code == 409
    assert refused.headers["hx-retarget"] == "#notice"
    assert f"La tomó {winner.agent.name} ahora." in refused.text
    parts.now = parts.clock() + timedelta(minutes=3)
    assert f"La tomó {winner.agent.name} hace 3 min." in (await loser.post(f"{path}/claim")).text
    assert (await loser.post(f"{path}/release")).status_code == 409
    assert (await winner.post(f"{path}/release")).status_code == 200
    assert (await row(parts, Conversation, conversation.id)).owner_id is None


@pytest.mark.parametrize(("text", "status"), [("", 422), ("   ", 422), ("x" * 8001, 422)])
async def test_an_answer_that_says_nothing_or_too_much_is_refused(console, parts, text, status):
    ana = await console()
    conversation, _ = await make_conversation(parts)
    response = await ana.post(
        f"/console/conversations/{conversation.id}/messages", text=text, key=str(uuid.uuid4())
    )
    assert response.status_code == status
    assert (await row(parts, Conversation, conversation.id)).owner_id is None


async def test_what_the_bot_understood_and_the_draft_are_shown(console, parts):
    ana = await console()
    conversation, _ = await make_conversation(parts)
    understanding = {
        "intent": "incidente",
        "confidence": 0.934,
        "intents": [{"intent": "incidente", "confidence": 0.934}],
        "entities": [
            {"type": "codigo_error", "text": "DI-2028", "start": 0, "end": 7, "value": "DI-2028"}
        ],
        "urgency": "alta",
        "sentiment": "negativo",
        "language": "es",
    }
    now = parts.clock()
    async with parts.database.transaction() as session:
        message = await session.scalar(select(Message))
        message.understanding = understanding
        session.add(
            TicketDraft(
                conversation_id=conversation.id,
                type="incidente",
                description="No abre",
                slots={"servicio": "SAP"},
                created_at=now,
                updated_at=now,
            )
        )
    page = (await ana.get(f"/console/conversations/{conversation.id}")).text
    assert "Entendió: incidente <small>93 %" in page
    assert "Código de error" in page
    assert "Ticket en borrador" in page


async def test_delivery_is_told_as_it_is(console, parts):
    ana = await console()
    conversation, _ = await make_conversation(parts)
    now = parts.clock()
    async with parts.database.transaction() as session:
        for delivery, note in (
            ("not_sent", "pasaron 24 horas y no hay plantilla"),
            ("uncertain", "sin respuesta a tiempo"),
            ("read", None),
        ):
            session.add(
                Message(
                    conversation_id=conversation.id,
                    author="bot",
                    text="Hola",
                    delivery=delivery,
                    delivery_note=note,
                    at=now,
                    stored_at=now,
                )
            )
    page = (await ana.get(f"/console/conversations/{conversation.id}")).text
    assert "No enviado: pasaron 24 horas y no hay plantilla" in page
    assert "Sin confirmar: sin respuesta a tiempo" in page
    assert "Leído" in page


class Limited(WebChatChannel):
    name = "whatsapp"
    capabilities = Capabilities(max_text=1600, session_window=timedelta(hours=24))


@pytest.mark.parametrize(
    ("hours", "word"),
    [
        (1, None),
        (23, "se cierra en 1 h"),
        (25, "Han pasado más de 24 horas"),
        (None, "Han pasado más de 24 horas"),
    ],
)
async def test_the_window_for_free_messages_is_announced(console, parts, hours, word):
    ana = await console()
    parts.gateway = type(parts.gateway)([Limited()])
    parts.now = now = parts.clock()
    last = None if hours is None else now - timedelta(hours=hours)
    conversation, _ = await make_conversation(parts, channel="whatsapp", last_inbound_at=last)
    head = (await ana.get(f"/console/conversations/{conversation.id}/head")).text
    assert ("24 horas" in head) is (word is not None)
    assert word is None or word in head


async def test_a_channel_that_is_not_there_any_more_is_said(console, parts):
    ana = await console()
    conversation, _ = await make_conversation(parts, channel="telegram")
    page = await ana.get(f"/console/conversations/{conversation.id}")
    assert "Este canal no está configurado" in page.text


async def test_earlier_messages_are_a_click_away(console, parts):
    ana = await console()
    conversation, _ = await make_conversation(parts, text="el primero de todos")
    now = parts.clock()
    async with parts.database.transaction() as session:
        session.add_all(
            Message(
                conversation_id=conversation.id, author="client", text="más", at=now, stored_at=now
            )
            for _ in range(100)
        )
    page = (await ana.get(f"/console/conversations/{conversation.id}")).text
    assert "el primero de todos</span>" not in page
    more = re.search(r'href="([^"]+\?limit=\d+)">Ver mensajes anteriores', page)[1]
    assert "el primero de todos</span>" in (await ana.get(more)).text


async def test_nothing_is_where_nothing_is(console):
    ana = await console()
    for path in ("conversations/99", "conversations/99/head", "tickets/PT-1999-000001", "files/9"):
        response = await ana.get(f"/console/{path}")
        assert response.status_code == 404
        assert "No existe" in response.text


# --- tickets -----------------------------------------------------------------------------


async def test_a_ticket_goes_its_way(console, parts):
    ana = await console()
    conversation, contact = await make_conversation(parts)
    ticket = await make_ticket(parts, conversation, contact)
    path = f"/console/tickets/{ticket.number}"

    def version(html):
        return re.search(r'name="version" value="(\d+)"', html)[1]

    html = (await ana.get(path)).text
    for command, data, shown in (
        ("take", {}, "Ana Ruiz"),
        ("start", {}, "En curso"),
        ("wait", {"text": "¿Qué versión usa?"}, "Espera al cliente"),
        ("start", {}, "En curso"),
        ("note", {"text": "Revisar licencia"}, "Revisar licencia"),
        ("resolve", {"text": "Se reinició el servicio."}, "Se reinició el servicio."),
        ("reopen", {"text": "Volvió a fallar"}, "Volvió a fallar"),
    ):
        response = await ana.post(f"{path}/{command}", version=version(html), **data)
        assert response.status_code == 200, response.text
        html = response.text
        assert shown in html
    async with parts.database.transaction() as session:
        told = (
            (
                await session.execute(
                    select(Message.text).where(Message.author != "client").order_by(Message.id)
                )
            )
            .scalars()
            .all()
        )
        kinds = (
            (await session.execute(select(TicketEvent.kind).order_by(TicketEvent.id)))
            .scalars()
            .all()
        )
        surveys = (await session.execute(select(Survey))).scalars().all()
    assert any("¿Qué versión usa?" in text for text in told)
    assert any("Se reinició el servicio." in text for text in told)
    assert not any("Revisar licencia" in text for text in told)
    assert {"assigned", "status", "note", "resolved", "reopened"} <= set(kinds)
    assert [survey.state for survey in surveys] == ["cancelled"]


@pytest.mark.parametrize("command", ["resolve", "wait", "reopen", "note"])
async def test_a_reason_is_required(console, parts, command):
    ana = await console()
    conversation, contact = await make_conversation(parts)
    ticket = await make_ticket(parts, conversation, contact)
    for text in ("", " \r\n "):
        response = await ana.post(
            f"/console/tickets/{ticket.number}/{command}", version="1", text=text
        )
        assert response.status_code == 422
        assert response.headers["hx-retarget"] == "#notice"
    assert (await row(parts, Ticket, ticket.id)).status == "nuevo"


async def test_of_two_who_resolve_at_once_the_second_is_told_the_state(console, parts):
    ana, luis = await console("Ana Ruiz"), await console("Luis Peña")
    conversation, contact = await make_conversation(parts)
    ticket = await make_ticket(parts, conversation, contact)
    path = f"/console/tickets/{ticket.number}/resolve"
    data = {"version": str(ticket.version), "text": "Listo"}
    both = await asyncio.gather(ana.post(path, **data), luis.post(path, **data))
    assert sorted(r.status_code for r in both) == [200, 409]
    loser = next(r for r in both if r.status_code == 409)
    assert "ahora está «resuelto»" in loser.text
    async with parts.database.transaction() as session:
        assert len((await session.execute(select(Survey))).scalars().all()) == 1


async def test_the_list_of_tickets(console, parts):
    ana = await console()
    conversation, contact = await make_conversation(parts, name="Marta")
    late = await make_ticket(
        parts, conversation, contact, title="Correo caído", now=parts.clock() - timedelta(days=30)
    )
    new = await make_ticket(parts, conversation, contact, title="Sin impresora")

    async def numbers(query):
        page = await ana.get(f"/console/tickets?{query}")
        assert page.status_code == 200
        return re.findall(r'tickets/(PT-[^"]+)"', page.text)

    assert await numbers("") == [late.number, new.number]
    assert await numbers("ver=vencidos") == [late.number]
    assert await numbers("ver=mios") == []
    assert await numbers("ver=resueltos") == []
    assert await numbers("ver=todos&q=impresoras") == [new.number]  # Spanish stems
    assert await numbers(f"q={late.number}") == [late.number]
    assert await numbers("q=marta") == [late.number, new.number]
    assert await numbers("q=%25") == []
    assert await numbers("q=%27%3A%26%7C!(") == []
    assert (await ana.get("/console/tickets?ver=otra")).status_code == 422


# --- trouble and people ------------------------------------------------------------------


async def test_trouble_is_shown_counted_and_tried_again(console, parts):
    ana = await console()
    now = parts.clock()
    assert "Todo lo recibido se procesó" in (await ana.get("/console/problemas")).text
    async with parts.database.transaction() as session:
        thread = InboxThread(channel="telegram", channel_account="b", thread="z")
        session.add(thread)
        await session.flush()
        for number, (state, message) in enumerate(
            (("dead", {"text": XSS}), ("quarantined", None)), start=1
        ):
            session.add(
                InboxEvent(
                    thread_id=thread.id,
                    number=number,
                    channel="telegram",
                    channel_account="b",
                    provider_id=str(number),
                    raw=b"{}",
                    message=message,
                    received_at=now,
                    state=state,
                    attempts=5,
                    error="ValueError: boom",
                )
            )
        session.add(
            OutboxItem(
                key="k",
                lane="crm",
                order_key="k",
                payload={"what": "ticket"},
                state="uncertain",
                attempts=1,
                due_at=now,
                created_at=now,
            )
        )
    assert "Problemas <b>3</b>" in (await ana.get("/")).text
    page = (await ana.get("/console/problemas")).text
    assert "<script>alert" not in page
    assert page.count("Reproducir") == 1
    event_id = re.search(r"/console/problemas/inbox/(\d+)", page)[1]
    item_id = re.search(r"/console/problemas/outbox/(\d+)", page)[1]
    assert (await ana.post(f"/console/problemas/inbox/{event_id}")).status_code == 200
    assert (await ana.post(f"/console/problemas/outbox/{item_id}")).status_code == 200
    assert (await row(parts, InboxEvent, int(event_id))).state == "new"
    assert (await row(parts, OutboxItem, int(item_id))).state == "queued"
    assert (await ana.post(f"/console/problemas/outbox/{item_id}")).status_code == 409


async def test_an_administrator_adds_changes_and_resets(console):
    boss = await console("Beto Díaz", "admin")
    page = await boss.post(
        "/console/users", htmx=False, name="Luis Peña", email="Luis@Help.example", role="agent"
    )
    password = re.search(r"<code>([^<]+)</code>", page.text)[1]
    luis = type(boss)(boss.http._transport.app, boss.agent)
    assert (await luis.sign_in(password, "luis@help.example")).status_code == 303
    again = await boss.post("/console/users", name="Luis", email="luis@help.example", role="agent")
    assert again.status_code == 409
    assert "Ya hay una cuenta" in again.text
    luis_id = re.search(r"/console/users/(\d+)/access", page.text)[1]
    reset = await boss.post(f"/console/users/{luis_id}/password")
    assert re.search(r"<code>[^<]+</code>", reset.text)[0] not in page.text
    assert (await luis.sign_in(password, "luis@help.example")).status_code == 401
    own = await boss.post(f"/console/users/{boss.agent.id}/access", role="agent", active="true")
    assert own.status_code == 403
    off = await boss.post(f"/console/users/{luis_id}/access", role="supervisor")
    assert off.status_code == 200
    assert 'class="inactive"' in off.text


async def test_losing_a_role_ends_the_session(console, parts):
    boss, ana = await console("Beto Díaz", "admin"), await console("Ana Ruiz", "admin")
    await boss.post(f"/console/users/{ana.agent.id}/access", role="agent", active="true")
    assert (await ana.get("/console/users")).status_code == 303


# --- what clients write is only text -----------------------------------------------------


async def test_no_word_of_a_client_becomes_markup(console, parts, tmp_path):
    ana = await console()
    conversation, contact = await make_conversation(
        parts, name=XSS, text=XSS, subject=XSS, waiting_since=parts.clock(), waiting_reason=XSS
    )
    ticket = await make_ticket(
        parts, conversation, contact, title=XSS, description=XSS, slots={XSS: XSS}
    )
    now = parts.clock()
    html_file = await parts.attachments.put(b"<script>alert(1)</script>")
    async with parts.database.transaction() as session:
        message = await session.scalar(select(Message))
        message.note = XSS
        message.choices = [{"id": "x", "label": XSS, "description": XSS}]
        message.understanding = {
            "intent": XSS,
            "confidence": 1.0,
            "entities": [{"type": XSS, "text": XSS, "value": {"x": XSS}}],
        }
        for content_type, state in (("image/png", "stored"), ("text/html", "failed")):
            session.add(
                StoredAttachment(
                    message_id=message.id,
                    ref="r",
                    filename=XSS,
                    content_type=content_type,
                    state=state,
                    reason=XSS,
                    stored_as=html_file if state == "stored" else None,
                    created_at=now,
                )
            )
    pages = [
        f"/?q={XSS}",
        "/",
        f"/console/conversations/{conversation.id}",
        f"/console/tickets?q={XSS}",
        "/console/tickets",
        f"/console/tickets/{ticket.number}",
        f"/console/signin?next={XSS}",
    ]
    for path in pages:
        page = await ana.http.get(path)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert "{{7*7}}" in page.text or "signin" in path  # never evaluated
        assert "&lt;script&gt;" in page.text or "signin" in path
    file_id = re.search(r"/console/files/(\d+)", (await ana.get(pages[2])).text)[1]
    served = await ana.get(f"/console/files/{file_id}")
    assert served.headers["content-type"] == "application/octet-stream"
    assert served.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in served.headers["content-security-policy"]
