"""Owners of embedded servers, as processes of their own that can be killed."""

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from backend.embedded import start_postgres

ROOT = Path(__file__).parents[3]
OWNER = Path(__file__).with_name("owner.py")


class Owner:
    def __init__(self, data_dir, **popen):
        self.process = subprocess.Popen(
            [sys.executable, OWNER, data_dir],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            cwd="/",
            **popen,
        )
        self.said = self.process.stdout.readline().strip()
        self.postgres_url, _, self.valkey_url = self.said.partition(" ")
        self.family = psutil.Process(self.process.pid).children(recursive=True)
        self.guardians = [p for p in self.family if "guardian.py" in " ".join(p.cmdline())]

    def kill(self):
        self.process.kill()
        self.process.wait()

    def kill_tree(self):
        for process in [psutil.Process(self.process.pid), *self.family]:
            with suppress(psutil.NoSuchProcess):  # it ended with its parent
                process.kill()
        self.process.wait()
        psutil.wait_procs(self.family, timeout=5)

    def close(self):
        if self.process.poll() is None:
            self.kill()
        self.process.stdout.close()
        for guardian in self.guardians:
            with suppress(psutil.NoSuchProcess):
                guardian.resume()
        psutil.wait_procs(self.family, timeout=20)


@pytest.fixture
def own():
    owners = []

    def start(data_dir, **popen):
        owners.append(Owner(data_dir, **popen))
        return owners[-1]

    yield start
    for owner in owners:
        owner.close()


@pytest.fixture(scope="session")
def pristine(tmp_path_factory):
    """Files of a new database, made once."""
    data_dir = tmp_path_factory.mktemp("pristine")
    start_postgres(data_dir).stop()
    return data_dir / "postgres"


@pytest.fixture
def data_dir(pristine):
    """Short enough for a socket in it, which pytest's own folders may not be."""
    with tempfile.TemporaryDirectory(prefix="hc-") as folder:
        shutil.copytree(pristine, Path(folder) / "data" / "postgres")
        yield Path(folder) / "data"


@pytest.fixture
def postgres():
    """Start servers that end with the test."""
    servers = []

    def start(data_dir):
        servers.append(start_postgres(data_dir))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
