"""The container files, as far as they can be judged without a container engine."""

import importlib.util
import io
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from dockerfile_parse import DockerfileParser

from backend.settings import Settings

ROOT = Path(__file__).parents[1]
DOCKERFILE = ROOT / "docker" / "Dockerfile"
COMPOSE = ROOT / "docker" / "compose.yaml"
EXAMPLE = ROOT / "docker" / ".env.example"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]
OURS = ("migrate", "web", "worker")
SETTINGS = {f"HELPCARE_{name.upper()}": field for name, field in Settings.model_fields.items()}
SECRETS = {name for name, field in SETTINGS.items() if "SecretStr" in str(field.annotation)}


def _instructions() -> list[tuple[str, str]]:
    parser = DockerfileParser(fileobj=io.BytesIO(DOCKERFILE.read_bytes()))
    return [(step["instruction"], step["value"]) for step in parser.structure]


def _final_stage() -> dict[str, str]:
    """The last value of each instruction of the last stage."""
    steps = _instructions()
    start = max(i for i, (name, _) in enumerate(steps) if name == "FROM")
    return dict(steps[start:])


def _copied() -> list[str]:
    """What is copied from the repository."""
    copies = [shlex.split(value) for name, value in _instructions() if name in {"COPY", "ADD"}]
    return [path for words in copies if "--from=" not in words[0] for path in words[:-1]]


def test_the_linter_of_dockerfiles_finds_nothing() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    found = subprocess.run([hadolint, DOCKERFILE], capture_output=True, text=True, check=False)

    assert (found.returncode, found.stdout) == (0, "")


def test_the_compose_file_is_one() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    found = subprocess.run([*command, COMPOSE], capture_output=True, text=True, check=False)

    assert found.returncode == 0, found.stdout + found.stderr


def test_all_that_is_copied_exists_and_is_let_in() -> None:
    rules = (ROOT / ".dockerignore").read_text().split("\n")
    allowed = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}

    assert rules[1] == "*", "everything is kept out first"
    assert _copied()
    assert set(_copied()) == allowed
    assert not [source for source in _copied() if not (ROOT / source).exists()]


def test_every_package_of_the_project_is_copied() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]

    assert set(packages) <= set(_copied())


@pytest.mark.parametrize(
    "kept_out", [".env", "docker/.env", "backend/.env", "var", ".git", "tests"]
)
def test_no_secret_data_or_history_enters_the_image(kept_out: str) -> None:
    path = Path(kept_out)
    rules = [r for r in (ROOT / ".dockerignore").read_text().split("\n") if r and r[0] != "#"]
    decisive = [
        rule
        for rule in rules
        if rule == "*"
        or rule.removeprefix("!") in {str(path), path.parts[0]}
        or rule == f"**/{path.name}"
    ]

    assert not decisive[-1].startswith("!")


def test_the_image_runs_the_web_server_as_nobody_special() -> None:
    final = _final_stage()
    user, _, group = final["USER"].partition(":")

    assert int(user) > 0 < int(group)
    assert final["CMD"] == '["helpcare", "web"]'
    assert "/healthz" in final["HEALTHCHECK"]
    assert "ENTRYPOINT" not in final


def test_the_model_is_trained_where_the_image_looks_for_it() -> None:
    steps = _instructions()
    trained = next(i for i, (_, value) in enumerate(steps) if "helpcare nlu train" in value)
    folders = re.findall(r"HELPCARE_MODEL_DIR=(\S+)", DOCKERFILE.read_text())

    assert len(folders) == 2
    assert len(set(folders)) == 1
    assert any(folders[0] in value for name, value in steps[:trained] if name == "ENV")
    assert any(
        folders[0].startswith(value.split()[1]) for name, value in steps[trained:] if name == "COPY"
    )


def test_the_port_that_is_published_is_the_one_it_listens_on() -> None:
    final = _final_stage()
    port = re.search(r"HELPCARE_PORT=(\d+)", final["ENV"])

    assert port is not None
    assert final["EXPOSE"] == port[1]
    (published,) = SERVICES["web"]["ports"]
    assert published.endswith(f":{port[1]}")
    assert published.startswith("127.0.0.1:"), "TLS is the reverse proxy's"


