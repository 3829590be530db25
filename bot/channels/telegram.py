"""Telegram, by its Bot API: updates by webhook, or by polling where nothing public listens.

For ``provider_id`` and ``reply_to`` see :mod:`bot.channels.telegram_payload`. A bot cannot write
first, and Telegram lists no messages: what is uncertain stays so, for an agent to see.
"""

import hmac
import json
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

import httpx
from pydantic import SecretStr
from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    ReplyParameters,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    TelegramError,
)

from bot.channels import download
from bot.channels.channel import (
    Capabilities,
    FetchedFile,
    FetchFailed,
    Rejected,
    WebhookReply,
    WebhookRequest,
)
from bot.channels.telegram_payload import NAME, message_name, parse_update, read_update
from bot.channels.telegram_request import HideToken, HttpxRequest, NotSent, SlowDown
from bot.messages import (
    Attachment,
    Choice,
    Delivery,
    InboundMessage,
    OutboundMessage,
    Outcome,
    Permanent,
    Receipt,
    Retryable,
    StatusUpdate,
    Uncertain,
)
from bot.rendering import length, numbered, render

API = "https://api.telegram.org"
PATH = "/webhooks/telegram"
UPDATES = ("message", "edited_message", "callback_query", "message_reaction", "my_chat_member")

CREDENTIALS_WAIT = timedelta(minutes=5)
MAX_FILE_BYTES = 20 * 1024 * 1024  # getFile's own limit
MAX_CALLBACK_BYTES = 64  # of callback_data
ROW_WIDTH = 28  # characters of button labels side by side on a small phone
ROW_BUTTONS = 5

_NO_SUCH_CHAT = ("chat not found", "user not found", "peer_id_invalid", "chat_id_invalid")


class TelegramChannel:
    """A Telegram bot. Without ``webhook_secret`` there is no webhook, only polling."""

    name = NAME
    capabilities = Capabilities(
        max_text=4096,
        max_buttons=30,
        max_button_label=60,
        max_button_text=4096,
        can_open=False,
    )

    def __init__(
        self,
        *,
        bot_token: SecretStr,
        http: httpx.AsyncClient,
        webhook_secret: SecretStr | None = None,
        api_url: str | None = None,
    ) -> None:
        token = bot_token.get_secret_value()
        self.account = token.partition(":")[0]
        if not self.account.isdecimal():
            raise ValueError("a Telegram bot token looks like 123456:ABC…")
        self._secret = webhook_secret
        self._http = http
        api = (api_url or API).rstrip("/")
        self._files = f"{api}/file/bot{token}/"
        request = HttpxRequest(http)
        self._bot = Bot(
            token,
            base_url=f"{api}/bot",
            base_file_url=f"{api}/file/bot",
            request=request,
            get_updates_request=request,
        )
        logging.getLogger("httpx").addFilter(HideToken(token))

    # --- inbound ---------------------------------------------------------------------------

    def verify(self, request: WebhookRequest) -> None:
        """https://core.telegram.org/bots/api#setwebhook: the secret token in a header."""
        if self._secret is None or not self._secret.get_secret_value():
            raise Rejected("no webhook is configured", 404)
        given = request.headers.get("x-telegram-bot-api-secret-token", "")
        expected = self._secret.get_secret_value()
        if not hmac.compare_digest(given.encode(errors="replace"), expected.encode()):
            raise Rejected("the secret token is missing or wrong")
        read_update(request.body)

    def parse(
        self, request: WebhookRequest, *, now: datetime
    ) -> Sequence[InboundMessage | StatusUpdate]:
        message = parse_update(read_update(request.body), self.account, now)
        return (message,) if message else ()

    def reply(self, request: WebhookRequest) -> WebhookReply:
        """A tapped button spins until it is answered; the answer travels in our response."""
        query_id = _callback_query_id(request)
        if query_id is None:
            return WebhookReply()
        answer = {"method": "answerCallbackQuery", "callback_query_id": query_id}
        return WebhookReply(body=json.dumps(answer).encode(), content_type="application/json")

    async def poll(
        self, offset: int | None = None, wait: timedelta = timedelta(seconds=25)
    ) -> tuple[list[WebhookRequest], int | None]:
        """The next updates, as requests to store like those of a webhook, and the next offset.

        They come from Telegram itself and need no ``verify``. Asking with the new offset deletes
        them there, so store them before. May raise FetchFailed.
        """
        try:
            updates = await self._bot.get_updates(
                offset=offset, timeout=wait, allowed_updates=UPDATES
            )
        except TelegramError as error:
            raise _fetch_failed(error) from None
        requests = [WebhookRequest(path=PATH, body=u.to_json().encode()) for u in updates]
        return requests, updates[-1].update_id + 1 if updates else offset

    async def answer(self, request: WebhookRequest) -> None:
        """Stop the spinning of a tapped button, for a polled update. Failing does no harm."""
        query_id = _callback_query_id(request)
        if query_id is None:
            return
        try:
            await self._bot.answer_callback_query(query_id)
        except TelegramError:
            return

    async def set_webhook(self, public_url: str) -> None:
        """Have Telegram call ``public_url + /webhooks/telegram``. May raise FetchFailed."""
        if self._secret is None:
            raise FetchFailed("a webhook needs a secret token", retry=False)
        try:
            await self._bot.set_webhook(
                public_url.rstrip("/") + PATH,
                secret_token=self._secret.get_secret_value(),
                allowed_updates=UPDATES,
            )
        except TelegramError as error:
            raise _fetch_failed(error) from None

    async def delete_webhook(self) -> None:
        """Needed before polling; waiting updates are kept. May raise FetchFailed."""
        try:
            await self._bot.delete_webhook(drop_pending_updates=False)
        except TelegramError as error:
            raise _fetch_failed(error) from None

    # --- outbound --------------------------------------------------------------------------

    def render(self, message: OutboundMessage) -> tuple[OutboundMessage, ...]:
        if any(len(choice.id.encode()) > MAX_CALLBACK_BYTES for choice in message.choices):
            message = numbered(message)
        return render(message, self.capabilities)

    async def send(self, delivery: Delivery, *, now: datetime) -> Outcome:  # noqa: ARG002 Protocol
        message = delivery.message
        # the chat and not the person: in a group they differ
        if not delivery.thread.removeprefix("-").isdecimal():
            return Permanent(reason="El destinatario no es de Telegram", code="invalid_recipient")
        try:
            sent = await self._bot.send_message(
                int(delivery.thread),
                message.text,
                reply_markup=_keyboard(message.choices) if message.choices else None,
                reply_parameters=_quote(message.reply_to),
            )
        except TelegramError as error:
            return _outcome(error)
        except (KeyError, TypeError, ValueError, AttributeError):
            # Telegram took it, but its answer cannot be read.
            return Uncertain(reason="Telegram confirmó sin decir el número del mensaje")
        return Receipt(provider_id=message_name(sent.chat.id, sent.message_id))

    async def reconcile(self, delivery: Delivery, *, now: datetime) -> Outcome:  # noqa: ARG002 Protocol
        return Uncertain(reason="Telegram no permite averiguar si el mensaje llegó")

    async def fetch(self, attachment: Attachment, raw: bytes) -> FetchedFile:  # noqa: ARG002 Protocol
        """Up to 20 MB. The URL holds the token and is shown nowhere."""
        if attachment.size is not None and attachment.size > MAX_FILE_BYTES:
            raise FetchFailed(f"the file is larger than {MAX_FILE_BYTES} bytes", retry=False)
        try:
            file = await self._bot.get_file(attachment.ref)
        except TelegramError as error:
            raise _fetch_failed(error) from None
        path = file.file_path or ""
        if not path.startswith(self._files):
            raise FetchFailed("Telegram named no file of this bot", retry=False)
        fetched = await download.get_within(self._http, httpx.URL(path), limit=MAX_FILE_BYTES)
        return FetchedFile(
            content=fetched.content,
            content_type=fetched.content_type,
            filename=attachment.filename or fetched.filename,
        )

    async def check(self) -> str:
        """One cheap authenticated call; what was found. May raise FetchFailed."""
        try:
            me = await self._bot.get_me()
        except TelegramError as error:
            raise _fetch_failed(error) from None
        return f"Telegram bot @{me.username}"


