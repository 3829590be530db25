"""The embedded PostgreSQL on real files, with real kills."""

import os
import pwd
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psycopg
import pytest

from backend.embedded import (
    EmbeddedServerError,
    available_extensions,
    running_postgres,
    start_postgres,
)
from backend.embedded.lock import DirectoryLock

BACK_WITHIN_S = 10


def write(url, word):
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (word text)")
        connection.execute("INSERT INTO kept VALUES (%s)", [word])


def words(url):
    with psycopg.connect(url) as connection:
        return [word for (word,) in connection.execute("SELECT word FROM kept ORDER BY word")]


def timed(start, *arguments):
    began = time.monotonic()
    server = start(*arguments)
    took = time.monotonic() - began
    print(f"back after {took:.2f} s")
    assert took < BACK_WITHIN_S
    return server


def test_a_new_database_speaks_spanish_and_utc(tmp_path, postgres):
    server = postgres(tmp_path / "not" / "there" / "yet")
    with psycopg.connect(server.url) as connection:

        def value(query):
            return connection.execute(query).fetchone()[0]

        assert value("SELECT upper('ñandú y camión')") == "ÑANDÚ Y CAMIÓN"
        assert value("SHOW timezone") == "UTC"
        assert value("SHOW fsync") == value("SHOW synchronous_commit") == "on"
        assert value("SELECT current_database()") == "helpcare"
        connection.execute("CREATE EXTENSION pg_trgm")
        assert value("SELECT similarity('nómina', 'nómima')") > 0.3
    assert {"pg_trgm", "unaccent", "vector"} <= available_extensions(server.url)


def test_comes_back_after_the_whole_tree_is_killed(data_dir, own, postgres):
    owner = own(data_dir)
    write(owner.postgres_url, "committed")
    owner.kill_tree()
    assert words(timed(postgres, data_dir).url) == ["committed"]


def test_a_killed_owner_leaves_no_server_behind(data_dir, own, postgres):
    owner = own(data_dir)
    write(owner.postgres_url, "committed")
    assert len(owner.family) > 4
    owner.kill()
    _, alive = psutil.wait_procs(owner.family, timeout=10)
    assert alive == []
    assert words(timed(postgres, data_dir).url) == ["committed"]


def test_starts_again_at_once_when_only_the_owner_was_killed(data_dir, own, postgres):
    owner = own(data_dir)
    write(owner.postgres_url, "committed")
    owner.kill()
    assert words(timed(postgres, data_dir).url) == ["committed"]


def test_ends_an_orphan_whose_guardian_hangs(data_dir, own, postgres):
    owner = own(data_dir)
    write(owner.postgres_url, "committed")
    for guardian in owner.guardians:
        guardian.suspend()
    owner.kill()
    assert words(owner.postgres_url) == ["committed"], "the orphan serves on"
    assert words(timed(postgres, data_dir).url) == ["committed"]
    assert [p for p in owner.family if p.is_running() and p.name() == "postgres"] == []


def test_ends_backends_that_outlive_their_postmaster(data_dir, own, postgres):
    owner = own(data_dir)
    write(owner.postgres_url, "committed")
    backend = next(p for p in owner.family if "checkpointer" in " ".join(p.cmdline()))
    backend.suspend()  # else it notices by itself
    for process in owner.guardians:
        process.kill()
    psutil.Process(backend.ppid()).kill()
    owner.kill()
    assert words(timed(postgres, data_dir).url) == ["committed"]
    assert not backend.is_running()


def test_a_stale_pid_that_now_belongs_to_a_stranger_does_not_matter(data_dir, own, postgres):
    owner = own(data_dir)
    write(owner.postgres_url, "committed")
    owner.kill_tree()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            file = data_dir / "postgres" / name
            _, *rest = file.read_text().splitlines()
            file.write_text("\n".join([str(stranger.pid), *rest]) + "\n")
        assert words(timed(postgres, data_dir).url) == ["committed"]
        assert stranger.poll() is None
        stranger.kill()


def test_a_crash_of_the_server_itself_is_mended(data_dir, postgres):
    server = postgres(data_dir)
    write(server.url, "committed")
    pid = int((data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0])
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + BACK_WITHIN_S
    while True:
        try:
            assert words(server.url) == ["committed"]
            break
        except psycopg.OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_restart_is_a_crash_that_keeps_the_address_and_the_data(data_dir, postgres):
    server = postgres(data_dir)
    write(server.url, "committed")
    with psycopg.connect(server.url) as connection:
        connection.execute("INSERT INTO kept VALUES ('uncommitted')")
        timed(server.restart)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    assert words(server.url) == ["committed"]


def test_a_second_owner_is_refused_and_told_the_way_out(data_dir, own, tmp_path):
    owner = own(data_dir)
    second = own(data_dir)
    assert second.process.wait(10) == 3
    with pytest.raises(EmbeddedServerError) as refusal:
        start_postgres(data_dir)
    for text in (second.said, str(refusal.value)):
        assert str(data_dir) in text
        assert f"process {owner.process.pid}" in text
        assert "HELPCARE_DATA_DIR" in text
    write(owner.postgres_url, "undisturbed")
    link = tmp_path / "other-name"
    link.symlink_to(data_dir)
    with pytest.raises(EmbeddedServerError, match="in use"):
        start_postgres(link)


