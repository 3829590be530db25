"""A client on the chat page and an agent at the console, both in a real browser."""

import asyncio
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright
from support.servers import valkey_url
from support.web_app import make_agent, make_conversation, make_parts, make_ticket, served

from bot.messages import Choice, OutboundMessage

CHROMIUM = shutil.which("chromium")
VENDOR = Path(__file__).parents[2] / "backend/console/static/vendor/htmx.js"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
    pytest.mark.skipif(not VENDOR.is_file(), reason="run `python -m backend.console.vendor` first"),
]
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PASSWORD = "una frase larga"
XSS = "<img src=x onerror=alert(1)><script>alert(2)</script>"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


def bot(message):
    if "falla" in message.text:
        choices = (Choice(id="today", label="Hoy"), Choice(id="before", label="Antes"))
        return OutboundMessage(text="¿Desde cuándo?", choices=choices)
    return OutboundMessage(text=f"Entendido: {message.text or message.kind}")


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def address(database_url, tmp_path):
    with served(database_url, valkey_url(6), tmp_path, answer=bot) as address:
        yield address


@pytest.fixture
def run(database_url, tmp_path):
    """Runs a coroutine function with parts of its own, away from playwright's loop."""

    def run(work):
        async def main():
            parts = make_parts(database_url, valkey_url(6), tmp_path)
            await parts.redis.flushdb()
            try:
                return await work(parts)
            finally:
                await parts.close()

        result = []
        from threading import Thread

        thread = Thread(target=lambda: result.append(asyncio.run(main())))
        thread.start()
        thread.join()
        return result[0]

    return run


@pytest.fixture
def open_page(chromium):
    """Opens pages that must stay free of dialogs, script errors and refused content."""
    contexts, trouble = [], []

    def open_page(address, **options):
        context = chromium.new_context(locale="es-CO", **options)
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("dialog", lambda dialog: (trouble.append(dialog.message), dialog.dismiss()))
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on(
            "console",
            lambda m: trouble.append(m.text) if "Content Security Policy" in m.text else None,
        )
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert trouble == []


def sign_in(page):
    page.fill("[name=email]", "ana@help.example")
    page.fill("[name=password]", PASSWORD)
    page.click("text=Iniciar sesión >> visible=true")
    expect(page.get_by_role("heading", name="Conversaciones")).to_be_visible()


def test_a_visitor_chats_and_finds_everything_after_a_reload(address, open_page):
    page = open_page(f"{address}/chat", viewport={"width": 360, "height": 740})
    page.get_by_role("button", name="Quiero reportar una falla").click()
    page.get_by_role("button", name="Hoy").click()
    expect(page.get_by_text("Entendido: Hoy")).to_be_visible()
    expect(page.get_by_role("button", name="Antes")).to_have_count(0)  # answered

    page.set_input_files("#file", {"name": "a<b>.png", "mimeType": "image/png", "buffer": PNG})
    expect(page.locator("img[src^='/chat/files/']")).to_be_visible()
    page.fill("#text", XSS)
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"Entendido: {XSS}")).to_be_visible()
    expect(page.locator(".mine .handled")).to_have_count(4)

    page.reload()
    expect(page.get_by_text("Entendido: Hoy")).to_be_visible()
    expect(page.locator(".entry")).to_have_count(8)
    wide = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert wide


def test_what_is_written_offline_arrives_once_and_in_order(address, open_page):
    page = open_page(f"{address}/chat")
    page.fill("#text", "antes")
    page.click("#send")
    expect(page.get_by_text("Entendido: antes")).to_be_visible()
    page.context.set_offline(True)
    for text in ("uno", "dos"):
        page.fill("#text", text)
        page.click("#send")
    expect(page.locator("#banner")).to_contain_text("Sin conexión")
    page.context.set_offline(False)
    expect(page.get_by_text("Entendido: dos")).to_be_visible()
    expect(page.locator("#banner")).to_be_hidden()
    said = page.locator(".mine .words").all_inner_texts()
    assert said == ["antes", "uno", "dos"]
    expect(page.get_by_text("Entendido: uno")).to_have_count(1)


