"""``helpcare chat``: the web chat in the terminal, over the same JSON as the page."""

import asyncio
import sys
import uuid
from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape

from backend.problems import Unavailable

_POLL_S = 0.5
_PATIENCE_S = 20.0  # for an answer, before the prompt comes back
_NAMES = {"bot": "Help Care", "agent": "Agente"}


def chat(url: str) -> None:
    """Talk to the Help Care at ``url``; ends with an empty line's Ctrl-D or ``/salir``.

    A number answers the choices shown last. Lines may also come from a pipe, one message each.
    """
    try:
        asyncio.run(_talk(url.rstrip("/")))
    except httpx.HTTPStatusError as error:
        raise Unavailable(f"{url} answered {error.response.status_code}") from error
    except httpx.HTTPError as error:
        raise Unavailable(
            f"Nobody answers at {url}; is `helpcare run` running? ({type(error).__name__})"
        ) from error
    except KeyboardInterrupt:
        return


class _Terminal:
    """The conversation as far as it was printed."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._console = Console(highlight=False)
        self._last_id = 0
        self._choices: list[dict[str, Any]] = []
        self.answering = False

    async def send(self, line: str) -> None:
        """Post one line; a number stands for the choice with that number."""
        body: dict[str, Any] = {"id": str(uuid.uuid4()), "text": line}
        if line.isdecimal() and 0 < int(line) <= len(self._choices):
            choice = self._choices[int(line) - 1]
            body |= {"text": choice["label"], "payload": choice["id"]}
        response = await self._client.post("/chat/messages", json=body)
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            self._console.print("[yellow]Está escribiendo muy rápido; espere un momento.[/yellow]")
            return
        response.raise_for_status()
        self.answering = True

    async def show_news(self) -> bool:
        """Print what is new of the others; whether there was anything."""
        response = await self._client.get("/chat/messages", params={"after": self._last_id})
        response.raise_for_status()
        view = response.json()
        self.answering = any(entry["id"] is None for entry in view["messages"])
        news = [entry for entry in view["messages"] if entry["id"] and entry["id"] > self._last_id]
        for entry in news:
            self._last_id = max(self._last_id, entry["id"])
            if entry["author"] != "client":
                self._print(entry)
        return any(entry["author"] != "client" for entry in news)

    def _print(self, entry: dict[str, Any]) -> None:
        name = entry["name"] or _NAMES[entry["author"]]
        self._console.print(f"[bold cyan]{escape(name)}[/bold cyan]  {escape(entry['text'])}")
        for file in entry["files"]:
            self._console.print(f"  [dim]archivo: {escape(file['name'])}[/dim]")
        self._choices = entry["choices"]
        for number, choice in enumerate(self._choices, start=1):
            detail = f" — {choice['description']}" if choice["description"] else ""
            self._console.print(f"  [bold]{number}[/bold]. {escape(choice['label'] + detail)}")

    def welcome(self) -> None:
        self._console.print("[dim]Escriba su mensaje; /salir para terminar.[/dim]")


async def _talk(url: str) -> None:
    headers = {"Accept-Language": "es-CO"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=15) as client:
        terminal = _Terminal(client)
        await terminal.show_news()
        terminal.welcome()
        while True:
            listening = asyncio.create_task(_listen(terminal))
            line = await asyncio.to_thread(_read_line)
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            if line is None or line == "/salir":
                return
            if line:
                await terminal.send(line)
                await _wait_for_answer(terminal)


async def _listen(terminal: _Terminal) -> None:
    """Print what comes unasked (an agent, a survey) while the person thinks."""
    while True:
        await asyncio.sleep(2)
        await terminal.show_news()


async def _wait_for_answer(terminal: _Terminal) -> None:
    """Until the message was handled and nothing new came for a moment."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _PATIENCE_S
    quiet_polls = 0
    while loop.time() < deadline and quiet_polls < 3:
        await asyncio.sleep(_POLL_S)
        news = await terminal.show_news()
        quiet_polls = 0 if news or terminal.answering else quiet_polls + 1


def _read_line() -> str | None:
    if sys.stdin.isatty():
        sys.stdout.write("> ")
        sys.stdout.flush()
    line = sys.stdin.readline()
    return line.strip() if line else None
