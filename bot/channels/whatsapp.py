"""WhatsApp through Twilio.

``provider_id`` is Twilio's MessageSid. ``external_id`` is the sender's address without the
``whatsapp:`` prefix: a phone number, or ``CO.…`` where the person hides it; the other of the two
stands in ``aliases`` when Twilio tells both.
"""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from pydantic import SecretStr
from twilio.request_validator import RequestValidator

from bot.channels import download
from bot.channels.channel import (
    Capabilities,
    FetchedFile,
    FetchFailed,
    Rejected,
    WebhookReply,
    WebhookRequest,
)
from bot.channels.twilio_client import TwilioClient, message_time, outcome_of_code, window_closed
from bot.channels.twilio_content import ContentCatalog, interactive, one_line
from bot.channels.whatsapp_payload import (
    NAME,
    bare,
    is_json,
    is_phone,
    is_status,
    parse_message,
    parse_status,
    read_fields,
    read_form,
)
from bot.messages import (
    Attachment,
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
from bot.rendering import numbered, render

# Meta closes the window 24 hours after the client's message by its own clock. Ours may be slow,
# and Twilio tells no time of the message, so the last minutes are left unused.
CLOCK_MARGIN = timedelta(minutes=5)
SESSION = timedelta(hours=24) - CLOCK_MARGIN

# An accepted message is listed at once; after this long it would be there.
GRACE = timedelta(minutes=3)
SKEW = timedelta(seconds=5)

MAX_MEDIA_BYTES = 16 * 1024 * 1024
MEDIA_SECONDS = 30
# Where Twilio keeps media, and where its API redirects to.
_MEDIA_HOST = re.compile(r"(?:[a-z0-9-]+\.)*twiliocdn\.com")
_MEDIA_BUCKET = ("s3-external-1.amazonaws.com", "/media.twiliocdn.com/")


class WhatsAppChannel:
    """A WhatsApp number of a Twilio account.

    ``auth_tokens``: the first sends, each of them may sign (rotation). ``public_url``: what Twilio
    has been told to call, without ``/webhooks``. ``content_sids``: purpose of a message
    (``"status"``, ``"survey"``, ``"agent"``) → SID of an approved template.
    """

    name = NAME

    def __init__(
        self,
        *,
        account_sid: str,
        auth_tokens: tuple[SecretStr, ...],
        from_number: str,
        public_url: str,
        http: httpx.AsyncClient,
        api_url: str | None = None,
        content_sids: Mapping[str, str] | None = None,
        resolve: download.Resolve = download.resolve,
    ) -> None:
        if not auth_tokens or not all(token.get_secret_value() for token in auth_tokens):
            raise ValueError("WhatsApp needs at least one Twilio auth token")
        self.account = bare(from_number)
        self.capabilities = Capabilities(
            max_text=1600,
            max_buttons=3,
            max_list_rows=10,
            session_window=SESSION,
            can_open=bool(content_sids),
        )
        self._account_sid = account_sid
        self._validators = [RequestValidator(t.get_secret_value()) for t in auth_tokens]
        self._public_url = public_url.rstrip("/")
        self._http = http
        self._client = TwilioClient(account_sid, auth_tokens[0], http, api_url)
        self._own_api = httpx.URL(api_url) if api_url else None
        self._content_sids = dict(content_sids or {})
        self._catalog = ContentCatalog(self._client)
        self._resolve = resolve

    # --- inbound ---------------------------------------------------------------------------

    def verify(self, request: WebhookRequest) -> None:
        """https://www.twilio.com/docs/usage/security: HMAC over the public URL and the fields."""
        signature = request.headers.get("x-twilio-signature")
        if not signature:
            raise Rejected("the signature is missing")
        query = f"?{request.query}" if request.query else ""
        url = f"{self._public_url}{request.path}{query}"
        signed: Any
        if is_json(request):
            # The SDK would check the URL alone and let any body pass.
            if "bodySHA256" not in httpx.QueryParams(request.query):
                raise Rejected("a JSON body needs bodySHA256 in the URL")
            signed = request.body.decode(errors="replace")
            fields = read_fields(request)
        else:
            signed = read_form(request)
            fields = signed.first
        # Every token is tried, so that the time does not tell which of them fits.
        fits = [validator.validate(url, signed, signature) for validator in self._validators]
        if not any(fits):
            raise Rejected("the signature is wrong")
        self._check_account(fields)

    def _check_account(self, fields: Mapping[str, str]) -> None:
        if fields.get("AccountSid") != self._account_sid:
            raise Rejected("the request is for another account")
        if self.account not in {bare(fields.get("To", "")), bare(fields.get("From", ""))}:
            raise Rejected("the request is for another number")
        if not (fields.get("MessageSid") or fields.get("SmsSid")):
            raise Rejected("the request names no message")

    def parse(
        self, request: WebhookRequest, *, now: datetime
    ) -> Sequence[InboundMessage | StatusUpdate]:
        fields = read_fields(request)
        if is_status(request, fields, self.account):
            status = parse_status(fields, self.account, now)
            return (status,) if status else ()
        return (parse_message(fields, self.account, now),)

    def reply(self, request: WebhookRequest) -> WebhookReply:
        """Empty TwiML: answers leave through the outbox. A status callback needs none."""
        if request.path.rstrip("/").endswith("/status"):
            return WebhookReply()
        body = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
        return WebhookReply(body=body, content_type="text/xml")

    async def missed(self, since: datetime, *, now: datetime) -> list[InboundMessage]:
        """Inbound messages that Twilio holds since then, oldest first, to fill gaps with.

        They have the webhook's ``provider_id``; a tapped button comes as its label. May raise
        FetchFailed.
        """
        found: list[InboundMessage] = []
        after = (since - timedelta(seconds=1)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        async for message in self._client.messages(
            **{"To": f"whatsapp:{self.account}", "DateSent>": after}
        ):
            at = message_time(message)
            if message.get("direction") == "inbound" and since <= at <= now + CLOCK_MARGIN:
                found.append(parse_message(await self._as_webhook(message), self.account, at))
        return sorted(found, key=lambda message: (message.sent_at, message.provider_id))

    async def _as_webhook(self, message: Mapping[str, Any]) -> dict[str, str]:
        """A listed message with the webhook's field names."""
        sid = str(message["sid"])
        fields = {
            "MessageSid": sid,
            "From": str(message.get("from") or ""),
            "Body": str(message.get("body") or "").replace("\0", ""),
        }
        if str(message.get("num_media") or "0") != "0":
            for index, media in enumerate(await self._client.media(sid)):
                uri = str(media.get("uri", "")).removesuffix(".json")
                fields[f"MediaUrl{index}"] = self._client.api + uri
                fields[f"MediaContentType{index}"] = str(media.get("content_type") or "")
        return fields

    # --- outbound --------------------------------------------------------------------------

    def render(self, message: OutboundMessage) -> tuple[OutboundMessage, ...]:
        return render(message, self.capabilities)

    async def send(self, delivery: Delivery, *, now: datetime) -> Outcome:
        fields = await self._message_fields(delivery, now)
        if isinstance(fields, Permanent):
            return fields
        fields |= {
            "To": f"whatsapp:{delivery.to}",
            "From": f"whatsapp:{self.account}",
            "StatusCallback": f"{self._public_url}/webhooks/whatsapp/status",
        }
        return await self._client.send_message(fields)

    async def _message_fields(
        self, delivery: Delivery, now: datetime
    ) -> dict[str, str] | Permanent:
        """Free-form within the session, else an approved template, else nothing."""
        message = delivery.message
        if not _in_session(delivery, now):
            sid = self._content_sids.get(message.template or "")
            if not sid:
                return window_closed()
            values = {name: one_line(value) for name, value in message.variables.items()}
            return {"ContentSid": sid} | (_content_variables(values) if values else {})
        if not message.choices:
            return {"Body": message.text}
        content = interactive(message, self.capabilities)
        if sid := await self._catalog.sid(content, now=now):
            return {"ContentSid": sid} | _content_variables(content.variables)
        return {"Body": numbered(message).text}

    async def reconcile(self, delivery: Delivery, *, now: datetime) -> Outcome:
        """Look for the message among those Twilio took for this recipient since the attempt."""
        attempted = delivery.attempted_at
        if attempted is None:
            return Uncertain(reason="No se sabe cuándo se intentó el envío")
        found = None
        try:
            async for message in self._client.messages(
                To=f"whatsapp:{delivery.to}", From=f"whatsapp:{self.account}"
            ):
                if _created(message) < attempted - SKEW:
                    break
                if message.get("sid") not in delivery.others and _is_that(
                    message, delivery, attempted
                ):
                    found = message  # newest first, so the one nearest to the attempt stays
        except FetchFailed as error:
            return Uncertain(reason=f"Twilio no pudo confirmar el envío ({error.reason})")
        if found is not None:
            return _listed_outcome(found)
        # Twilio may list a hidden number under another name: absence proves nothing there.
        if is_phone(delivery.to) and now - attempted >= GRACE:
            return Retryable(reason="Twilio no recibió el mensaje")
        return Uncertain(reason="Twilio aún no muestra el mensaje")

    # --- media -----------------------------------------------------------------------------

    async def fetch(self, attachment: Attachment, raw: bytes) -> FetchedFile:  # noqa: ARG002 Protocol
        """Up to 16 MB, from Twilio's hosts only; basic auth on its API alone."""
        try:
            url = httpx.URL(attachment.ref)
            async with asyncio.timeout(MEDIA_SECONDS):
                return await self._follow(url)
        except (httpx.InvalidURL, UnicodeError):
            raise FetchFailed("the URL of the file is not valid", retry=False) from None
        except TimeoutError:
            raise FetchFailed("the file took too long", retry=True) from None

    async def _follow(self, url: httpx.URL) -> FetchedFile:
        for hop in range(download.MAX_REDIRECTS + 1):
            answer = await self._get_media(url, first=hop == 0)
            if isinstance(answer, FetchedFile):
                return answer
            url = url.join(answer)
        raise FetchFailed("the file is redirected too often", retry=False)

    async def _get_media(self, url: httpx.URL, *, first: bool) -> FetchedFile | httpx.URL:
        if url.userinfo or url.fragment:
            raise FetchFailed("the URL of the file is not one of Twilio's", retry=False)
        if self._own_api and _origin(url) == _origin(self._own_api):
            auth = self._client.auth if self._is_media_path(url) else None
            if first and auth is None:
                raise FetchFailed("the URL is not a file of this account", retry=False)
            return await download.get(self._http, url, limit=MAX_MEDIA_BYTES, auth=auth)
        on_api = url.host == "api.twilio.com" and self._is_media_path(url)
        kept = _MEDIA_HOST.fullmatch(url.host) or (
            url.host == _MEDIA_BUCKET[0] and url.path.startswith(_MEDIA_BUCKET[1])
        )
        if url.scheme != "https" or url.port not in {None, 443} or not (on_api or kept):
            raise FetchFailed("the URL of the file is not one of Twilio's", retry=False)
        pinned, extensions = await download.pin(url, self._resolve)
        return await download.get(
            self._http,
            pinned,
            limit=MAX_MEDIA_BYTES,
            auth=self._client.auth if on_api else None,
            extensions=extensions,
            host=url.host,
        )

    def _is_media_path(self, url: httpx.URL) -> bool:
        """Our credentials open the whole account: they go to media of its messages only."""
        account = re.escape(self._client.account_path)
        return bool(re.fullmatch(account + r"/Messages/\w+/Media/\w+", url.path, re.ASCII))

    # --- doctor ----------------------------------------------------------------------------

    async def check(self) -> str:
        """One cheap authenticated call; what was found. May raise FetchFailed."""
        account = await self._client.account()
        return f"Twilio account {account.get('status', '?')}, number {self.account}"


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _content_variables(values: Mapping[str, str]) -> dict[str, str]:
    return {"ContentVariables": json.dumps(values, ensure_ascii=False)}


def _created(message: Mapping[str, Any]) -> datetime:
    return message_time({"date_created": message.get("date_created") or message.get("date_sent")})


def _in_session(delivery: Delivery, at: datetime) -> bool:
    last = delivery.last_inbound_at
    return last is not None and at - last < SESSION


def _is_that(message: Mapping[str, Any], delivery: Delivery, attempted: datetime) -> bool:
    """Twilio lists a body as shown: our text with choices or without, or the filled template."""
    if not str(message.get("direction", "")).startswith("outbound"):
        return False
    ours = delivery.message
    body = one_line(str(message.get("body") or ""))
    if _in_session(delivery, attempted):
        return body in {one_line(ours.text), one_line(numbered(ours).text)}
    return all(one_line(value) in body for value in ours.variables.values())


def _listed_outcome(message: Mapping[str, Any]) -> Outcome:
    code = message.get("error_code")
    if message.get("status") in {"failed", "undelivered", "canceled"} and code:
        return outcome_of_code(int(code))
    return Receipt(provider_id=str(message["sid"]))