def test_a_child_forked_by_a_killed_owner_delays_the_next_only_a_moment(tmp_path):
    code = (
        "import os, sys, time; from pathlib import Path\n"
        "from backend.embedded.lock import DirectoryLock\n"
        "lock = DirectoryLock(Path(sys.argv[1]), 'postgres')\n"
        "if os.fork() == 0: time.sleep(1); os._exit(0)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    subprocess.run([sys.executable, "-c", code, tmp_path], env=environment, check=False)
    DirectoryLock(tmp_path, "postgres").release()


def test_another_process_finds_the_running_server(data_dir, own):
    assert running_postgres(data_dir) is None
    owner = own(data_dir)
    assert running_postgres(data_dir) == owner.postgres_url
    owner.kill()
    assert running_postgres(data_dir) is None


def test_stop_ends_everything_and_may_be_repeated(data_dir, postgres):
    before = set(psutil.Process().children(recursive=True))
    server = postgres(data_dir)
    server.stop()
    server.stop()
    assert set(psutil.Process().children(recursive=True)) <= before
    assert not (data_dir / "postgres" / "postmaster.pid").exists()
    assert running_postgres(data_dir) is None


@pytest.mark.parametrize("version", ["19", "16"])
def test_data_of_another_version_is_refused_untouched(data_dir, version):
    (data_dir / "postgres" / "PG_VERSION").write_text(f"{version}\n")
    with pytest.raises(EmbeddedServerError) as refusal:
        start_postgres(data_dir)
    assert f"written by PostgreSQL {version}" in str(refusal.value)
    assert "carries PostgreSQL 18" in str(refusal.value)
    assert "HELPCARE_DATABASE_URL" in str(refusal.value)
    (data_dir / "postgres" / "PG_VERSION").write_text("18\n")
    start_postgres(data_dir).stop()


def test_an_interrupted_creation_is_begun_anew(tmp_path, postgres):
    (tmp_path / "postgres.new" / "base").mkdir(parents=True)
    (tmp_path / "postgres.new" / "PG_VERSION").write_text("18\n")
    (tmp_path / "postgres.new.password").write_text("half")
    write(postgres(tmp_path).url, "fine")


def test_a_long_path_goes_over_loopback_with_a_password(tmp_path, own, postgres):
    data_dir = tmp_path / ("long" * 25)
    server = postgres(data_dir)
    write(server.url, "committed")
    password = psycopg.conninfo.conninfo_to_dict(server.url)["password"]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.url, password="wrong")
    assert password not in repr(server)
    assert password not in (data_dir / "postgres.log").read_text()
    timed(server.restart)
    server.stop()
    assert words(postgres(data_dir).url) == ["committed"]


def test_a_damaged_database_is_reported_with_the_servers_own_words(data_dir):
    (data_dir / "postgres" / "global" / "pg_control").write_bytes(b"\0" * 8192)
    with pytest.raises(EmbeddedServerError, match=r"FATAL:.*(incompatible|control file)"):
        start_postgres(data_dir)


@pytest.fixture
def mount(tmp_path):
    """A small file system of our own, where the machine lets us have one."""
    mounted = []

    def make(options):
        if os.geteuid() != 0:
            pytest.skip("only root can mount a file system")
        place = tmp_path / "mounted"
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", place]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("this machine does not let us mount a file system")
        mounted.append(place)
        return place

    yield make
    for place in mounted:
        subprocess.run(["umount", "-l", place], check=True)


def test_a_read_only_file_system_is_named(mount):
    place = mount("ro,size=1m")
    with pytest.raises(EmbeddedServerError, match=r"Read-only file system.*mount it writable"):
        start_postgres(place / "data")


def test_a_full_disk_is_named_before_anything_is_written(mount):
    place = mount("size=30m")
    with pytest.raises(EmbeddedServerError, match=r"has 3[01] MB free: free some space"):
        start_postgres(place)
    assert not (place / "postgres").exists()


def test_serves_again_when_a_full_disk_is_freed(mount, pristine, postgres):
    place = mount("size=120m")
    subprocess.run(["cp", "-a", pristine, place / "postgres"], check=True)
    server = postgres(place)
    write(server.url, "committed")
    filler = place / "filler"
    subprocess.run(["dd", "if=/dev/zero", f"of={filler}"], stderr=subprocess.DEVNULL, check=False)
    large = "INSERT INTO kept SELECT repeat('x', 900) FROM generate_series(1, 40000)"
    with psycopg.connect(server.url) as connection, pytest.raises(psycopg.Error):
        connection.execute(large)
    filler.unlink()
    deadline = time.monotonic() + BACK_WITHIN_S
    while True:
        try:
            assert words(server.url) == ["committed"]
            break
        except psycopg.OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def as_nobody(code_path):
    if os.geteuid() != 0:
        pytest.skip("already runs as an ordinary account")
    nobody = pwd.getpwnam("nobody")
    who = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    probe = [sys.executable, "-c", f"open({str(code_path)!r})"]
    try:
        reachable = subprocess.run(probe, cwd="/", capture_output=True, check=False, **who)
    except PermissionError:
        reachable = None
    if reachable is None or reachable.returncode:
        pytest.skip("the project lies where an ordinary account cannot read it")
    return who


def test_an_ordinary_account_runs_it_too(own, tmp_path_factory):
    who = as_nobody(Path(__file__).with_name("owner.py"))
    with subprocess.Popen(["mktemp", "-d"], stdout=subprocess.PIPE, text=True, **who) as made:
        data_dir = Path(made.stdout.read().strip())
    owner = own(data_dir, **who)
    assert owner.postgres_url.startswith("postgresql://")
    assert {process.username() for process in owner.family} == {"nobody"}
    write(owner.postgres_url, "committed")
    owner.kill_tree()
    assert words(own(data_dir, **who).postgres_url) == ["committed"]


def test_a_directory_of_somebody_else_is_named(own, tmp_path):
    who = as_nobody(Path(__file__).with_name("owner.py"))
    owner = own("/usr/helpcare-data", **who)
    assert owner.process.wait(10) == 3
    assert "/usr/helpcare-data: error: Permission denied" in owner.said
    assert "HELPCARE_DATA_DIR" in owner.said
