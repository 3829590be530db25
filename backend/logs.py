"""Logs: one line per event on standard error, JSON for machines or coloured text for people.

Our own code logs with ``structlog.get_logger()`` and keyword arguments, libraries with
:mod:`logging`; both end here. What :func:`structlog.contextvars.bind_contextvars` binds
(``request_id``, ``conversation``, ``job``) stands in every line of that request or job. Start
uvicorn with ``log_config=None``, so that it leaves this alone.
"""

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from backend.redaction import redact, redact_value

# Their routine lines hold addresses, tokens in URLs, or arguments of jobs.
QUIET = {
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "telegram": logging.WARNING,
    "twilio": logging.WARNING,
    "procrastinate": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    "alembic": logging.WARNING,
    "aiosmtplib": logging.WARNING,
    "aioimaplib": logging.WARNING,
    "imaplib": logging.WARNING,
    "msal": logging.WARNING,
    "asyncio": logging.WARNING,
    "urllib3": logging.WARNING,
    "mail.log": logging.WARNING,
    "psycopg": logging.ERROR,
    "uvicorn.access": logging.WARNING,  # its lines hold query strings
    "uvicorn.error": logging.INFO,
}
_OWN_KEYS = frozenset({"event", "level", "logger", "timestamp", "exception"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def configure(*, json: bool | None = None, level: str = "info") -> None:
    """Send every log through here. ``json=None``: unless standard error is a terminal.

    May be called again; the last call counts.
    """
    if json is None:
        json = not sys.stderr.isatty()
    number = logging.getLevelNamesMapping()[level.upper()]
    first: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *first,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=first,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _describe_exception,
                redact_event,
                _renderer(json=json),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    for name, least in QUIET.items():
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(max(least, number))
    logging.captureWarnings(True)  # noqa: FBT003  # the standard library's signature
    sys.excepthook = _log_uncaught


def redact_event(_logger: WrappedLogger | None, _method: str, event: EventDict) -> EventDict:
    """The processor that lets nothing secret or personal pass."""
    clean: dict[str, Any] = {}
    for key, value in event.items():
        if key not in _OWN_KEYS:
            clean[_one_line(redact(key))] = redact_value(key, value)
        elif key == "exception":
            clean[key] = redact(str(value))
        else:
            clean[key] = _one_line(redact(str(value))) if key == "event" else value
    return clean


def _renderer(*, json: bool) -> Processor:
    if json:
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )


def _one_line(text: str) -> str:
    """Control characters spelled out: a client's line break must not forge a log line."""
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)


def _describe_exception(
    _logger: WrappedLogger | None, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Type, message and traceback, without the values of variables."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["exception"] = "".join(traceback.format_exception(error)).rstrip()
    return event


def _log_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        structlog.get_logger("helpcare").critical("uncaught", exc_info=error)
