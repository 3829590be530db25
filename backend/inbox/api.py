"""``/webhooks/{channel}``: verify, parse, store, then 200. Nothing else happens here."""

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from backend.inbox import service
from backend.problems import Problem
from backend.runtime_protocol import runtime_of
from bot.channels.channel import Rejected, WebhookRequest
from bot.messages import StatusUpdate

log = structlog.get_logger()


class Refused(Problem):
    title = "Refused"

    def __init__(self, rejected: Rejected) -> None:
        super().__init__(rejected.reason, reason=rejected.reason)
        self.status = rejected.status


async def webhook(request: Request) -> Response:
    """Store what a provider posts; a repeat is answered 200 and ignored."""
    runtime = runtime_of(request)
    channel = request.path_params["channel"]
    target = runtime.gateway.webhook(channel)
    event = WebhookRequest(
        path=request.scope["path"],
        query=request.scope["query_string"].decode("latin-1"),
        headers=dict(request.headers),
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
            for conversation_id in await service.report_status(runtime.database, item):
                runtime.live.publish("console", {"conversation": conversation_id})
        else:
            await service.receive(runtime.database, item, event.body, now=now)
    reply = target.reply(event)
    return Response(reply.body, media_type=reply.content_type)


# plain routes: FastAPI's own add a third to the cost of acknowledging and nothing that we use here
routes: list[BaseRoute] = [
    Route("/webhooks/{channel}", webhook, methods=["POST"]),
    Route("/webhooks/{channel}/status", webhook, methods=["POST"]),
]
