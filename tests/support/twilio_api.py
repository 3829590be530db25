"""A small Twilio: takes messages, keeps contents and media, signs webhooks, fails when told to.

``FakeTwilio().app`` is an ASGI application, for ``httpx.ASGITransport`` or a server on loopback
that ``HELPCARE_TWILIO_API_URL`` points at.
"""

import asyncio
import base64
import json
import re
import secrets
from collections import deque
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from twilio.request_validator import RequestValidator

ACCOUNT_SID = "AC" + "0" * 32
AUTH_TOKEN = "fake-twilio-token"
NUMBER = "+15550006000"


def new_sid(prefix):
    return prefix + secrets.token_hex(16)


def message_fields(**fields):
    """The form fields of an inbound text, with changes; ``None`` removes one."""
    sid = new_sid("SM")
    usual = {
        "SmsMessageSid": sid,
        "NumMedia": "0",
        "ProfileName": "Ana Gómez",
        "MessageType": "text",
        "SmsSid": sid,
        "WaId": "573001112233",
        "SmsStatus": "received",
        "Body": "Hola",
        "To": f"whatsapp:{NUMBER}",
        "NumSegments": "1",
        "ReferralNumMedia": "0",
        "MessageSid": sid,
        "AccountSid": ACCOUNT_SID,
        "From": "whatsapp:+573001112233",
        "ApiVersion": "2010-04-01",
    }
    return {name: value for name, value in (usual | fields).items() if value is not None}


def signed_webhook(public_url, token=AUTH_TOKEN, *, path="/webhooks/whatsapp", query="", **fields):
    """Headers and body as Twilio posts them to ``public_url + path [+ ? + query]``."""
    url = f"{public_url}{path}" + (f"?{query}" if query else "")
    fields = message_fields(**fields) if "MessageStatus" not in fields else fields
    headers = {
        "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
        "x-twilio-signature": RequestValidator(token).compute_signature(url, fields),
        "user-agent": "TwilioProxy/1.1",
    }
    return headers, urlencode(fields).encode()


def signed_status(public_url, sid, status, token=AUTH_TOKEN, **fields):
    """A status callback for a message of ours."""
    fields = {
        "MessageSid": sid,
        "MessageStatus": status,
        "AccountSid": ACCOUNT_SID,
        "From": f"whatsapp:{NUMBER}",
        "To": "whatsapp:+573001112233",
        "ChannelPrefix": "whatsapp",
        **fields,
    }
    return signed_webhook(public_url, token, path="/webhooks/whatsapp/status", **fields)


def filled(text, fields):
    """A part of a content with the variables of a message in it, as the client sees it."""
    values = json.loads(fields.get("ContentVariables", "{}"))
    return re.sub(r"\{\{(\w+)\}\}", lambda m: values.get(m[1], m[0]), text)


