"""``make bench``: what the README says, measured side by side in one run."""

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import acknowledging, date_specs, processing, quality, understanding
from benchmarks.measured import Measured

NOTE = "2 cores are assumed; compare ratios, not seconds, between machines."


def main() -> None:
    """Measure all, print a table or JSON, exit 1 when a goal was missed and --strict is given."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--strict", action="store_true", help="fail when a goal is missed")
    parser.add_argument("--only", choices=("ack", "work", "nlu"), help="only one part")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each load")
    chosen = parser.parse_args()
    measured: list[Measured] = []
    with tempfile.TemporaryDirectory(prefix="helpcare-bench-") as folder:
        if chosen.only in (None, "nlu"):
            measured += understanding.measure() + date_specs.measure()
            measured += quality.measure()
        if chosen.only in (None, "ack"):
            measured += asyncio.run(acknowledging.measure(Path(folder) / "a", chosen.seconds))
        if chosen.only in (None, "work"):
            measured += asyncio.run(processing.measure(Path(folder) / "w", chosen.seconds))
    if chosen.json:
        machine = {"cores": os.cpu_count(), "python": platform.python_version()}
        figures = [figure.as_dict() for figure in measured]
        sys.stdout.write(json.dumps({"machine": machine, "figures": figures}, indent=2) + "\n")
    else:
        _print(measured)
    sys.exit(chosen.strict and not all(figure.met for figure in measured))


def _print(measured: list[Measured]) -> None:
    table = Table("what", "measured", "goal", "", caption=NOTE)
    for figure in measured:
        mark = "" if figure.goal is None else ("met" if figure.met else "missed")
        table.add_row(figure.what, figure.shown, figure.goal_shown, mark)
    Console(width=110).print(table)


main()
