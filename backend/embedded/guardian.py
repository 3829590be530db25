"""Run one server for exactly as long as the process that started it lives.

Run by path as ``guardian.py STOP_SIGNAL ACCOUNT COMMAND...`` (standard library only). Standard
input is the lifeline: a byte means "it is up, keep it up", its end means that the owner is gone,
in whatever way, or wants the server stopped. A pipe is used because Linux' parent-death signal
fires when the *thread* that forked ends, and a threaded owner cannot promise it a thread. This
process has one thread, so the server itself gets that signal in case the guardian is killed too.

ACCOUNT is ``-`` or ``uid:gid``: PostgreSQL refuses to run as root, so root hands it to another
account, with the capability to pass through folders that only root may enter.
"""

import ctypes
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from types import FrameType

_LIFELINE = 0
_STOP_GRACE_S = 15.0
_RESPAWN_PAUSE_S = 0.3
_LINUX = sys.platform == "linux"

# linux/prctl.h, linux/capability.h
_PR_SET_PDEATHSIG, _PR_SET_KEEPCAPS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 1, 8, 47, 2
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522


def _keep_path_access(libc: ctypes.CDLL) -> None:
    """Carry CAP_DAC_OVERRIDE, and nothing else, over the change of account and the exec."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    only = 1 << _CAP_DAC_OVERRIDE
    sets = (ctypes.c_uint32 * 6)(only, only, only, 0, 0, 0)  # effective, permitted, inheritable
    if libc.capset(header, sets) == 0:  # refused in a bare container: paths must then be open
        libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0)


def _prepare(stop_signal: int, *, changed_account: bool) -> Callable[[], None]:
    """What the child does between fork and exec, after the change of account."""
    libc = ctypes.CDLL(None)
    guardian = os.getpid()
    if changed_account and _LINUX:
        libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)

    def prepare() -> None:
        if _LINUX:
            if changed_account:
                _keep_path_access(libc)
            libc.prctl(_PR_SET_PDEATHSIG, stop_signal, 0, 0, 0)
        if os.getppid() != guardian:
            os._exit(1)

    return prepare


def _stop(child: subprocess.Popen[bytes], stop_signal: int) -> int:
    for number, patience_s in ((stop_signal, _STOP_GRACE_S), (signal.SIGQUIT, 3.0)):
        child.send_signal(number)
        try:
            return child.wait(patience_s)
        except subprocess.TimeoutExpired:
            continue
    child.kill()
    return child.wait()


def _owner_gone() -> bool:
    return not os.read(_LIFELINE, 64)


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """A handler and not SIG_IGN, which the server would inherit."""


def guard(command: list[str], stop_signal: int, account: tuple[int, int] | None) -> int:
    """Run ``command`` until the lifeline ends; before the first byte a failure is final."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)  # the standard library's signature
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _ignore)
    uid, gid = account or (None, None)
    was_up = False
    while True:
        child = subprocess.Popen(  # noqa: S603  # the owner's command, no shell
            command,
            stdin=subprocess.DEVNULL,
            user=uid,
            group=gid,
            extra_groups=None if account is None else [],
            preexec_fn=_prepare(stop_signal, changed_account=account is not None),  # noqa: PLW1509  # one thread
        )
        while child.poll() is None:
            readable, _, _ = select.select([_LIFELINE, woken], [], [])
            if woken in readable:
                os.read(woken, 64)
            if _LIFELINE in readable:
                if _owner_gone():
                    return _stop(child, stop_signal)
                was_up = True
        if not was_up:
            return child.returncode
        if select.select([_LIFELINE], [], [], _RESPAWN_PAUSE_S)[0] and _owner_gone():
            return 0


if __name__ == "__main__":
    _, stop_name, who, *server = sys.argv
    ids = None if who == "-" else (int(who.split(":")[0]), int(who.split(":")[1]))
    sys.exit(guard(server, signal.Signals[stop_name], ids))
