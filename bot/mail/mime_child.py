"""The child process that takes a mail apart. Runs alone, bounded, without secrets.

``python -c "…main()" ROOT extract|part [N]`` reads the raw mail on standard input and writes JSON
(``extract``), or a line of JSON and the bytes of one part (``part``), on standard output. It keeps
its imports few because it starts once per mail. Everything it writes is already bounded, readable
text; what it means is decided by the parent.
"""

import json
import re
import resource
import sys
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

import filetype

from bot.mail import decoding, htmltext, quotes
from bot.mail.blobs import Blobs
from bot.mail.decoding import MALFORMED

CPU_SECONDS = 2
MEMORY = 512 * 1024 * 1024
MAX_ATTACHMENT = 25 * 1024 * 1024
MAX_ATTACHMENTS = 50
MAX_PARTS = 2_000
MAX_DEPTH = 50
MAX_RETURNED_IDS = 20

_OUR_ID = re.compile(r"<hc\.[a-z0-9.]{10,120}@[A-Za-z0-9.-]{1,190}>")
_STATUS_TYPES = {"message/delivery-status", "message/disposition-notification"}
_STATUS = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,100}")
_FLAGS = (
    *("auto-submitted", "precedence", "x-auto-response-suppress", "return-path", "x-loop"),
    *("list-id", "list-unsubscribe", "list-post", "list-help", "x-autoreply", "x-autorespond"),
    *("x-failed-recipients", "x-help-care-truncated", "feedback-id", "x-csa-complaints"),
)
# Recognised by their bytes; announced as one of these without the bytes, it is something else.
_SNIFFED = ("image/", "audio/", "video/", "font/", "application/pdf", "application/zip")
_MARKUP = re.compile(
    rb"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--[^>]{0,200}-->\s*)?<(!doctype html|html|svg)",
    re.IGNORECASE,
)


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.excepthook = lambda kind, _error, _trace: print(kind.__name__, file=sys.stderr)  # noqa: T201
    command, *rest = sys.argv[2:]
    mail = parse(sys.stdin.buffer.read())
    if command == "part":
        _write_part(mail, int(rest[0]))
    else:
        json.dump(extract(mail), sys.stdout, ensure_ascii=True)


def parse(raw: bytes) -> Message:
    """The mail with its parts' payloads whole."""
    blobs = Blobs()
    mail = BytesParser(policy=compat32).parsebytes(blobs.take_out(raw))
    for part in mail.walk():
        payload = _payload(part)
        if isinstance(payload, str) and blobs.has_taken_from(payload):
            part.set_payload(blobs.put_back(payload))
    return mail


def _payload(part: Message) -> object:
    """As written: a child list or text."""
    try:
        return part.get_payload()
    except MALFORMED:  # 8-bit text in a charset that is none for mails, such as idna
        part.del_param("charset")
        return part.get_payload()


def extract(mail: Message) -> dict[str, object]:
    """What the parent needs, as :class:`bot.mail.mime.ParsedMail` describes it."""
    leaves = _leaves(mail)
    subject = decoding.header(_get(mail, "subject"))
    forwarded = bool(re.match(r"(?:fwd?|rv|reenv|enc|tr|wg)\s*:", subject, re.IGNORECASE))
    body = _body(mail, 0).strip()
    attachments = [
        _describe(number, part) for number, part in enumerate(leaves) if _is_attachment(part)
    ]
    report = _report(mail, leaves, body)
    return {
        "message_id": next(iter(decoding.message_ids(_all(mail, "message-id"))), None),
        "in_reply_to": decoding.message_ids(_all(mail, "in-reply-to")),
        "references": decoding.message_ids(_all(mail, "references")),
        "sender": decoding.addresses(_all(mail, "from")),
        "sender_certain": decoding.is_one_address(_all(mail, "from")),
        "recipients": _recipients(mail),
        "date": decoding.date(_get(mail, "date")),
        "received": decoding.date(str(_get(mail, "received") or "")[-300:].rpartition(";")[2]),
        "subject": subject[:500],
        "text": quotes.new_text(body, forwarded=forwarded, may_be_empty=bool(attachments)),
        "truncated": quotes.is_too_long(body),
        "attachments": attachments[:MAX_ATTACHMENTS],
        "attachments_left_out": max(0, len(attachments) - MAX_ATTACHMENTS),
        "flags": {name: decoding.header(mail[name], 300) for name in _FLAGS if name in mail},
        "report": report,
    }


def _all(mail: Message, name: str) -> list[object]:
    return [value for key, value in mail.raw_items() if key.lower() == name]


def _get(mail: Message, name: str) -> object:
    return next(iter(_all(mail, name)), None)


def _recipients(mail: Message) -> list[str]:
    names = ("to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to")
    found = [address for name in names for _, address in decoding.addresses(_all(mail, name))]
    return list(dict.fromkeys(found))


# --- parts ---------------------------------------------------------------------------------


def _leaves(mail: Message) -> list[Message]:
    """The parts that hold bytes, in order: their index is their number. An enclosed mail is one."""
    found: list[Message] = []
    waiting = [mail]
    while waiting and len(found) < MAX_PARTS:
        part = waiting.pop()
        if part.is_multipart() and part.get_content_maintype() != "message":
            waiting.extend(reversed(_children(part)))
        else:
            found.append(part)
    return found


def _children(part: Message) -> list[Message]:
    payload = part.get_payload()
    found = payload if isinstance(payload, list) else []
    return [child for child in found[:MAX_PARTS] if isinstance(child, Message)]


