"""``helpcare doctor``: try every setting and connection, and say how to mend what is wrong.

It writes to nobody: each connection gets its cheapest authenticated request.
"""

from collections.abc import Iterable

import httpx
from rich.table import Table
from rich.text import Text

from backend.doctor.finding import Finding, Level
from backend.doctor.machine import examine_machine
from backend.settings import Settings

__all__ = ["Finding", "examine", "exit_code", "table"]

_COLOURS: dict[Level, str] = {"ok": "green", "warn": "yellow", "fail": "red", "skipped": "dim"}


async def examine(settings: Settings, *, http: httpx.AsyncClient | None = None) -> list[Finding]:
    """Every finding, from the inside out. ``http`` replaces the transport to the outside."""
    # every command looks at this machine; only this one needs all channels and servers
    from backend.doctor.outside import examine_outside
    from backend.doctor.servers import examine_servers

    findings = examine_machine(settings) + await examine_servers(settings)
    if http is not None:
        return findings + await examine_outside(settings, http)
    async with httpx.AsyncClient(timeout=15) as client:
        return findings + await examine_outside(settings, client)


def table(findings: Iterable[Finding]) -> Table:
    """The findings for a terminal."""
    shown = Table("Part", "State", title="helpcare doctor")
    # names of settings are to be copied, so they are never cut off
    shown.add_column("Found", overflow="fold")
    shown.add_column("What to do", overflow="fold", ratio=1)
    for finding in findings:
        state = Text(finding.level, style=_COLOURS[finding.level])
        shown.add_row(finding.name, state, Text(finding.what), Text(finding.remedy))
    return shown


def exit_code(findings: Iterable[Finding]) -> int:
    """1 when something fails, else 0."""
    return int(any(finding.level == "fail" for finding in findings))
