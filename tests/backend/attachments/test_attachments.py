"""Files from outside: names, types, sizes, the store."""

import re
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.attachments import service
from backend.attachments.models import StoredAttachment
from backend.attachments.store import DirectoryStore
from backend.problems import Invalid, NotFound, TooLarge
from bot.messages import MessageKind

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"
EXE = b"MZ" + bytes(64)


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0" + bytes(40), "image/jpeg"),
        (PDF, "application/pdf"),
        (EXE, "application/x-msdownload"),
        ("Señor: el día número uno".encode(), "text/plain"),
        ("é".encode() * 3000, "text/plain"),
        (("x" + "é" * 3000).encode(), "text/plain"),  # the sample ends within a character
        (b"<html><script>alert(1)</script>", "text/plain"),
        (b"<?xml version='1.0'?><svg onload='alert(1)'/>", "text/plain"),
        (b"\x00\x01\x02 binary", "application/octet-stream"),
        (b"\xe9\xe8 latin-1", "application/octet-stream"),
    ],
)
def test_the_bytes_say_what_a_file_is(content, content_type):
    assert service.sniff(content) == content_type


@pytest.mark.parametrize(
    ("given_name", "content_type", "shown"),
    [
        ("factura mayo.pdf", "application/pdf", "factura mayo.pdf"),
        ("../../etc/passwd", "text/plain", "passwd"),
        ("C:\\Users\\ana\\log.txt", "text/plain", "log.txt"),
        ("/absolute/x.txt", "text/plain", "x.txt"),
        ("factura\u202efdp.exe", "application/x-msdownload", "facturafdp.exe"),
        ("\u200b.htaccess", "text/plain", "htaccess"),
        ("a\u0000b\r\nSet-Cookie: x.txt", "text/plain", "abSet-Cookie_ x.txt"),
        ('"quoted"<b>.txt', "text/plain", "_quoted__b_.txt"),
        ("pagina.html", "image/png", "pagina.html.png"),
        ("foto.JPEG", "image/jpeg", "foto.JPEG"),
        ("...", "application/pdf", "archivo.pdf"),
        (None, "image/png", "archivo.png"),
        ("", "application/octet-stream", "archivo"),
        ("n\u0303andu\u0301.txt", "text/plain", "ñandú.txt"),
    ],
)
def test_names_are_shown_harmlessly(given_name, content_type, shown):
    assert service.display_name(given_name, content_type) == shown


@given(st.text(max_size=400), st.sampled_from(["image/png", "text/plain", "application/pdf"]))
def test_no_name_escapes(name, content_type):
    shown = service.display_name(name, content_type)
    assert 0 < len(shown) <= 126
    assert not re.search(r'[/\\\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069<>"|?*:]', shown)
    assert not shown.startswith(".")
    assert service.display_name(shown, content_type) == shown


async def test_a_kept_file_comes_back_and_lies_under_our_own_private_name(tmp_path):
    store = DirectoryStore(tmp_path / "files")
    kept = await service.keep(store, PNG, filename="../evil.php", max_bytes=1000)
    assert (kept.kind, kept.filename, kept.size) == (MessageKind.IMAGE, "evil.php.png", len(PNG))
    assert await store.get(kept.stored_as) == PNG
    (path,) = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert path.name == kept.stored_as
    assert "evil" not in str(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert kept.as_attachment().stored_as == kept.stored_as


async def test_size_is_limited(tmp_path):
    store = DirectoryStore(tmp_path)
    await service.keep(store, b"x" * 10, filename=None, max_bytes=10)
    with pytest.raises(TooLarge):
        await service.keep(store, b"x" * 11, filename=None, max_bytes=10)
    with pytest.raises(Invalid):
        await service.keep(store, b"", filename=None, max_bytes=10)


@pytest.mark.parametrize("name", ["", "..", "../../etc/passwd", "a" * 31, "A" * 32, "a" * 31 + "/"])
async def test_what_can_be_no_name_of_ours_is_not_looked_for(tmp_path, name):
    store = DirectoryStore(tmp_path)
    with pytest.raises(FileNotFoundError):
        await store.get(name)
    with pytest.raises(FileNotFoundError):
        await store.delete(name)


async def test_a_deleted_file_is_gone_and_deleting_again_is_no_error(tmp_path):
    store = DirectoryStore(tmp_path)
    name = await store.put(b"x")
    await store.delete(name)
    await store.delete(name)
    with pytest.raises(FileNotFoundError):
        await store.get(name)


async def test_a_full_disk_leaves_no_half_file(tmp_path, monkeypatch):
    def full(_fd):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        await DirectoryStore(tmp_path).put(b"x" * 1000)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def row(stored_as, filename="x", content_type="image/png"):
    return StoredAttachment(stored_as=stored_as, filename=filename, content_type=content_type)


async def test_serving_trusts_the_bytes_and_not_the_row(tmp_path):
    store = DirectoryStore(tmp_path)
    name = await store.put(b"<script>alert(1)</script>")
    response = await service.serve(store, row(name, 'a"\r\nX: y.png', "image/png"))
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["content-disposition"].startswith("attachment; ")
    assert "\r" not in response.headers["content-disposition"]
    assert "sandbox" in response.headers["content-security-policy"]


async def test_serving_keeps_a_spanish_name(tmp_path):
    store = DirectoryStore(tmp_path)
    response = await service.serve(store, row(await store.put(PNG), "año 50%.png"))
    assert response.headers["content-disposition"] == (
        "inline; filename=\"a_o 50%.png\"; filename*=UTF-8''a%C3%B1o%2050%25.png"
    )


async def test_what_is_not_there_is_not_found(tmp_path):
    store = DirectoryStore(tmp_path)
    for stored_as in (None, "0" * 32):
        with pytest.raises(NotFound):
            await service.serve(store, row(stored_as))
