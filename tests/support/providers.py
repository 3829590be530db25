"""The outside world on loopback: Twilio, Telegram, mail servers and Dataverse, and its settings."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from support import dataverse_server, mail_server, telegram_api, twilio_api
from support.dataverse_server import DataverseServer
from support.mail_server import ImapServer, SmtpServer
from support.telegram_api import FakeTelegram
from support.twilio_api import FakeTwilio

_METADATA = Path(__file__).parents[2] / "../shared/specs/dataverse/dynamics-v9.1+case.csdl.xml"


@contextmanager
def served(app) -> Iterator[str]:
    """An ASGI application on a free port of 127.0.0.1; its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, log_config=None, lifespan="off", timeout_graceful_shutdown=1, access_log=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()


@dataclass
class Providers:
    """What stands in for each provider; ``None``: it cannot run on this machine.

    ``settings`` points Help Care at them, ``secrets`` must never be logged.
    """

    twilio: FakeTwilio = field(default_factory=FakeTwilio)
    telegram: FakeTelegram = field(default_factory=FakeTelegram)
    imap: ImapServer | None = None
    smtp: SmtpServer | None = None
    dataverse: DataverseServer | None = None
    settings: dict[str, str] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)


@contextmanager
def all_providers(directory: Path) -> Iterator[Providers]:
    """Every provider that this machine can stand in for."""
    with ExitStack() as stack:
        world = Providers()
        world.settings |= twilio_settings(stack.enter_context(served(world.twilio.app)))
        world.settings |= {
            "HELPCARE_TELEGRAM_API_URL": stack.enter_context(served(world.telegram.app)),
            "HELPCARE_TELEGRAM_BOT_TOKEN": telegram_api.TOKEN,
            "HELPCARE_TELEGRAM_WEBHOOK_SECRET": telegram_api.SECRET,
        }
        world.secrets += [twilio_api.AUTH_TOKEN, telegram_api.TOKEN, telegram_api.SECRET]
        if mail_server.DOVECOT is not None:
            world.imap = stack.enter_context(mail_server.running_imap(directory))
            world.smtp = stack.enter_context(mail_server.running_smtp(auth=True))
            world.settings |= {
                "HELPCARE_IMAP_URL": world.imap.url,
                "HELPCARE_SMTP_URL": world.smtp.url,
                "HELPCARE_EMAIL_FROM": mail_server.USER,
            }
            world.secrets += [mail_server.PASSWORD, world.imap.url.split("@")[0]]
        if _METADATA.exists():
            world.dataverse = DataverseServer(_METADATA)
            url = stack.enter_context(dataverse_server.running(world.dataverse))
            world.settings |= {
                "HELPCARE_DYNAMICS_URL": url,
                "HELPCARE_DYNAMICS_TENANT_ID": dataverse_server.TENANT,
                "HELPCARE_DYNAMICS_CLIENT_ID": dataverse_server.CLIENT_ID,
                "HELPCARE_DYNAMICS_CLIENT_SECRET": dataverse_server.CLIENT_SECRET,
                "HELPCARE_DYNAMICS_AUTHORITY_URL": url,
            }
            world.secrets.append(dataverse_server.CLIENT_SECRET)
        yield world


def twilio_settings(url: str) -> dict[str, str]:
    return {
        "HELPCARE_TWILIO_API_URL": url,
        "HELPCARE_TWILIO_ACCOUNT_SID": twilio_api.ACCOUNT_SID,
        "HELPCARE_TWILIO_AUTH_TOKEN": twilio_api.AUTH_TOKEN,
        "HELPCARE_TWILIO_WHATSAPP_FROM": twilio_api.NUMBER,
    }
