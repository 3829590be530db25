"""What the doctor says about one part."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warn", "fail", "skipped"]


@dataclass(frozen=True, slots=True)
class Finding:
    """``what`` was found and, unless it is fine, the ``remedy``; neither holds a secret."""

    name: str
    level: Level
    what: str
    remedy: str = ""