def _callback_query_id(request: WebhookRequest) -> str | None:
    query = read_update(request.body).get("callback_query")
    query_id = query.get("id") if isinstance(query, dict) else None
    return query_id if isinstance(query_id, str) else None


def _keyboard(choices: Sequence[Choice]) -> InlineKeyboardMarkup:
    """Short labels side by side, long ones below each other."""
    rows: list[list[InlineKeyboardButton]] = []
    width = ROW_WIDTH + 1
    for choice in choices:
        width += length(choice.label) + 2
        if width > ROW_WIDTH or len(rows[-1]) == ROW_BUTTONS:
            rows.append([])
            width = length(choice.label) + 2
        rows[-1].append(InlineKeyboardButton(choice.label, callback_data=choice.id))
    return InlineKeyboardMarkup(rows)


def _quote(reply_to: str | None) -> ReplyParameters | None:
    """A message by its ``{chat}:{message}`` name; an update's id names none that can be quoted."""
    message_id = (reply_to or "").partition(":")[2]
    if not message_id.isdecimal():
        return None
    return ReplyParameters(int(message_id), allow_sending_without_reply=True)


def _outcome(error: TelegramError) -> Outcome:
    """What an error of sending means. More special classes first."""
    match error:
        case SlowDown():
            return Retryable(reason="Telegram pide ir más despacio", after=error.after)
        case InvalidToken():
            return Retryable(
                reason="Telegram no acepta las credenciales configuradas", after=CREDENTIALS_WAIT
            )
        case Forbidden():
            return Permanent(
                reason="La persona bloqueó el bot de Telegram o eliminó su cuenta", code="blocked"
            )
        case ChatMigrated():
            return Permanent(reason="El chat de Telegram ya no existe", code="invalid_recipient")
        case NotSent():
            return Retryable(reason=f"No hay conexión con Telegram ({error.message})")
        case BadRequest() if any(sign in error.message.lower() for sign in _NO_SUCH_CHAT):
            return Permanent(reason="El chat de Telegram no existe", code="invalid_recipient")
        case BadRequest():
            return Permanent(reason="Telegram rechazó el mensaje")
        case _:
            return Uncertain(reason="Telegram no confirmó el envío")


def _fetch_failed(error: TelegramError) -> FetchFailed:
    """By class alone: a message could quote the URL, and the URL holds the token."""
    final = isinstance(error, BadRequest) or not isinstance(
        error, NetworkError | SlowDown | InvalidToken
    )
    return FetchFailed(f"Telegram: {type(error).__name__}", retry=not final)
