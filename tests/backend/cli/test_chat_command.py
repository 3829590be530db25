"""``helpcare chat`` against the real chat API on loopback."""

import io

import pytest
from support.servers import valkey_url
from support.web_app import served

from backend.cli.chat import chat
from backend.problems import Unavailable
from bot.messages import Choice, OutboundMessage


def bot(message):
    if message.payload:
        return OutboundMessage(text=f"Eligió {message.payload}")
    choices = (Choice(id="sap", label="SAP", description="B1"), Choice(id="red", label="Red [x]"))
    return OutboundMessage(text="[bold]¿Cuál?[/bold]", choices=choices)


def test_lines_are_sent_answers_shown_and_numbers_choose(
    database_url, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("sys.stdin", io.StringIO("Hola\n2\n\n/salir\nnunca\n"))
    with served(database_url, valkey_url(7), tmp_path, answer=bot) as address:
        chat(address)
    said = capsys.readouterr().out
    assert "Help Care  [bold]¿Cuál?[/bold]" in said  # shown, not obeyed
    assert "1. SAP — B1" in said
    assert "2. Red [x]" in said
    assert "Eligió red" in said
    assert said.count("Help Care") == 2


def test_where_nobody_answers_it_says_so(unused_tcp_port):
    with pytest.raises(Unavailable, match="helpcare run"):
        chat(f"http://127.0.0.1:{unused_tcp_port}")
