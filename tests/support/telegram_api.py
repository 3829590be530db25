"""A small Telegram: takes calls, holds updates and files, fails when told to.

``FakeTelegram().app`` is an ASGI application, for ``httpx.ASGITransport`` or a server on loopback
that ``HELPCARE_TELEGRAM_API_URL`` points at.
"""

import asyncio
import itertools
import json
import time
from collections import deque

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

BOT_ID = 424242
TOKEN = f"{BOT_ID}:AAfake-telegram-token"
SECRET = "fake-webhook-secret"
ANA = {
    "id": 1001,
    "is_bot": False,
    "first_name": "Ana",
    "last_name": "Gómez",
    "language_code": "es",
}

_numbers = itertools.count(5000)


def message_update(text="Hola", *, user=ANA, chat=None, date=None, **fields):
    """An update with a message, as Telegram posts it; ``fields`` add to the message."""
    chat = chat or {"id": user["id"], "type": "private", "first_name": user["first_name"]}
    message = {
        "message_id": next(_numbers),
        "from": user,
        "chat": chat,
        "date": int(date.timestamp() if date else time.time()),
        **({"text": text} if text is not None else {}),
        **fields,
    }
    return {"update_id": next(_numbers), "message": message}


def tap_update(data, message, user=ANA):
    """An update with a tap on a button of ``message``, one that the fake has recorded."""
    query = {
        "id": str(next(_numbers)),
        "from": user,
        "message": message,
        "chat_instance": "1",
        "data": data,
    }
    return {"update_id": next(_numbers), "callback_query": query}


def signed_webhook(update, secret=SECRET):
    """Headers and body as Telegram posts them to ``/webhooks/telegram``."""
    headers = {"content-type": "application/json", "x-telegram-bot-api-secret-token": secret}
    return headers, json.dumps(update).encode()


class FakeTelegram:
    """``sent`` holds the messages of the bot, as Telegram shows them; ``calls`` every call."""

    def __init__(self, token=TOKEN):
        self.token = token
        self.sent = []
        self.calls = []  # (method, parameters)
        self.updates = []  # waiting for getUpdates
        self.files = {}  # file id -> bytes
        self.webhook = None
        self.hang_seconds = 60
        self._faults = deque()
        self.app = Starlette(
            routes=[
                Route("/bot{token}/{method}", self._call, methods=["GET", "POST"]),
                Route("/file/bot{token}/{path:path}", self._file),
            ]
        )

    def fail(self, *faults):
        """The next sends end so: an HTTP status, (status, description), ``"hang"`` (accepted but
        never answered), ``"accepted-500"`` or ``None`` (well)."""
        self._faults.extend(faults)

    async def _call(self, request: Request):
        method = request.path_params["method"]
        parameters = {k: _decoded(v) for k, v in (await request.form()).items()}
        self.calls.append((method, parameters))
        if request.path_params["token"] != self.token:
            return _error(401, "Unauthorized")
        if method == "sendMessage":
            return await self._send_message(parameters)
        answer = getattr(self, f"_{method}", None)
        return _error(404, "Not Found") if answer is None else await answer(parameters)

    async def _send_message(self, parameters):
        fault = self._faults.popleft() if self._faults else None
        if isinstance(fault, int):
            fault = (fault, "Failed")
        if isinstance(fault, tuple):
            return _error(*fault)
        if not 0 < len(str(parameters.get("text", "")).encode("utf-16-le")) / 2 <= 4096:
            return _error(400, "Bad Request: message is too long")
        message = {
            "message_id": next(_numbers),
            "from": {"id": BOT_ID, "is_bot": True, "first_name": "Help Care"},
            "chat": {"id": parameters["chat_id"], "type": "private", "first_name": "Ana"},
            "date": int(time.time()),
            "text": str(parameters["text"]),
        }
        if "reply_markup" in parameters:
            message["reply_markup"] = parameters["reply_markup"]
        self.sent.append(message)
        if fault == "hang":
            await asyncio.sleep(self.hang_seconds)
        return _error(500, "Internal Server Error") if fault else _ok(message)

    async def _getUpdates(self, parameters):  # noqa: N802 Telegram's name
        offset = parameters.get("offset", 0)
        self.updates = [u for u in self.updates if u["update_id"] >= offset]
        if self.webhook:
            return _error(409, "Conflict: can't use getUpdates method while webhook is active")
        if not self.updates:
            await asyncio.sleep(min(parameters.get("timeout", 0), 0.2))
        return _ok(self.updates[:100])

    async def _setWebhook(self, parameters):  # noqa: N802
        self.webhook = parameters
        return _ok(True)

    async def _deleteWebhook(self, parameters):  # noqa: N802
        self.webhook = None
        return _ok(True)

    async def _answerCallbackQuery(self, parameters):  # noqa: N802
        return _ok(True)

    async def _getMe(self, parameters):  # noqa: N802
        bot = {"id": BOT_ID, "is_bot": True, "first_name": "Help Care", "username": "ayuda_bot"}
        return _ok(bot)

    async def _getFile(self, parameters):  # noqa: N802
        file_id = parameters["file_id"]
        if file_id not in self.files:
            return _error(400, "Bad Request: wrong file_id")
        found = {"file_id": file_id, "file_unique_id": "u", "file_path": f"documents/{file_id}"}
        return _ok(found | {"file_size": len(self.files[file_id])})

    async def _file(self, request: Request):
        file_id = request.path_params["path"].removeprefix("documents/")
        if request.path_params["token"] != self.token or file_id not in self.files:
            return _error(404, "Not Found")
        return Response(self.files[file_id], media_type="application/octet-stream")


def _decoded(value):
    try:
        return json.loads(value)
    except ValueError:
        return value


def _ok(result):
    return JSONResponse({"ok": True, "result": result})


def _error(status, description):
    body = {"ok": False, "error_code": status, "description": description}
    if status == 429:
        body["parameters"] = {"retry_after": 7}
    return JSONResponse(body, status)
