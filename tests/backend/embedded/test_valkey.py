"""The embedded Valkey, with real kills."""

import psutil
import pytest
import redis

from backend.embedded import EmbeddedServerError, running_valkey, start_valkey


def answers(url):
    with redis.Redis.from_url(url) as client:
        return client.set("key", "value") and client.get("key") == b"value"


@pytest.fixture
def valkey():
    servers = []

    def start(data_dir):
        servers.append(start_valkey(data_dir))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def test_starts_serves_is_found_and_stops(tmp_path, valkey):
    assert running_valkey(tmp_path) is None
    server = valkey(tmp_path)
    assert server.url.startswith("unix://")
    assert answers(server.url)
    assert running_valkey(tmp_path) == server.url
    server.stop()
    server.stop()
    assert running_valkey(tmp_path) is None
    with pytest.raises(redis.ConnectionError):
        answers(server.url)


def test_starts_over_the_socket_file_and_the_orphan_of_a_killed_owner(data_dir, own, valkey):
    owner = own(data_dir)
    for guardian in owner.guardians:
        guardian.suspend()
    owner.kill()
    assert answers(owner.valkey_url), "the orphan serves on"
    assert answers(valkey(data_dir).url)
    assert [p for p in owner.family if p.is_running() and p.name() == "valkey-server"] == []


def test_a_crash_of_the_server_itself_is_mended(tmp_path, valkey):
    server = valkey(tmp_path)
    with redis.Redis.from_url(server.url) as client:
        psutil.Process(client.info("server")["process_id"]).kill()
    with redis.Redis.from_url(
        server.url, retry=redis.retry.Retry(redis.backoff.ConstantBackoff(0.1), 50)
    ) as client:
        assert client.ping()


def test_a_second_owner_is_refused(tmp_path, valkey):
    valkey(tmp_path)
    with pytest.raises(EmbeddedServerError, match=r"embedded valkey there.*HELPCARE_DATA_DIR"):
        start_valkey(tmp_path)


def test_a_long_path_goes_over_loopback_with_a_password(tmp_path, valkey):
    server = valkey(tmp_path / ("long" * 25))
    assert answers(server.url)
    address, _, port = server.url.rpartition("@")
    with pytest.raises(redis.AuthenticationError):
        answers(f"redis://{port}")
    assert address.split(":")[-1] not in repr(server)


def test_the_socket_is_for_this_account_only(tmp_path, valkey):
    valkey(tmp_path)
    assert (tmp_path / "valkey").stat().st_mode & 0o077 == 0
    assert (tmp_path / "valkey" / "valkey.sock").stat().st_mode & 0o077 == 0


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "valkey").write_text("not a directory")
    with pytest.raises(EmbeddedServerError, match="Valkey does not run in"):
        start_valkey(tmp_path)
