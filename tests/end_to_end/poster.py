"""Posts signed WhatsApp webhooks without end, as Twilio does for many clients who write at once.

``python poster.py PORT PUBLIC_URL JOURNAL SENDERS`` with ``tests/`` on the path. Each sender
writes its texts in order; what is not answered 200 is posted again with the same MessageSid, as
Twilio does with ``#rc=5&rp=all``. A line of the journal, ``sender number sid``, is written once
Twilio would take the message for delivered. SIGTERM ends it when no message is half acknowledged.
"""

import asyncio
import signal
import sys
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from support.twilio_api import new_sid, signed_webhook

PAUSE_S = 0.25  # between the messages of one sender
# a story that goes round: problem, answers, confirmation, other matters
TEXTS = (
    "Buenas, desde esta mañana el portal de facturación no abre y sale error {n}",
    "somos {n} personas",
    "sí",
    "¿cómo va mi caso?",
    "gracias, quedo atento al mensaje {n}",
    "otra cosa, necesito un usuario nuevo para la auxiliar número {n}",
)


def text_of(number: int) -> str:
    return TEXTS[(number - 1) % len(TEXTS)].format(n=number)


def phone_of(sender: int) -> str:
    return f"+5730055500{sender:02d}"


async def write(
    sender: int, http: httpx.AsyncClient, public_url: str, journal: Path, stop: asyncio.Event
) -> None:
    number = 0
    while not stop.is_set():
        number += 1
        phone, sid = phone_of(sender), new_sid("SM")
        headers, body = signed_webhook(
            public_url,
            MessageSid=sid,
            From=f"whatsapp:{phone}",
            WaId=phone.lstrip("+"),
            ProfileName=f"Cliente {sender}",
            Body=text_of(number),
        )
        headers["host"] = urlsplit(public_url).netloc
        while not await _accepted(http, headers, body):
            await asyncio.sleep(0.2)
        with journal.open("a") as file:
            file.write(f"{sender} {number} {sid}\n")
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), PAUSE_S)


async def _accepted(http: httpx.AsyncClient, headers: dict[str, str], body: bytes) -> bool:
    try:
        answer = await http.post("/webhooks/whatsapp", headers=headers, content=body)
    except httpx.TransportError:
        return False
    if answer.status_code not in (200, 503):
        raise AssertionError(f"{answer.status_code}: {answer.text}")
    return answer.status_code == 200


async def main(port: str, public_url: str, journal: str, senders: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with (
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=15) as http,
        asyncio.TaskGroup() as group,
    ):
        for sender in range(int(senders)):
            group.create_task(write(sender, http, public_url, Path(journal), stop))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
