"""Fetch a file of a client without being led astray: SSRF, endless or huge answers, false types."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from email.message import Message

import filetype
import httpx

from bot.channels.channel import FetchedFile, FetchFailed

Resolve = Callable[[str, int], Awaitable[list[str]]]

MAX_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_WORTH_RETRYING = frozenset({401, 404, 408, 425, 429})


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, from the system's resolver."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(info[4][0]) for info in found]


async def pin(url: httpx.URL, resolve: Resolve) -> tuple[httpx.URL, dict[str, str]]:
    """The URL by address, and the TLS name to check, so that no later DNS answer can move it.

    Every address of the host must be public.
    """
    try:
        addresses = await resolve(url.host, url.port or 443)
    except OSError as error:
        raise FetchFailed("the host of the file has no address now", retry=True) from error
    if not addresses or not all(ipaddress.ip_address(a).is_global for a in addresses):
        raise FetchFailed("the host of the file has an address that is not public", retry=False)
    return url.copy_with(host=addresses[0]), {"sni_hostname": url.host}


async def read_bounded(response: httpx.Response, limit: int) -> bytes:
    """The body as sent, refused as soon as it exceeds ``limit`` bytes."""
    too_big = FetchFailed(f"the file is larger than {limit} bytes", retry=False)
    # Compressed bodies were not asked for; unpacking one could exhaust the memory.
    if response.headers.get("content-encoding", "identity") != "identity":
        raise FetchFailed("the file came compressed", retry=False)
    announced = response.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise too_big
    content = bytearray()
    async for chunk in response.aiter_raw():
        content += chunk
        if len(content) > limit:
            raise too_big
    return bytes(content)


async def get(
    http: httpx.AsyncClient,
    url: httpx.URL,
    *,
    limit: int,
    auth: httpx.Auth | None = None,
    extensions: dict[str, str] | None = None,
    host: str | None = None,
) -> FetchedFile | httpx.URL:
    """One GET: the file, or where it is said to be. Exceptions never show the URL."""
    headers = {"Accept-Encoding": "identity"}
    if host:
        # The pool knows connections by address alone and would lend one certified for another name.
        headers |= {"Host": host, "Connection": "close"}
    request = http.build_request("GET", url, headers=headers, extensions=extensions)
    try:
        response = await http.send(request, stream=True, auth=auth, follow_redirects=False)
    except httpx.HTTPError as error:
        raise _failed(error) from None
    try:
        if response.status_code in _REDIRECTS and "location" in response.headers:
            return httpx.URL(response.headers["location"])
        if response.status_code != httpx.codes.OK:
            status = response.status_code
            again = status in _WORTH_RETRYING or status >= 500
            raise FetchFailed(f"the provider answered {status} for the file", retry=again)
        content = await read_bounded(response, limit)
    except httpx.InvalidURL:
        raise FetchFailed("the provider redirected the file to no valid URL", retry=False) from None
    except httpx.HTTPError as error:
        raise _failed(error) from None
    finally:
        await response.aclose()
    return FetchedFile(
        content=content,
        content_type=content_type(content, response.headers.get("content-type", "")),
        filename=_filename(response.headers.get("content-disposition", "")),
    )


async def get_within(
    http: httpx.AsyncClient, url: httpx.URL, *, limit: int, seconds: float = 30
) -> FetchedFile:
    """One file from a host that is ours to choose: bounded in size and time, no redirects."""
    try:
        async with asyncio.timeout(seconds):
            answer = await get(http, url, limit=limit)
    except TimeoutError:
        raise FetchFailed("the file took too long", retry=True) from None
    if isinstance(answer, httpx.URL):
        raise FetchFailed("the file is redirected", retry=False)
    return answer


def _failed(error: httpx.HTTPError) -> FetchFailed:
    # ``from None`` and the class name only: the message may hold a URL with a token in it.
    return FetchFailed(f"the file did not come: {type(error).__name__}", retry=True)


def content_type(content: bytes, announced: str) -> str:
    """The type by content; the announced one only for harmless text, which has no signature."""
    guessed = filetype.guess_mime(content)
    if guessed:
        return str(guessed)
    plain = announced.partition(";")[0].strip().lower()
    harmless = plain in {"text/plain", "text/csv", "text/vcard", "text/x-vcard", "text/calendar"}
    return plain if harmless and b"\0" not in content else "application/octet-stream"


def _filename(disposition: str) -> str | None:
    header = Message()
    header["Content-Disposition"] = disposition.replace("\r", "").replace("\n", "")
    return header.get_filename()