def _filename(part: Message) -> str | None:
    try:
        return decoding.filename(part.get_filename())
    except MALFORMED:
        return None


def _type(part: Message) -> str:
    """The announced type; a multipart that has no parts is the text that it holds."""
    broken = part.get_content_maintype() == "multipart" and not part.is_multipart()
    return "text/plain" if broken else part.get_content_type()


def _disposition(part: Message) -> str:
    return decoding.header(part.get("content-disposition"), 40).partition(";")[0].strip().lower()


def _is_attachment(part: Message) -> bool:
    kind = _type(part)
    if kind in {"text/plain", "text/html"}:
        return _disposition(part) == "attachment" or _filename(part) is not None
    if kind in _STATUS_TYPES or kind == "text/rfc822-headers":
        return False
    return bool(part.get_payload())


def _content(part: Message) -> bytes:
    """The decoded bytes of a leaf; of an enclosed mail, the mail."""
    if part.is_multipart():
        try:
            return b"\r\n".join(enclosed.as_bytes() for enclosed in _children(part))
        except (*MALFORMED, RecursionError):
            return b""
    try:
        decoded = part.get_payload(decode=True)
    except MALFORMED:
        decoded = None
    if isinstance(decoded, bytes):
        return decoded
    return str(part.get_payload() or "").encode("utf-8", "replace")


def _describe(number: int, part: Message) -> dict[str, object]:
    content = _content(part)
    name = _filename(part)
    if name is None and part.get_content_maintype() == "message":
        name = "mensaje.eml"
    kind = content_type(content, part.get_content_type())
    return {"part": number, "content_type": kind, "filename": name, "size": len(content)}


def content_type(content: bytes, announced: str) -> str:
    """By the bytes; the sender's word counts only for formats that bytes do not tell."""
    if markup := _MARKUP.match(content[:1_000]):
        return "image/svg+xml" if markup.group(1).lower() == b"svg" else "text/html"
    kind: str | None = filetype.guess_mime(content[:8_192])
    announced = announced.lower()
    if kind == "application/zip" and announced.startswith("application/vnd."):
        return announced  # an office document is a zip
    if kind is not None:
        return kind
    doubtful = announced.startswith(_SNIFFED) or not _TYPE.fullmatch(announced)
    return "application/octet-stream" if doubtful else announced


def _write_part(mail: Message, number: int) -> None:
    leaves = _leaves(mail)
    if not 0 <= number < len(leaves):
        raise IndexError
    part = leaves[number]
    content = _content(part)
    head = _describe(number, part)
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n")
    if len(content) <= MAX_ATTACHMENT:
        sys.stdout.buffer.write(content)


# --- the body ------------------------------------------------------------------------------


def _body(part: Message, depth: int) -> str:
    """The readable text of a part: of alternatives the plain one, else all in order."""
    if part.is_multipart():
        if depth > MAX_DEPTH or part.get_content_maintype() == "message":
            return ""
        children = _children(part)
        is_choice = part.get_content_type() == "multipart/alternative"
        if is_choice:
            children.sort(key=lambda child: child.get_content_type() != "text/plain")
        texts = (text for child in children if (text := _body(child, depth + 1)).strip())
        return next(texts, "") if is_choice else "\n".join(texts)
    kind = _type(part)
    if kind not in {"text/plain", "text/html"} or _is_attachment(part):
        return ""
    try:
        charset = part.get_content_charset()
    except MALFORMED:
        charset = None
    text = decoding.decode(_content(part), charset)
    return htmltext.to_text(text) if kind == "text/html" else text


# --- delivery reports ----------------------------------------------------------------------


def _report(mail: Message, leaves: list[Message], body: str) -> dict[str, object] | None:
    """RFC 3464 and 8098: what a mail system says about a message; ``None`` if this is no report."""
    kind = mail.get_content_type()
    status = [part for part in leaves if part.get_content_type() in _STATUS_TYPES]
    is_report = kind == "multipart/report" or bool(status)
    fields = _status_fields(status)
    enclosed = [
        _content(part)[:20_000].decode("latin-1")
        for part in leaves
        if part.get_content_type() in {"message/rfc822", "text/rfc822-headers", "message/global"}
    ]
    ids = _OUR_ID.findall("\n".join([*enclosed, fields.get("text", ""), body[:20_000]]))
    if not is_report and not ids:
        return None
    code = fields.get("status") or next(iter(_STATUS.findall(body[:20_000])), None)
    return {
        "standard": is_report,
        "action": fields.get("action", "").lower() or None,
        "code": code,
        "message_ids": list(dict.fromkeys(ids))[:MAX_RETURNED_IDS],
    }


def _status_fields(parts: list[Message]) -> dict[str, str]:
    """Action and Status of the first recipient that has them; ``displayed`` from a read receipt."""
    blocks = [
        str(block)[:4_000]
        for part in parts[:3]
        for block in [*_children(part)[:20], "" if part.is_multipart() else part.get_payload()]
    ]
    text = "\n".join(blocks)
    found = {"text": text}
    for name in ("action", "status"):
        if match := re.search(rf"(?im)^{name}:[ \t]*([A-Za-z0-9.]{{1,20}})", text):
            found[name] = match.group(1)
    if re.search(r"(?im)^disposition:[^\n;]{0,80};[ \t]*displayed", text):
        found["action"] = "displayed"
    return found
