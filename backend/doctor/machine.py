"""The doctor's look at settings and at this machine; nothing is asked of anybody else."""

import ipaddress
import os
import shutil
import socket
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from backend import health
from backend.doctor.finding import Finding, Level
from backend.embedded import running_postgres
from backend.health import State
from backend.settings import Settings
from backend.sla.hours import BusinessHours
from nlp.manifest import ModelDamaged, ModelMissing, read_manifest

_SHORTEST_KEY = 32
_KEY_RECIPE = "python -c 'import secrets; print(secrets.token_hex(32))'"
_LEVELS: dict[State, Level] = {State.OK: "ok", State.DEGRADED: "warn", State.DOWN: "fail"}


def examine_machine(settings: Settings) -> list[Finding]:
    """Findings on what the settings say and this machine has."""
    return [
        *data_directory(settings.data_dir),
        secret_key(settings),
        public_url(settings),
        port(settings),
        *calendar(settings),
        trusted_proxies(settings),
        model(settings.model_dir),
    ]


def data_directory(data_dir: Path) -> list[Finding]:
    name = "data directory"
    place = data_dir.absolute()
    existing = next(folder for folder in (place, *place.parents) if folder.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        remedy = "Make it writable for this account, or set HELPCARE_DATA_DIR to one that is"
        return [Finding(name, "fail", f"{place} cannot be written", remedy)]
    free = shutil.disk_usage(existing).free
    verdict = health.disk(free)
    level = _LEVELS[verdict.state]
    remedy = "" if level == "ok" else "Free some space, or move HELPCARE_DATA_DIR to a larger disk"
    return [
        Finding(name, "ok", f"{place} is writable"),
        Finding("disk", level, f"{free // 1_000_000} MB free", remedy),
    ]


def secret_key(settings: Settings) -> Finding:
    name = "secret key"
    if settings.secret_key is None:
        return Finding(name, "ok", "made once and kept in the data directory")
    key = settings.secret_key.get_secret_value()
    if len(key) < _SHORTEST_KEY or len(set(key)) < 10:
        what = f"HELPCARE_SECRET_KEY is easy to guess ({len(key)} characters)"
        return Finding(name, "fail", what, f"Set it to the output of: {_KEY_RECIPE}")
    return Finding(name, "ok", "set and long enough")


def public_url(settings: Settings) -> Finding:
    name = "public address"
    called = settings.twilio_account_sid or settings.telegram_webhook_secret
    if settings.public_url is None:
        if called:
            return Finding(
                name,
                "fail",
                "WhatsApp or Telegram webhooks are set up, but no address for them",
                "Set HELPCARE_PUBLIC_URL to the https address that providers reach",
            )
        return Finding(name, "skipped", "only this machine", "HELPCARE_PUBLIC_URL opens it to all")
    parts = urlsplit(settings.public_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        what = "HELPCARE_PUBLIC_URL is not an address such as https://ayuda.example.com"
        return Finding(name, "fail", what, "Set HELPCARE_PUBLIC_URL without query or fragment")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        what = f"{settings.public_url} is not encrypted"
        return Finding(name, "fail", what, "Set HELPCARE_PUBLIC_URL to an https:// address")
    return Finding(name, "ok", settings.public_url)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def port(settings: Settings) -> Finding:
    name, place = "port", f"{settings.host}:{settings.port}"
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            if running_postgres(settings.data_dir):
                return Finding(name, "ok", f"{place}, taken by the running `helpcare run`")
            what = f"cannot listen on {place}: {error.strerror or error}"
            return Finding(name, "fail", what, "Set HELPCARE_PORT or HELPCARE_HOST to a free one")
    return Finding(name, "ok", f"{place} is free")


def calendar(settings: Settings) -> list[Finding]:
    findings = []
    try:
        ZoneInfo(settings.timezone)
    except (KeyError, ValueError, OSError):
        what = f"there is no time zone {settings.timezone!r}"
        remedy = "Set HELPCARE_TIMEZONE to a name such as America/Bogota"
        return [Finding("time zone", "fail", what, remedy)]
    for setting in ("business_hours", "contact_hours"):
        try:
            BusinessHours.parse(
                getattr(settings, setting),
                timezone=settings.timezone,
                country=settings.holidays_country,
            )
        except ValueError as error:
            variable = f"HELPCARE_{setting.upper()}"
            remedy = f"Set {variable} such as `mon-fri 08:00-18:00, sat 08:00-12:00`"
            findings.append(Finding(setting.replace("_", " "), "fail", str(error), remedy))
    if settings.fake_now is not None:
        what = "the clock is faked, which is for tests only"
        findings.append(Finding("clock", "fail", what, "Unset HELPCARE_FAKE_NOW"))
    return findings or [
        Finding("calendar", "ok", f"{settings.timezone}, {settings.business_hours}")
    ]


def trusted_proxies(settings: Settings) -> Finding:
    name = "trusted proxies"
    for address in settings.trusted_proxies:
        try:
            ipaddress.ip_network(address, strict=False)
        except ValueError:
            what = f"{address!r} is not an address or network"
            remedy = "Set HELPCARE_TRUSTED_PROXIES to addresses such as 10.0.0.5, comma separated"
            return Finding(name, "fail", what, remedy)
    listed = ", ".join(settings.trusted_proxies)
    return Finding(name, "ok", listed or "none: X-Forwarded-* headers are ignored")


def model(folder: Path) -> Finding:
    name = "understanding model"
    try:
        manifest = read_manifest(folder)
    except (ModelMissing, ModelDamaged) as error:
        remedy = "Run `helpcare nlu train`, or set HELPCARE_MODEL_DIR to a trained model"
        return Finding(name, "fail", str(error), remedy)
    for package, trained_with in manifest.versions.items():
        try:
            installed = version(package)
        except PackageNotFoundError:
            continue
        if installed != trained_with:
            what = f"trained with {package} {trained_with}, and {installed} is installed"
            return Finding(name, "warn", what, "Run `helpcare nlu train --force`")
    return Finding(name, "ok", f"of {manifest.created:%Y-%m-%d}, {manifest.examples} examples")
