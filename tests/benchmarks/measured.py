"""A measured figure and its goal."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Measured:
    """``at_least`` tells whether more is better than the goal, or less."""

    what: str
    value: float
    unit: str = ""
    goal: float | None = None
    at_least: bool = True

    @property
    def met(self) -> bool:
        if self.goal is None:
            return True
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    @property
    def shown(self) -> str:
        return (
            f"{self.value:,.3g} {self.unit}"
            if self.value < 100
            else f"{self.value:,.0f} {self.unit}"
        )

    @property
    def goal_shown(self) -> str:
        return (
            ""
            if self.goal is None
            else f"{'≥' if self.at_least else '≤'} {self.goal:g} {self.unit}"
        )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"met": self.met}


def percentile(values: list[float], percent: float) -> float:
    """The value below which ``percent`` % lie, by nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
