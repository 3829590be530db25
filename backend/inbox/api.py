"""``/webhooks/{channel}``: verify, parse, store, then 200. Nothing else happens here."""

import structlog
from fastapi import APIRouter, Request, Response

from backend.inbox import service
from backend.problems import NotFound, Problem
from backend.runtime_protocol import runtime_of
from bot.channels.channel import Rejected, WebhookRequest
from bot.messages import StatusUpdate

router = APIRouter()
log = structlog.get_logger()


class Refused(Problem):
    title = "Refused"

    def __init__(self, rejected: Rejected) -> None:
        super().__init__(rejected.reason, reason=rejected.reason)
        self.status = rejected.status


@router.post("/webhooks/{channel}", include_in_schema=False)
@router.post("/webhooks/{channel}/{part}", include_in_schema=False)
async def webhook(request: Request, channel: str, part: str = "") -> Response:
    """Store what a provider posts; a repeat is answered 200 and ignored."""
    runtime = runtime_of(request)
    target = runtime.gateway.webhook(channel)
    if part not in ("", "status"):
        raise NotFound(f"There is no webhook {request.url.path[:80]!r}")
    event = WebhookRequest(
        path=request.url.path,
        query=request.url.query,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=await request.body(),
    )
    now = runtime.clock()
    try:
        target.verify(event)
        parsed = target.parse(event, now=now)
    except Rejected as rejected:
        log.warning("webhook.refused", channel=channel, reason=rejected.reason)
        raise Refused(rejected) from rejected
    for item in parsed:
        if isinstance(item, StatusUpdate):
            await service.report_status(runtime.database, item)
        else:
            await service.receive(runtime.database, item, event.body, now=now)
    reply = target.reply(event)
    return Response(reply.body, media_type=reply.content_type)
