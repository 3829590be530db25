"""Only what we signed puts a mail into a conversation, and only its beginner is proved."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.mail.identity import Signer

ACCOUNT = "soporte@helpcare.example"
SIGNER = Signer(SecretStr("k" * 32), ACCOUNT)
THREAD = SIGNER.new_thread("juan@example.org", "<1@example.org>#0")
ADDRESS = SIGNER.reply_address(THREAD) or ""
MESSAGE_ID = SIGNER.message_id(THREAD, "part-1")


def test_what_we_sign_comes_back_as_the_thread() -> None:
    assert SIGNER.thread_of_address(ADDRESS) == THREAD
    assert SIGNER.thread_of_address(ADDRESS.upper()) == THREAD
    assert SIGNER.thread_of_message_id(MESSAGE_ID) == THREAD
    assert len(ADDRESS.partition("@")[0]) <= 64


def test_only_the_beginner_is_proved() -> None:
    assert SIGNER.began(THREAD, "juan@example.org")
    assert SIGNER.began(THREAD, "JUAN@example.org")
    assert not SIGNER.began(THREAD, "ana@example.org")
    assert not SIGNER.began("", "juan@example.org")


def test_the_same_mail_begins_the_same_thread_and_another_one_another() -> None:
    assert SIGNER.new_thread("juan@example.org", "<1@example.org>#0") == THREAD
    assert SIGNER.new_thread("juan@example.org", "<2@example.org>#0") != THREAD
    assert SIGNER.new_thread("ana@example.org", "<1@example.org>#0") != THREAD


@pytest.mark.parametrize(
    "other",
    [Signer(SecretStr("x" * 32), ACCOUNT), Signer(SecretStr("k" * 32), "otra@helpcare.example")],
)
def test_another_key_or_mailbox_knows_nothing_of_it(other: Signer) -> None:
    assert other.thread_of_address(ADDRESS) is None
    assert other.thread_of_message_id(MESSAGE_ID) is None
    assert not other.began(THREAD, "juan@example.org")


ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


@given(st.integers(0, len(ADDRESS) - 1), st.sampled_from(ALPHABET + "+.@-0"))
def test_no_changed_reply_address_is_accepted(position: int, character: str) -> None:
    forged = ADDRESS[:position] + character + ADDRESS[position + 1 :]
    assert (SIGNER.thread_of_address(forged) is None) == (forged != ADDRESS)


@given(st.integers(0, MESSAGE_ID.index("@") - 1), st.sampled_from(ALPHABET + "<>.@-0"))
def test_no_changed_message_id_is_accepted(position: int, character: str) -> None:
    forged = MESSAGE_ID[:position] + character + MESSAGE_ID[position + 1 :]
    assert (SIGNER.thread_of_message_id(forged) is None) == (forged != MESSAGE_ID)


@given(st.text(max_size=200))
def test_no_made_up_mark_is_accepted(text: str) -> None:
    assert SIGNER.thread_of_address(text) is None
    assert SIGNER.thread_of_message_id(text) is None
    assert not SIGNER.began(text, "juan@example.org")


def test_marks_are_not_interchangeable() -> None:
    mac = MESSAGE_ID.partition("@")[0].rpartition(".")[2]
    assert SIGNER.thread_of_address(f"soporte+{THREAD}.{mac}@helpcare.example") is None


def test_a_long_mailbox_name_has_no_reply_address() -> None:
    long = Signer(SecretStr("k" * 32), f"{'a' * 30}@helpcare.example")
    assert long.reply_address(THREAD) is None
    assert long.thread_of_message_id(long.message_id(THREAD, "1")) == THREAD


def test_a_weak_key_is_refused_and_no_key_is_shown() -> None:
    with pytest.raises(ValueError, match="16 characters"):
        Signer(SecretStr("corta"), ACCOUNT)
    assert "kkkk" not in repr(SIGNER)


def test_our_own_mailbox_is_known_with_and_without_a_tag() -> None:
    assert SIGNER.is_own("Soporte@HelpCare.example")
    assert SIGNER.is_own(ADDRESS)
    assert not SIGNER.is_own("soporte@helpcare.example.evil.example")
    assert not SIGNER.is_own("soporte2@helpcare.example")
