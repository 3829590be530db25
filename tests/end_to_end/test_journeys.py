"""A client's whole way, from the first message to the survey's answer, on every channel at once.

One ``helpcare run`` with all channels configured; the providers stand on loopback. What it logged
in all that time must hold neither an error nor a secret nor a word of a client.
"""

import html
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from support import telegram_api
from support.clients import ANSWERS, NUMBER, Client, MailClient, TelegramClient, WhatsAppClient
from support.mail_server import NO_DOVECOT
from support.providers import Providers, all_providers, served
from support.running import HelpCare, eventually
from support.telegram_api import FakeTelegram
from support.twilio_api import signed_webhook

PROBLEM = "Buenos días, desde esta mañana no podemos facturar en SAP, sale error al timbrar"
REASON = "Se reinició el servicio de timbrado"
PERSONAL = (
    *("3007654321", "3009998877", "Marcela", "Quintero", "Benhur", "Zapata"),
    *("luz.ospina", "Ospina", "portal de pagos", "facturar", "timbrar", "timbrado"),
    *("voy a registrar", "rapidísimos", "Ley 1581"),
)
pytestmark = pytest.mark.timeout(600)  # each wait is bounded; the sum on a busy machine is not
CHROMIUM = shutil.which("chromium")
VENDOR = Path(__file__).parents[2] / "backend/console/static/vendor/htmx.js"
CHROMIUM_ARGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
# The console of one person in a web chat, in milliseconds: a busy machine draws slowly.
PAGE_PATIENCE_MS = 40_000


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Providers]:
    with all_providers(tmp_path_factory.mktemp("providers")) as providers:
        yield providers


@pytest.fixture(scope="module")
def server(world: Providers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HelpCare]:
    settings = {
        "HELPCARE_SURVEY_DELAY_S": "1",
        "HELPCARE_CONTACT_HOURS": "always",
        "HELPCARE_LOG_LEVEL": "debug",
    }
    server = HelpCare(tmp_path_factory.mktemp("helpcare"), world.settings | settings)
    try:
        server.start()
        server.wait_until_ready()
        yield server
        token = server.environment.get("TEST_API_TOKEN", "")
        seconds = server.stop()
    finally:
        server.kill()
    print(f"stopped within {seconds:.1f} s")
    assert not server.complaints()
    _, password = server.first_admin()
    assert not server.logged(*world.secrets, password, token or password, *PERSONAL)


@pytest.fixture(scope="module")
def api(server: HelpCare) -> Iterator[httpx.Client]:
    token = server.command("token", "create", "journeys")
    server.environment["TEST_API_TOKEN"] = token
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{server.url}/api/v1", headers=headers, timeout=30) as client:
        yield client


def resolve(api: httpx.Client, number: str) -> None:
    answer = api.post(f"/tickets/{number}/resolve", json={"reason": REASON})
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == "resuelto"


def survey_of(server: HelpCare, number: str):
    return server.row(
        "SELECT s.* FROM surveys s JOIN tickets t ON t.id = s.ticket_id WHERE t.number = %s", number
    )


def finishes_survey(server: HelpCare, client: Client, number: str) -> None:
    """The comment, after the score."""
    client.hears("opcional")
    client.says("Muy amables y rapidísimos")
    client.hears("Gracias por su respuesta")
    survey = survey_of(server, number)
    assert (survey.state, survey.score) == ("answered", 5)
    assert survey.comment == "Muy amables y rapidísimos"


def is_in_the_crm(server: HelpCare, world: Providers, number: str) -> None:
    """Every interaction of the ticket's conversation reached the CRM, and the case is closed."""
    query = (
        "SELECT i.* FROM interactions i JOIN tickets t ON t.conversation_id = i.conversation_id "
        "WHERE t.number = %s"
    )
    eventually(
        lambda: all(row.crm_reference for row in server.rows(query, number)),
        what=lambda: str(server.rows("SELECT * FROM outbox_items WHERE lane = 'crm'")),
    )
    logged = server.rows(query, number)
    assert any(PROBLEM in row.description for row in logged)
    assert any(REASON in row.description for row in logged)
    if world.dataverse is not None:
        activities = {
            row["activityid"]: row["description"]
            for table in ("phonecalls", "emails", "tasks")
            for row in world.dataverse.rows(table)
        }
        for row in logged:
            activity = activities[row.crm_reference.split("(")[1].rstrip(")")]
            assert row.description in html.unescape(activity.replace("<br>", "\n"))
        cases = [case for case in world.dataverse.rows("incidents") if number in str(case)]
        assert [case["statecode"] for case in cases] == [1]


def test_whatsapp_from_the_signed_webhook_to_the_survey_answer(
    server: HelpCare, world: Providers, api: httpx.Client
) -> None:
    client = WhatsAppClient(server, world.twilio, "+573007654321", "Marcela Quintero")

    number = client.reports(PROBLEM)
    resolve(api, number)
    client.hears(number, "resuelto", REASON)
    client.hears("¿Cómo califica la atención")
    for status in ("delivered", "read", "sent"):
        client.reports_status(status)
    client.says("5")
    finishes_survey(server, client, number)

    question = server.row(
        "SELECT m.* FROM messages m JOIN surveys s ON s.message_id = m.id "
        "JOIN tickets t ON t.id = s.ticket_id WHERE t.number = %s",
        number,
    )
    assert question.delivery == "read"
    assert any("inteligencia artificial" in text for text in client.received())
    is_in_the_crm(server, world, number)


