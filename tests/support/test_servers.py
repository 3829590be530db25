"""The test session's own servers do what the other tests rely on."""

import psycopg
import redis
from sqlalchemy.engine import make_url
from support.servers import drop_database, fresh_database, postgres_url, valkey_url


def test_a_fresh_database_copies_its_template_even_one_in_use():
    template = fresh_database()
    with psycopg.connect(template) as connection:
        connection.execute("CREATE TABLE thing (word text)")
        connection.execute("INSERT INTO thing VALUES ('año')")
    open_connection = psycopg.connect(template)
    copy = fresh_database(template)
    with psycopg.connect(copy) as connection:
        assert connection.execute("SELECT word FROM thing").fetchall() == [("año",)]
        connection.execute("DELETE FROM thing")
    open_connection.close()
    with psycopg.connect(template) as connection:
        assert connection.execute("SELECT count(*) FROM thing").fetchone() == (1,)
    drop_database(copy)
    drop_database(template)
    with psycopg.connect(postgres_url()) as connection:
        names = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
    assert not {make_url(template).database, make_url(copy).database} & names


def test_valkey_databases_are_apart():
    with (
        redis.Redis.from_url(valkey_url(8)) as one,
        redis.Redis.from_url(valkey_url(9)) as other,
    ):
        one.set("key", "value")
        assert one.get("key") == b"value"
        assert other.get("key") is None
        one.flushdb()