class FakeTwilio:
    """``messages`` holds what was sent and received, oldest first, as Twilio lists it."""

    def __init__(self, account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN):
        self.account_sid = account_sid
        self.auth_token = auth_token
        self.messages = []
        self.requests = []  # (method, path) of every call
        self.contents = []
        self.media = {}  # sid -> (message sid, content type, bytes)
        self.refuse_contents = False
        self.page_size = 1000
        self.hang_seconds = 60
        self._faults = deque()
        account = "/2010-04-01/Accounts/{account}"
        self.app = Starlette(
            routes=[
                Route(f"{account}/Messages.json", self._create_message, methods=["POST"]),
                Route(f"{account}/Messages.json", self._list_messages),
                Route(f"{account}/Messages/{{sid}}/Media.json", self._list_media),
                Route(f"{account}/Messages/{{sid}}/Media/{{media}}", self._get_media),
                Route(f"{account}.json", self._account),
                Route("/v1/Content", self._create_content, methods=["POST"]),
                Route("/v1/Content", self._list_contents),
            ]
        )

    @property
    def sent(self):
        return [m for m in self.messages if m["direction"] == "outbound-api"]

    def fail(self, *faults):
        """The next sends end so: an HTTP status, a Twilio code (≥ 1000), ``"hang"`` (accepted but
        never answered), ``"accepted-500"`` (accepted, then a server error) or ``None`` (well)."""
        self._faults.extend(faults)

    def receive(self, at=None, media=(), **fields):
        """A client's message that Twilio holds; the webhook's fields. ``media``: (type, bytes)."""
        fields = message_fields(**fields)
        fields["NumMedia"] = str(len(media))
        for index, (content_type, content) in enumerate(media):
            sid = new_sid("ME")
            self.media[sid] = (fields["MessageSid"], content_type, content)
            fields[f"MediaContentType{index}"] = content_type
            fields[f"MediaUrl{index}"] = self.media_path(fields["MessageSid"], sid)
        self._record("inbound", "received", fields, at=at, sid=fields["MessageSid"])
        return fields

    def media_path(self, message_sid, media_sid):
        return f"/2010-04-01/Accounts/{self.account_sid}/Messages/{message_sid}/Media/{media_sid}"

    def _record(self, direction, status, fields, *, at=None, sid=None):
        when = format_datetime(at or datetime.now(UTC))
        message = {
            "account_sid": self.account_sid,
            "sid": sid or new_sid("SM"),
            "direction": direction,
            "status": status,
            "body": self._body(fields),
            "from": fields["From"],
            "to": fields["To"],
            "num_media": fields.get("NumMedia", "0"),
            "date_created": when,
            "date_sent": when if direction == "inbound" else None,
            "date_updated": when,
            "error_code": None,
            "error_message": None,
            "fields": dict(fields),
        }
        self.messages.append(message)
        return message

    def content(self, sid):
        """The content resource, if there is one."""
        return next((c for c in self.contents if c["sid"] == sid), None)

    def _body(self, fields):
        if "ContentSid" not in fields:
            return fields.get("Body", "")
        content = self.content(fields["ContentSid"])
        types = content["types"] if content else {}
        values = json.loads(fields.get("ContentVariables", "{}"))
        body = next((t["body"] for t in types.values()), " ".join(values.values()))
        return filled(body, fields)

    def _denied(self, request):
        self.requests.append((request.method, request.url.path))
        expected = f"{self.account_sid}:{self.auth_token}".encode()
        if request.headers.get("authorization") == f"Basic {base64.b64encode(expected).decode()}":
            return None
        return self._error(401, 20003, "Authenticate")

    @staticmethod
    def _error(status, code, message):
        body = {"code": code, "message": message, "more_info": "", "status": status}
        return JSONResponse(body, status)

    async def _create_message(self, request: Request):
        if denied := self._denied(request):
            return denied
        fields = dict(await request.form())
        fault = self._faults.popleft() if self._faults else None
        if fault == 429:
            error = self._error(429, 20429, "Too Many Requests")
            error.headers["Retry-After"] = "7"
            return error
        if isinstance(fault, int) and fault >= 1000:
            return self._error(400, fault, f"The 'To' number {fields.get('To')} failed")
        if isinstance(fault, int):
            return self._error(fault, 20500 if fault >= 500 else 20001, "Failed")
        if len(fields.get("Body", "")) > 1600:
            return self._error(400, 21617, "The concatenated body exceeds 1600 characters")
        if "Body" not in fields and "ContentSid" not in fields:
            return self._error(400, 21619, "A text message body or media urls must be specified")
        message = self._record("outbound-api", "queued", fields)
        if fault == "hang":
            await asyncio.sleep(self.hang_seconds)
        if fault == "accepted-500":
            return self._error(500, 20500, "Internal Server Error")
        return JSONResponse(self._shown(message), 201)

    @staticmethod
    def _shown(message):
        return {name: value for name, value in message.items() if name != "fields"}

    async def _list_messages(self, request: Request):
        if denied := self._denied(request):
            return denied
        query = request.query_params
        found = [
            message
            for message in reversed(self.messages)
            if query.get("To", message["to"]) == message["to"]
            and query.get("From", message["from"]) == message["from"]
        ]
        page = int(query.get("Page", "0"))
        end = (page + 1) * self.page_size
        following = None
        if len(found) > end:
            following = f"{request.url.path}?{urlencode({**query, 'Page': page + 1})}"
        shown = [self._shown(m) for m in found[page * self.page_size : end]]
        return JSONResponse({"messages": shown, "page": page, "next_page_uri": following})

    async def _list_media(self, request: Request):
        if denied := self._denied(request):
            return denied
        message_sid = request.path_params["sid"]
        listed = [
            {
                "sid": sid,
                "parent_sid": message_sid,
                "content_type": content_type,
                "uri": self.media_path(message_sid, sid) + ".json",
            }
            for sid, (parent, content_type, _) in self.media.items()
            if parent == message_sid
        ]
        return JSONResponse({"media_list": listed, "next_page_uri": None})

    async def _get_media(self, request: Request):
        if denied := self._denied(request):
            return denied
        found = self.media.get(request.path_params["media"])
        if found is None:
            return self._error(404, 20404, "Not found")
        return Response(found[2], media_type=found[1])

    async def _account(self, request: Request):
        account = {"sid": self.account_sid, "status": "active", "friendly_name": "Fake"}
        return self._denied(request) or JSONResponse(account)

    async def _create_content(self, request: Request):
        if denied := self._denied(request):
            return denied
        if self.refuse_contents:
            return self._error(500, 20500, "Internal Server Error")
        content = await request.json() | {"sid": new_sid("HX"), "account_sid": self.account_sid}
        self.contents.append(content)
        return JSONResponse(content, 201)

    async def _list_contents(self, request: Request):
        if denied := self._denied(request):
            return denied
        return JSONResponse({"contents": self.contents, "meta": {"next_page_url": None}})