def test_whatsapp_with_a_wrong_signature_leaves_nothing(server: HelpCare) -> None:
    before = server.row("SELECT count(*) AS n FROM inbox_events").n
    answer = httpx.post(
        f"{server.url}/webhooks/whatsapp",
        headers={"X-Twilio-Signature": "bm8="},
        data={"MessageSid": "SM1", "Body": "Hola", "From": "whatsapp:+573007654321"},
    )

    assert answer.status_code == 403
    assert answer.json()["reason"] == "the signature is wrong"
    assert server.row("SELECT count(*) AS n FROM inbox_events").n == before


def test_ten_messages_at_once_over_two_web_processes_are_one_conversation(
    server: HelpCare, world: Providers
) -> None:
    phone = "+573009998877"
    client = WhatsAppClient(server, world.twilio, phone, "Benhur Zapata")
    posts = [
        signed_webhook(server.url, **client.fields(Body=f"No abre el portal de pagos, error {n}"))
        for n in range(10)
    ]

    with server.another_web() as other, ThreadPoolExecutor(len(posts)) as pool:

        def post(n: int) -> httpx.Response:
            headers, body = posts[n]
            url = f"{(server.url, other)[n % 2]}/webhooks/whatsapp"
            return httpx.post(url, headers=headers, content=body, timeout=30)

        answers = list(pool.map(post, range(len(posts))))
    assert {answer.status_code for answer in answers} == {200}
    client.hears("inteligencia artificial")
    eventually(lambda: not server.rows("SELECT FROM inbox_events WHERE state = 'new'"))

    [conversation] = server.rows("SELECT * FROM conversations WHERE address = %s", phone)
    assert server.row("SELECT count(*) AS n FROM contacts WHERE phone = %s", phone).n == 1
    events = server.rows(
        "SELECT e.number, m.conversation_id FROM inbox_events e JOIN messages m "
        "ON m.inbox_id = e.id WHERE m.conversation_id = %s ORDER BY m.id",
        conversation.id,
    )
    assert [event.number for event in events] == list(range(1, 11))
    begun = server.row(
        "SELECT (SELECT count(*) FROM ticket_drafts WHERE conversation_id = c.id) + "
        "(SELECT count(*) FROM tickets WHERE conversation_id = c.id) AS n "
        "FROM conversations c WHERE c.id = %s",
        conversation.id,
    )
    assert begun.n == 1


def test_telegram_by_webhook_with_taps(
    server: HelpCare, world: Providers, api: httpx.Client
) -> None:
    user = {"id": 700700, "is_bot": False, "first_name": "Benhur", "last_name": "Zapata"}
    client = TelegramClient(server, world.telegram, user)
    eventually(lambda: world.telegram.webhook)

    number = client.reports(PROBLEM)
    resolve(api, number)
    client.hears(number, "resuelto", REASON)
    client.hears("¿Cómo califica la atención")
    client.taps("Excelente")
    finishes_survey(server, client, number)

    assert world.telegram.webhook["url"] == f"{server.url}/webhooks/telegram"
    assert client.answered == ["answerCallbackQuery"]  # else the button goes on spinning
    is_in_the_crm(server, world, number)


def test_e_mail_in_one_thread(server: HelpCare, world: Providers, api: httpx.Client) -> None:
    if world.imap is None or world.smtp is None:
        pytest.skip(NO_DOVECOT)
    address = "luz.ospina@cliente.example"
    client = MailClient(world.imap, world.smtp, address, "Luz Ospina")

    number = client.reports(PROBLEM)
    resolve(api, number)
    client.hears(number, "resuelto", REASON)
    client.hears("¿Cómo califica la atención")
    client.says("5")
    finishes_survey(server, client, number)

    answers = client.mails()
    assert answers[0]["In-Reply-To"] == client.written[0]
    assert answers[-1]["In-Reply-To"] == client.written[-1]
    assert all(mail["In-Reply-To"] in client.written for mail in answers)
    assert all(mail["In-Reply-To"] in mail["References"] for mail in answers)
    assert all(mail["Auto-Submitted"] == "auto-replied" for mail in answers)
    conversations = server.rows("SELECT * FROM conversations WHERE address = %s", address)
    assert len(conversations) == 1
    assert conversations[0].verified
    eventually(lambda: all(r"\Seen" in flags for flags in world.imap.flags()))
    is_in_the_crm(server, world, number)


