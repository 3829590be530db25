"""Whatever is killed whenever: nothing acknowledged is lost, nothing happens twice, order holds."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from poster import phone_of, text_of
from support.providers import served, twilio_settings
from support.running import HelpCare, eventually, kill
from support.twilio_api import FakeTwilio

PUBLIC_URL = "https://ayuda.example"
SENDERS = 5
CALM_S = 3.0  # of normal work between two crashes
SETTLED_S = 240


@pytest.fixture
def twilio() -> FakeTwilio:
    return FakeTwilio()


@pytest.fixture
def server(twilio: FakeTwilio, tmp_path: Path) -> Iterator[HelpCare]:
    with served(twilio.app) as url:
        settings = {"HELPCARE_PUBLIC_URL": PUBLIC_URL, "HELPCARE_WORKERS": "2"}
        server = HelpCare(tmp_path, twilio_settings(url) | settings)
        try:
            yield server
        finally:
            server.kill()


@contextmanager
def posting(server: HelpCare, journal: Path) -> Iterator[None]:
    """The poster, from before the first crash until after the last."""
    here = Path(__file__).parent
    arguments = [str(server.port), PUBLIC_URL, str(journal), str(SENDERS)]
    poster = subprocess.Popen(
        [sys.executable, str(here / "poster.py"), *arguments],
        env=os.environ | {"PYTHONPATH": str(here.parent)},
    )
    try:
        yield
        poster.send_signal(signal.SIGTERM)
        assert poster.wait(60) == 0
    finally:
        poster.kill()
        poster.wait()


# --- ways to die ----------------------------------------------------------------------------


def everything(server: HelpCare) -> None:
    server.kill()
    server.start()


def supervisor(server: HelpCare) -> None:
    """Its orphans end by themselves, and only then does the port become free."""
    orphans = server.family()[1:]
    kill(server.family()[:1])
    assert server.process is not None
    server.process.wait()
    _, left = psutil.wait_procs(orphans, timeout=30)
    assert not left, f"outlived the supervisor: {left}"
    server.start()


def web(server: HelpCare) -> None:
    kill(server.children("web"))


def one_worker(server: HelpCare) -> None:
    kill(server.children("worker")[:1])


def all_workers(server: HelpCare) -> None:
    kill(server.children("worker"))


def postgres_immediate(server: HelpCare) -> None:
    """As a crash of the database, without a checkpoint."""
    os.kill(eventually(server.postmaster), signal.SIGQUIT)


def postgres_killed(server: HelpCare) -> None:
    postmaster = eventually(server.postmaster)
    with suppress(psutil.NoSuchProcess):
        kill([psutil.Process(postmaster)])


CRASHES: tuple[Callable[[HelpCare], None], ...] = (
    *(all_workers, postgres_immediate, everything, web),
    *(postgres_killed, one_worker, supervisor, everything),
)


def resumed(server: HelpCare, journal: Path, within: float = 60) -> float:
    """Seconds until a new message was acknowledged and another handled."""
    began = time.monotonic()
    acknowledged = _lines(journal)
    handled = None

    def works() -> bool:
        nonlocal handled
        now = _handled(server)
        handled = now if handled is None else handled
        return now is not None and now > handled and _lines(journal) > acknowledged

    eventually(works, within=within, what=server.tail)
    return time.monotonic() - began


def _handled(server: HelpCare) -> int | None:
    """``None`` while the database is away."""
    with suppress(Exception):
        return server.row("SELECT count(*) AS n FROM inbox_events WHERE state = 'done'").n
    return None


def _lines(journal: Path) -> int:
    return len(journal.read_text().splitlines())


# --- the test -------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_nothing_is_lost_or_doubled_when_anything_is_killed(
    server: HelpCare, twilio: FakeTwilio, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    journal.touch()
    server.start()
    server.wait_until_ready()
    with posting(server, journal):
        eventually(lambda: _lines(journal) > SENDERS)
        for crash in CRASHES:
            time.sleep(CALM_S)  # the load under which it happens
            crash(server)
            print(f"{crash.__name__}: works again after {resumed(server, journal):.1f} s")
    _settle(server)
    acknowledged = _acknowledged(journal)
    print(f"{sum(map(len, acknowledged.values()))} messages acknowledged")
    _stored_once_in_order(server, acknowledged)
    _answered_once(server)
    _sent_at_most_once(server, twilio)
    print(f"stopped within {server.stop():.1f} s")


def _settle(server: HelpCare) -> None:
    """Until nothing is unread and nothing is to be sent but what is looked into later."""

    def open_rows() -> list:
        return server.rows(
            "SELECT 'inbox' AS place, state, error FROM inbox_events WHERE state = 'new' "
            "UNION ALL SELECT 'outbox', state, error FROM outbox_items "
            "WHERE state IN ('queued', 'sending')"
        )

    began = time.monotonic()
    eventually(lambda: not open_rows(), within=SETTLED_S, what=lambda: str(open_rows()[:20]))
    print(f"settled after {time.monotonic() - began:.1f} s")


def _acknowledged(journal: Path) -> dict[int, list[str]]:
    """The MessageSids by sender, in the order of writing."""
    found: dict[int, list[str]] = {sender: [] for sender in range(SENDERS)}
    for line in journal.read_text().splitlines():
        sender, number, sid = line.split()
        found[int(sender)].append(sid)
        assert len(found[int(sender)]) == int(number)
    return found


def _stored_once_in_order(server: HelpCare, acknowledged: dict[int, list[str]]) -> None:
    for sender, sids in acknowledged.items():
        phone = phone_of(sender)
        events = server.rows(
            "SELECT e.provider_id, e.number, e.state FROM inbox_events e "
            "JOIN inbox_threads t ON t.id = e.thread_id WHERE t.thread = %s ORDER BY e.number",
            phone,
        )
        assert [event.provider_id for event in events] == sids
        assert [event.number for event in events] == list(range(1, len(sids) + 1))
        assert {event.state for event in events} == {"done"}
        [conversation] = server.rows("SELECT * FROM conversations WHERE address = %s", phone)
        messages = server.rows(
            "SELECT provider_id, text FROM messages "
            "WHERE conversation_id = %s AND author = 'client' ORDER BY id",
            conversation.id,
        )
        assert [message.provider_id for message in messages] == sids
        texts = [text_of(number) for number in range(1, len(sids) + 1)]
        assert [message.text for message in messages] == texts
    assert server.row("SELECT count(*) AS n FROM contacts").n == SENDERS
    drafts = "SELECT conversation_id FROM ticket_drafts GROUP BY 1 HAVING count(*) > 1"
    assert not server.rows(drafts)


def _answered_once(server: HelpCare) -> None:
    """Each message has the replies of one turn, numbered without a gap, in the outbox."""
    replies = server.rows(
        "SELECT m.id, array_agg(split_part(o.key, ':', 3)::int ORDER BY o.id) "
        "  FILTER (WHERE o.key IS NOT NULL) AS numbers "
        "FROM messages m LEFT JOIN outbox_items o ON o.lane = 'whatsapp' "
        "  AND o.key LIKE 'turn:' || m.id || ':%%' "
        "WHERE m.author = 'client' GROUP BY m.id"
    )
    for message in replies:
        assert message.numbers, f"message {message.id} has no reply"
        assert sorted(set(message.numbers)) == list(range(1, max(message.numbers) + 1))
    twice = server.rows(
        "SELECT conversation_id, text FROM messages WHERE author = 'client' "
        "GROUP BY inbox_id, 1, 2 HAVING count(*) > 1"
    )
    assert not twice
    opened = server.rows(
        "SELECT ticket_id FROM ticket_events WHERE kind = 'opened' "
        "GROUP BY ticket_id HAVING count(*) > 1"
    )
    assert not opened


def _sent_at_most_once(server: HelpCare, twilio: FakeTwilio) -> None:
    """Twilio got each reply once; one more or none only where a crash left its fate unknown."""
    rows = server.rows(
        "SELECT c.address, m.text, o.state, EXISTS (SELECT FROM outbox_attempts a "
        "  WHERE a.item_id = o.id AND a.outcome <> 'receipt') OR o.attempts > 1 AS doubtful "
        "FROM outbox_items o JOIN messages m ON m.id = o.message_id "
        "JOIN conversations c ON c.id = o.conversation_id WHERE o.lane = 'whatsapp'"
    )
    assert {row.state for row in rows} <= {"sent", "uncertain"}

    def counted(wanted: Callable[..., bool]) -> Counter:
        return Counter((f"whatsapp:{r.address}", _words(r.text)) for r in rows if wanted(r))

    got = Counter((message["to"], _words(message["body"])) for message in twilio.sent)
    doubtful = counted(lambda row: row.doubtful)
    missing = counted(lambda row: row.state == "sent") - got
    extra = got - counted(lambda _: True)
    assert not missing, "said to be sent, and Twilio did not get it"
    assert not extra - doubtful, "sent twice without a doubt"
    uncertain = sum(row.state == "uncertain" for row in rows)
    print(
        f"{len(rows)} replies, {doubtful.total()} were in doubt and {uncertain} still are; "
        f"{extra.total()} sent twice"
    )


def _words(text: str) -> str:
    return " ".join(text.split())
