"""The README keeps up with the code."""

import re
from pathlib import Path

import typer

from backend.cli import app
from backend.settings import Settings

README = (Path(__file__).parents[1] / "README.md").read_text()
MAKEFILE = (Path(__file__).parents[1] / "Makefile").read_text()


def test_every_setting_has_a_row_with_its_meaning() -> None:
    rows = dict(re.findall(r"^\| `(HELPCARE_\w+)` \| .* \| (.+) \|$", README, re.MULTILINE))
    wanted = {
        f"HELPCARE_{name.upper()}": field.description
        for name, field in Settings.model_fields.items()
    }
    assert rows == wanted


def test_every_command_is_mentioned() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for name, command in commands.items():
        for sub in getattr(command, "commands", {"": None}):
            assert re.search(rf"helpcare {name}\b", README), name
            assert sub in README


def test_the_make_targets_it_names_exist() -> None:
    for target in set(re.findall(r"`make (\w+)`", README)):
        assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), target
