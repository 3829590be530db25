"""Passwords: argon2id, off the event loop, at most two at a time (each takes 64 MiB)."""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from backend.problems import Invalid

T = TypeVar("T")
SHORTEST = 12  # NIST SP 800-63B: length counts, composition rules do not
LONGEST = 128
_hasher = PasswordHash((Argon2Hasher(),))
_threads = ThreadPoolExecutor(2, thread_name_prefix="passwords")
# no letters or digits that look alike: one-time passwords are read from a screen
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def one_time() -> str:
    """A random password to hand over, 79 bits, such as ``k3m9-x7qa-…``."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


def require_good(password: str, *, email: str) -> None:
    """Raise :class:`Invalid` with a reason that helps."""
    if len(password) < SHORTEST:
        raise Invalid(f"La contraseña debe tener al menos {SHORTEST} caracteres")
    if len(password) > LONGEST:
        raise Invalid(f"La contraseña puede tener como máximo {LONGEST} caracteres")
    name = email.partition("@")[0].lower()
    # a short name is in many a phrase by chance
    if len(set(password)) < 5 or (len(name) > 3 and name in password.lower()):
        raise Invalid("La contraseña es muy fácil de adivinar; elija otra")


async def hashed(password: str) -> str:
    """The hash to store."""
    return await _in_thread(_hasher.hash, password)


async def matches(password: str, password_hash: str | None) -> bool:
    """Whether it is the password. ``None`` (no such account) takes the same time and is false.

    A password longer than any we accept costs no more than another.
    """
    nobody = _nobody()  # made before either case is timed
    right = await _in_thread(_hasher.verify, password[:LONGEST], password_hash or nobody)
    return right and password_hash is not None and len(password) <= LONGEST


@cache
def _nobody() -> str:
    """The hash of a password that nobody has, made once so that it costs as much as a real one."""
    return _hasher.hash(secrets.token_hex(16))


async def _in_thread(work: Callable[..., T], *args: str) -> T:
    return await asyncio.get_running_loop().run_in_executor(_threads, work, *args)