def test_a_client_and_an_agent_talk(address, open_page, run):
    run(lambda parts: make_agent(parts, password=PASSWORD))
    console = open_page(f"{address}/")
    sign_in(console)
    expect(console.get_by_text("Aún no hay conversaciones")).to_be_visible()

    chat = open_page(f"{address}/chat")
    chat.fill("#text", f"Necesito ayuda {XSS}")
    chat.click("#send")
    row = console.locator(".row")
    expect(row).to_contain_text("Entendido: Necesito ayuda")  # by itself, without a reload
    row.click()
    expect(console.locator(".message.client .words")).to_have_text(f"Necesito ayuda {XSS}")

    console.get_by_role("button", name="Tomar").click()
    expect(console.get_by_text("La atiende usted")).to_be_visible()
    console.fill("#answer", "Buenos días, soy Ana.")
    console.keyboard.press("Control+Enter")
    expect(console.locator("#answer")).to_have_value("")
    expect(chat.get_by_text("Buenos días, soy Ana.")).to_be_visible()
    expect(chat.locator("#status")).to_have_text("Le atiende Ana")
    expect(console.locator(".message.agent .delivery")).to_have_text("Leído", timeout=25_000)

    console.fill("#answer", "a medio escribir")
    chat.fill("#text", "¿Sigue ahí?")
    chat.click("#send")
    expect(console.locator(".message.client").last).to_contain_text("¿Sigue ahí?", timeout=25_000)
    expect(console.locator("#answer")).to_have_value("a medio escribir")
    console.get_by_role("button", name="Devolver al bot").click()
    expect(console.get_by_text("La atiende el asistente virtual")).to_be_visible()


def test_a_failed_answer_stays_in_the_composer(address, open_page, run):
    async def prepare(parts):
        await make_agent(parts, password=PASSWORD)
        luis = await make_agent(parts, "Luis Peña", password=PASSWORD)
        conversation, _ = await make_conversation(parts)
        return luis.id, conversation.id

    luis_id, conversation_id = run(prepare)
    page = open_page(f"{address}/")
    sign_in(page)
    page.goto(f"{address}/console/conversations/{conversation_id}")
    page.fill("#answer", "mi respuesta")
    page.context.set_offline(True)
    page.get_by_role("button", name="Responder").click()
    expect(page.locator("#notice")).to_contain_text("No hay conexión")
    expect(page.locator("#answer")).to_have_value("mi respuesta")
    page.context.set_offline(False)

    async def taken(parts):
        from backend.conversations import service

        async with parts.database.transaction() as session:
            await service.claim(session, conversation_id, luis_id, now=parts.clock())

    run(taken)
    page.get_by_role("button", name="Responder").click()
    expect(page.locator("#notice")).to_contain_text("La tomó Luis Peña")
    expect(page.locator("#answer")).to_have_value("mi respuesta")


def test_resolving_a_ticket_tells_the_client(address, open_page, run):
    chat = open_page(f"{address}/chat")
    chat.fill("#text", "SAP no abre")
    chat.click("#send")
    expect(chat.get_by_text("Entendido: SAP no abre")).to_be_visible()

    async def prepare(parts):
        from sqlalchemy import select

        from backend.contacts.models import Contact
        from backend.conversations.models import Conversation

        await make_agent(parts, password=PASSWORD)
        async with parts.database.transaction() as session:
            conversation = (await session.execute(select(Conversation))).scalar_one()
            contact = await session.get(Contact, conversation.contact_id)
        return (await make_ticket(parts, conversation, contact)).number, conversation.id

    number, conversation_id = run(prepare)
    page = open_page(f"{address}/")
    sign_in(page)
    page.goto(f"{address}/console/conversations/{conversation_id}")
    ticket = page.locator(f"#ticket-{number}")
    ticket.get_by_text("Resolver", exact=True).first.click()
    ticket.get_by_label("¿Cómo se resolvió?").fill("Se reinició el servicio.")
    ticket.get_by_role("button", name="Resolver").click()
    expect(ticket.locator(".tag").first).to_have_text("Resuelto")
    expect(chat.get_by_text("Se reinició el servicio.")).to_be_visible()


def test_signing_out_elsewhere_ends_the_open_page(address, open_page, run):
    run(lambda parts: make_agent(parts, password=PASSWORD))
    page = open_page(f"{address}/")
    sign_in(page)
    other = page.context.new_page()
    other.goto(f"{address}/console/account")
    other.get_by_role("button", name="Salir").click()
    expect(page.get_by_role("button", name="Iniciar sesión")).to_be_visible(timeout=8_000)