@pytest.mark.parametrize("path", [DOCKERFILE, COMPOSE, EXAMPLE], ids=lambda path: path.name)
def test_every_setting_named_is_one(path: Path) -> None:
    named = set(re.findall(r"HELPCARE_[A-Z0-9_]+", path.read_text()))

    assert named
    assert named <= set(SETTINGS)


def test_no_secret_has_a_default() -> None:
    compose = COMPOSE.read_text()
    assert "HELPCARE_SECRET_KEY" in SECRETS
    assert not [name for name in SECRETS if name in DOCKERFILE.read_text()]
    for line in EXAMPLE.read_text().splitlines():
        name, equals, value = line.lstrip("#").partition("=")
        assert not (equals and name.isidentifier() and value), f"{name} has a value"
    for name, value in re.findall(r"^\s*(\w+): (.*)$", compose, re.MULTILINE):
        if name in SECRETS | {"POSTGRES_PASSWORD"}:
            open_server = value.startswith("redis://") and "@" not in value
            assert "${" in value or open_server, name
    # ${X:?word} stops without X; ${X}, ${X:-default} and ${X-default} would go on.
    assert all(":?" in use for use in re.findall(r"\$\{[^}]*\}", compose))


def test_the_example_is_accepted_once_filled_in(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    settings = Settings(_env_file=EXAMPLE)

    assert settings.secret_key is None  # an empty line counts as not given
    assert settings.dynamics_url is None
    every = EXAMPLE.read_text().replace("#HELPCARE", "HELPCARE")
    groups = re.findall(r"^(HELPCARE_\w+)=", every, re.MULTILINE)
    assert {"HELPCARE_TWILIO_AUTH_TOKEN", "HELPCARE_DYNAMICS_CLIENT_SECRET"} <= set(groups)


@pytest.mark.parametrize("name", OURS)
def test_our_services_are_confined_and_get_their_secrets_from_the_file(name: str) -> None:
    service = SERVICES[name]

    assert service["env_file"] == ".env"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["image"] == "helpcare"
    build = service["build"]
    assert (COMPOSE.parent / build["context"]).resolve() == ROOT
    assert ROOT / build["dockerfile"] == DOCKERFILE


def test_each_command_is_one_of_ours() -> None:
    import typer

    from backend.cli import app

    known = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    commands = [SERVICES[name]["command"] for name in OURS] + [["helpcare", "nlu"]]

    assert all(words[0] == "helpcare" and words[1] in known for words in commands)


def test_each_module_that_the_build_runs_exists() -> None:
    modules = re.findall(r"python -m (backend[.\w]*)", DOCKERFILE.read_text())

    assert modules
    assert not [name for name in modules if importlib.util.find_spec(name) is None]


def test_nothing_starts_before_what_it_needs() -> None:
    needed = {name: service.get("depends_on", {}) for name, service in SERVICES.items()}
    for name in ("web", "worker"):
        assert needed[name]["migrate"]["condition"] == "service_completed_successfully"
        assert set(needed[name]) == {"migrate", "postgres", "valkey"}
    for dependencies in needed.values():
        for other, how in dependencies.items():
            if how["condition"] == "service_healthy":
                assert SERVICES[other]["healthcheck"]["test"]
    assert SERVICES["migrate"]["restart"] == "no"


@pytest.mark.parametrize("name", ["web", "worker", "postgres"])
def test_a_stop_leaves_time_to_finish(name: str) -> None:
    period = SERVICES[name]["stop_grace_period"]
    seconds = int(period[:-1]) * (60 if period.endswith("m") else 1)

    assert seconds > 20, "a turn in hand is finished or handed back within 20 s"


def test_data_outlives_the_containers() -> None:
    declared = yaml.safe_load(COMPOSE.read_text())["volumes"]
    home = re.search(r"HELPCARE_DATA_DIR=(\S+)", _final_stage()["ENV"])

    assert home is not None
    mounts = {name: SERVICES[name].get("volumes", []) for name in (*OURS, "postgres")}
    assert mounts["web"] == mounts["worker"] == [f"data:{home[1]}"]
    assert {volume.split(":")[0] for volumes in mounts.values() for volume in volumes} == set(
        declared
    )
