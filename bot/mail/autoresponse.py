"""Whom not to answer by machine, and how often at most. Pure.

Two machines that answer each other fill two mailboxes over night. RFC 3834 says by which marks to
know a machine; some people's servers set the same marks on everything, so such a mail is still a
message for the agents, only never answered by itself. The limits end loops with machines that set
no mark at all.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.mail.identity import Signer
from bot.mail.mime import ParsedMail

PER_THREAD = 3  # automatic mails within an hour
PER_ADDRESS = 10  # within a day

_BULK = {"bulk", "junk", "list", "auto_reply", "auto-reply"}
_LIST = ("list-id", "list-post", "list-unsubscribe", "list-help", "feedback-id")
_AUTO = ("x-autoreply", "x-autorespond", "x-failed-recipients")
_ROBOTS = (
    *("mailerdaemon", "postmaster", "noreply", "donotreply", "dontreply", "noresponder"),
    *("noresponda", "naoresponda", "naoresponder", "bounce", "autoreply", "autoresponder"),
)


def automatic_reason(mail: ParsedMail, signer: Signer) -> str | None:
    """Why this mail must not be answered by machine, for the agent; ``None``: it may be."""
    if not mail.sender:
        return "correo sin remitente válido"
    address = mail.sender[0][1]
    if is_robot(address):
        return "la dirección no recibe respuestas"
    if mail.report is not None and mail.report.standard:
        return "informe de entrega"
    return _loop(mail, address, signer) or _marked(mail.flags)


def _loop(mail: ParsedMail, address: str, signer: Signer) -> str | None:
    """Our own mail, come back."""
    if signer.is_own(address):
        return "correo de nuestro propio buzón"
    if mail.message_id and signer.thread_of_message_id(mail.message_id):
        return "eco de un correo nuestro"
    looped = mail.flags.get("x-loop", "").split(",")
    if any(signer.is_own(mark.strip(" <>")) for mark in looped):
        return "respuesta automática a un correo nuestro"
    return None


def _marked(flags: dict[str, str]) -> str | None:
    """What RFC 3834, RFC 2919 and common practice mark as sent by a machine."""
    if flags.get("auto-submitted", "no").partition(";")[0].strip().lower() != "no":
        return "correo automático (Auto-Submitted)"
    if flags.get("x-auto-response-suppress", "none").strip().lower() not in {"", "none"}:
        return "correo automático (X-Auto-Response-Suppress)"
    if any(name in flags for name in _AUTO):
        return "respuesta automática"
    if flags.get("precedence", "").strip().lower() in _BULK:
        return "correo masivo (Precedence)"
    if any(name in flags for name in _LIST):
        return "lista de correo"
    if "return-path" in flags and flags["return-path"].strip() in {"", "<>"}:
        return "remitente técnico vacío (Return-Path)"
    return None


def is_robot(address: str) -> bool:
    """Whether the address says of itself that nobody reads it."""
    local = address.partition("@")[0]
    for mark in "-_.":
        local = local.replace(mark, "")
    return local.startswith(_ROBOTS) or local.endswith(("noreply", "donotreply", "noresponder"))


def may_auto_reply(
    in_thread: Sequence[datetime], to_address: Sequence[datetime], now: datetime
) -> bool:
    """Whether one more automatic mail may go out.

    ``in_thread`` and ``to_address``: when automatic mails were sent in the thread and to the
    address, in any order; older ones than a day are not needed.
    """
    lately = sum(sent > now - timedelta(hours=1) for sent in in_thread)
    today = sum(sent > now - timedelta(days=1) for sent in to_address)
    return lately < PER_THREAD and today < PER_ADDRESS
