"""Files from outside: typed by content, named for display, kept under our own name, served safely.

A file's name and announced type are its sender's words. What it is decides its bytes; only raster
images that every browser decodes are ever shown inside a page, all else is a download.
"""

import unicodedata
from dataclasses import dataclass
from urllib.parse import quote

import filetype
from fastapi import Response

from backend.attachments.models import StoredAttachment
from backend.attachments.store import AttachmentStore
from backend.problems import Invalid, NotFound, TooLarge
from bot.messages import Attachment, MessageKind

INLINE_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
UNKNOWN_TYPE = "application/octet-stream"
_MAX_NAME = 120
_KINDS = {
    "image": MessageKind.IMAGE,
    "audio": MessageKind.AUDIO,
    "video": MessageKind.VIDEO,
}


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that lies in the store as ``stored_as``; ``size`` in bytes."""

    stored_as: str
    content_type: str
    filename: str
    size: int

    @property
    def kind(self) -> MessageKind:
        """What a message is that carries just this file."""
        return _KINDS.get(self.content_type.split("/")[0], MessageKind.DOCUMENT)

    def as_attachment(self) -> Attachment:
        """The same as part of a message, its bytes being here already."""
        return Attachment(
            ref=self.stored_as,
            content_type=self.content_type,
            filename=self.filename,
            size=self.size,
            stored_as=self.stored_as,
        )


async def keep(
    store: AttachmentStore, content: bytes, *, filename: str | None, max_bytes: int
) -> KeptFile:
    """Check, type and store. Raises :class:`TooLarge` or, for an empty file, :class:`Invalid`."""
    if not content:
        raise Invalid("El archivo está vacío")
    if len(content) > max_bytes:
        raise TooLarge(f"El archivo supera {max_bytes // (1024 * 1024)} MB", max_bytes=max_bytes)
    content_type = sniff(content)
    return KeptFile(
        stored_as=await store.put(content),
        content_type=content_type,
        filename=display_name(filename, content_type),
        size=len(content),
    )


def sniff(content: bytes) -> str:
    """The media type that the bytes themselves show. Pure.

    Markup (HTML, SVG, XML) is plain text here: it must never be rendered.
    """
    guessed: str | None = filetype.guess_mime(content)
    if guessed is not None and not guessed.endswith(("xml", "html")):
        return guessed
    sample = content[:4096]
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(sample) - 3:  # not just a character cut by the sample's end
            return UNKNOWN_TYPE
    return UNKNOWN_TYPE if b"\0" in sample else "text/plain"


def display_name(filename: str | None, content_type: str) -> str:
    """A name to show and to download as. Pure.

    Folders, control, invisible and direction-changing characters go: with the latter
    ``factura[U+202E]fdp.exe`` reads as ``facturaexe.pdf``. An image's extension follows its type.
    """
    visible = "".join(
        " " if unicodedata.category(char)[0] == "Z" else char
        for char in unicodedata.normalize("NFC", filename or "")
        if unicodedata.category(char)[0] != "C"
    )
    name = visible.replace("\\", "/").rsplit("/", 1)[-1]
    for reserved in '<>:"|?*':
        name = name.replace(reserved, "_")
    name = " ".join(name.split()).strip(". ")
    extension = filetype.get_type(mime=content_type) if content_type != UNKNOWN_TYPE else None
    if not name:
        return f"archivo.{extension.extension}" if extension else "archivo"
    stem, dot, suffix = name.rpartition(".")
    if content_type in INLINE_TYPES and extension is not None:
        same = {"jpg", "jpeg"} if extension.extension == "jpg" else {extension.extension}
        if suffix.lower() not in same or not dot:
            stem, suffix = name, extension.extension
        return f"{stem[: _MAX_NAME - 6]}.{suffix}"
    if len(name) > _MAX_NAME:
        return f"{stem[: _MAX_NAME - 12]}.{suffix[:11]}" if dot else name[:_MAX_NAME]
    return name


async def serve(store: AttachmentStore, attachment: StoredAttachment) -> Response:
    """The file as a response that cannot run in our origin. Who may see it is the caller's part."""
    if attachment.stored_as is None:
        raise NotFound("El archivo no está disponible")
    try:
        content = await store.get(attachment.stored_as)
    except FileNotFoundError as error:
        raise NotFound("El archivo ya no está disponible") from error
    # judged again by its bytes: the row may come from a channel that trusted its provider
    content_type = sniff(content)
    inline = content_type in INLINE_TYPES
    name = display_name(attachment.filename, content_type)
    ascii_name = name.encode("ascii", "replace").decode().replace("?", "_").replace("\\", "_")
    return Response(
        content,
        media_type=content_type if inline else UNKNOWN_TYPE,
        headers={
            "Content-Disposition": (
                f'{"inline" if inline else "attachment"}; filename="{ascii_name}"; '
                f"filename*=UTF-8''{quote(name, safe='')}"
            ),
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
            "Cache-Control": "private, max-age=3600",
            "Cross-Origin-Resource-Policy": "same-origin",
        },
    )
