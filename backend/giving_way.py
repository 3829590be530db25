"""Background work that waits while clients do, within bounds."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class GiveWay:
    """Called before each piece of background work: True says "wait a little longer".

    After ``most_s`` seconds of being busy without a break it says so no more, so that the work
    falls behind by that much and never starves.
    """

    busy: Callable[[], bool]
    most_s: float
    clock: Callable[[], float] = time.monotonic
    _since: float | None = field(default=None, init=False)

    def __call__(self) -> bool:
        if not self.busy():
            self._since = None
            return False
        now = self.clock()
        if self._since is None:
            self._since = now
        return now - self._since < self.most_s
