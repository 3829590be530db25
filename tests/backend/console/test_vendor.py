import json
from pathlib import Path

from backend.console import vendor

HERE = Path(vendor.__file__).parent


def test_versions_are_exact_and_the_lock_names_no_registry():
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]
    lock = json.loads((HERE / "package-lock.json").read_text())["packages"]
    for name, version in wanted.items():
        assert version[0].isdigit()
        entry = lock[f"node_modules/{name}"]
        assert entry["version"] == version
        assert entry["integrity"].startswith("sha512-")
    assert "resolved" not in (HERE / "package-lock.json").read_text()
    assert {source.split("/")[0] for source in vendor.FILES} == set(wanted)


def test_npm_is_found_even_where_none_is_installed(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    command = vendor.npm_command()
    assert all(Path(part).exists() for part in command)
