"""Which conversation a mail belongs to, and whether its sender is proved.

A From line, a subject, a ticket number or an In-Reply-To prove nothing: anybody can write them
(CVE-2024-49193, CVE-2026-47123). What we send carries two things that only we can make, an HMAC in
the Message-ID and one in the reply address; a mail that brings one of them back comes from somebody
who has our mail.

- A thread is ``nonce + mark``: the nonce tells conversations apart, the mark is an HMAC over the
  nonce and the address that began the conversation. So a thread says whose it is without naming
  them, and needs no table.
- ``local+THREAD.MAC@domain`` is the reply address, ``<hc.THREAD.NONCE.MAC@domain>`` the Message-ID.
- A valid MAC puts a mail into the thread. Only if its sender is also the one who began the thread
  is it ``verified``: a colleague in copy joins the conversation but is shown nothing of the past.

Lower-case base32 throughout, because mail systems change the case of addresses.
"""

import base64
import hashlib
import hmac
import re

from pydantic import SecretStr

_PART = 12  # base32 characters: 60 bits
_MAC = 16  # 80 bits: guessing online is hopeless
_MAX_LOCAL = 64  # RFC 5321 §4.5.3.1.1
_THREAD = re.compile(rf"[a-z2-7]{{{2 * _PART}}}")
_MESSAGE_ID = re.compile(
    rf"<hc\.([a-z2-7]{{{2 * _PART}}})\.([a-z2-7]{{{_PART}}})\.([a-z2-7]{{{_MAC}}})@[^<>@\s]+>"
)
_TAG = re.compile(rf"([a-z2-7]{{{2 * _PART}}})\.([a-z2-7]{{{_MAC}}})")


class Signer:
    """Makes and checks the marks of one mailbox. Changing the key ends all open threads' proof."""

    def __init__(self, key: SecretStr, account: str) -> None:
        if len(key.get_secret_value()) < 16:
            raise ValueError("the signing key for e-mail must have at least 16 characters")
        self._key = key.get_secret_value().encode()
        self._account = account.lower()
        self._local, _, self._domain = self._account.rpartition("@")

    def new_thread(self, sender: str, provider_id: str) -> str:
        """The thread that a first mail begins; the same mail always begins the same one."""
        nonce = self._mac("nonce", provider_id, length=_PART)
        return nonce + self._mark(nonce, sender)

    def began(self, thread: str, sender: str) -> bool:
        """Whether this address began the thread."""
        if not _THREAD.fullmatch(thread):
            return False
        return hmac.compare_digest(thread[_PART:], self._mark(thread[:_PART], sender))

    def reply_address(self, thread: str) -> str | None:
        """Where answers to the thread go; ``None`` where it would be too long for an address."""
        local = f"{self._local}+{thread}.{self._mac('address', thread)}"
        fits = len(local) <= _MAX_LOCAL and _THREAD.fullmatch(thread)
        return f"{local}@{self._domain}" if fits else None

    def message_id(self, thread: str, key: str) -> str:
        """The Message-ID of one part; a repeated attempt carries the same."""
        nonce = self._mac("message", key, length=_PART)
        return f"<hc.{thread}.{nonce}.{self._mac('id', thread, nonce)}@{self._domain}>"

    def thread_of_message_id(self, message_id: str) -> str | None:
        """The thread that one of our Message-IDs names; ``None`` for any other."""
        match = _MESSAGE_ID.fullmatch(message_id.lower())
        if match is None:
            return None
        thread, nonce, mac = match.groups()
        return thread if hmac.compare_digest(mac, self._mac("id", thread, nonce)) else None

    def thread_of_address(self, address: str) -> str | None:
        """The thread that one of our reply addresses names; ``None`` for any other."""
        local, _, domain = address.lower().rpartition("@")
        base, _, tag = local.partition("+")
        match = _TAG.fullmatch(tag)
        if match is None or (base, domain) != (self._local, self._domain):
            return None
        thread, mac = match.groups()
        return thread if hmac.compare_digest(mac, self._mac("address", thread)) else None

    def is_own(self, address: str) -> bool:
        """Whether this is our mailbox, with or without a tag."""
        local, _, domain = address.lower().rpartition("@")
        return (local.partition("+")[0], domain) == (self._local, self._domain)

    def _mark(self, nonce: str, sender: str) -> str:
        return self._mac("sender", nonce, sender.lower(), length=_PART)

    def _mac(self, purpose: str, *values: str, length: int = _MAC) -> str:
        message = "\0".join((purpose, self._account, *values)).encode("utf-8", "replace")
        digest = hmac.new(self._key, message, hashlib.sha256).digest()
        return base64.b32encode(digest).decode().lower()[:length]