def test_telegram_without_a_public_address_is_polled(tmp_path: Path) -> None:
    telegram = FakeTelegram()  # its own: a bot has either a webhook or a poller
    user = {"id": 800800, "is_bot": False, "first_name": "Benhur"}
    with served(telegram.app) as url:
        settings = {
            "HELPCARE_TELEGRAM_API_URL": url,
            "HELPCARE_TELEGRAM_BOT_TOKEN": telegram_api.TOKEN,
        }
        polling = HelpCare(tmp_path, settings)
        client = TelegramClient(polling, telegram, user, polled=True)
        try:
            polling.start()
            client.says("Buenos días")
            client.hears("inteligencia artificial")
            polling.stop()
        finally:
            polling.kill()
    assert not polling.complaints()
    assert not polling.logged(telegram_api.TOKEN, "Benhur", "Buenos días")


# --- web chat and console, in a real browser -------------------------------------------------


@pytest.fixture
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("Debian's chromium is not installed (apt-get install chromium)")
    if not VENDOR.is_file():
        pytest.skip("the front-end files are not there: run `python -m backend.console.vendor`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


def opened(chromium: Browser, address: str, *, width: int, height: int) -> Page:
    context = chromium.new_context(
        locale="es-CO", viewport={"width": width, "height": height}, has_touch=width < 500
    )
    page = context.new_page()
    page.set_default_timeout(PAGE_PATIENCE_MS)
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(address)
    return page


def sees(page: Page, text: str) -> None:
    expect(page.get_by_text(text).last).to_be_visible(timeout=PAGE_PATIENCE_MS)


def writes(page: Page, text: str) -> None:
    page.fill("#text", text)
    page.click("#send")


# The newest bubble, once it is the bot's and another than the one answered last.
NEW_REPLY = """answered => {
  const last = document.querySelector("#log > .entry:last-child:not(.mine)");
  return last && last.querySelector(".words")?.innerText !== answered ? last : null;
}"""


def reports_in_chat(page: Page, problem: str) -> str:
    """As ``Client.reports``, on the page; confirms with the button."""
    writes(page, problem)
    asked = ""
    for _ in range(8):
        found = page.wait_for_function(NEW_REPLY, arg=asked, timeout=PAGE_PATIENCE_MS)
        reply = found.as_element()
        assert reply is not None
        # the bubble's own words and button: another may have come below it in the meantime
        asked = reply.eval_on_selector(".words", "words => words.innerText")
        if number := NUMBER.search(asked):
            return number[0]
        if confirm := reply.query_selector("button:has-text('Sí, registrar')"):
            confirm.click()
        elif answer := next((a for question, a in ANSWERS.items() if question in asked), None):
            writes(page, answer)
    raise AssertionError("no ticket")


def signs_in(page: Page, server: HelpCare) -> None:
    """As the printed first administrator, who must choose a password first."""
    email, password = server.first_admin()
    page.fill("[name=email]", email)
    page.fill("[name=password]", password)
    page.get_by_role("button", name="Iniciar sesión").click()
    sees(page, "Su contraseña es temporal")
    page.fill("[name=current]", password)
    for name in ("new", "again"):
        page.fill(f"[name={name}]", "cinco gatos en el tejado")
    page.get_by_role("button", name="Cambiar la contraseña").click()
    sees(page, "La contraseña cambió")


def test_web_chat_and_console_in_a_real_browser(
    server: HelpCare, world: Providers, chromium: Browser, tmp_path: Path
) -> None:
    console = opened(chromium, f"{server.url}/", width=1280, height=800)
    signs_in(console, server)
    console.goto(f"{server.url}/")
    chat = opened(chromium, f"{server.url}/chat", width=390, height=844)

    number = reports_in_chat(chat, PROBLEM)
    chat.reload()
    sees(chat, number)  # what was said is still there
    chat.screenshot(path=tmp_path / "chat-number.png")

    conversation = server.row(
        "SELECT conversation_id AS id FROM tickets WHERE number = %s", number
    ).id
    console.locator(f"#c-{conversation}").click()  # it came by itself
    ticket = console.locator(f"#ticket-{number}")
    expect(ticket).to_be_visible(timeout=PAGE_PATIENCE_MS)
    console.screenshot(path=tmp_path / "console-ticket.png")
    ticket.locator("summary", has_text="Resolver").click()
    ticket.get_by_label("¿Cómo se resolvió?").fill(REASON)
    ticket.get_by_role("button", name="Resolver").click()
    expect(ticket.get_by_text("Resuelto").first).to_be_visible(timeout=PAGE_PATIENCE_MS)

    sees(chat, REASON)
    sees(chat, "¿Cómo califica la atención")  # by itself
    chat.screenshot(path=tmp_path / "chat-survey.png")
    chat.get_by_role("button", name="Excelente").tap()
    sees(chat, "opcional")
    writes(chat, "Muy amables y rapidísimos")
    sees(chat, "Gracias por su respuesta")
    sees(console, "Muy amables y rapidísimos")
    chat.screenshot(path=tmp_path / "chat-end.png")
    console.screenshot(path=tmp_path / "console-end.png")

    survey = survey_of(server, number)
    assert (survey.score, survey.comment) == (5, "Muy amables y rapidísimos")
    assert survey.agent_id is not None
    is_in_the_crm(server, world, number)
