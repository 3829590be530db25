from random import Random

from benchmarks.noise import capitals, mistyped, without_accents
from hypothesis import given
from hypothesis import strategies as st

TEXT = "desde ayer la facturación electrónica no funciona en ninguna sede de la compañía"


@given(st.text(max_size=200), st.integers(0, 99))
def test_the_same_seed_slips_the_same_and_no_word_is_lost(text: str, seed: int) -> None:
    once = mistyped(text, Random(seed))
    assert once == mistyped(text, Random(seed))
    assert len(once.split(" ")) == len(text.split(" "))


def test_about_as_many_words_are_mistyped_as_asked() -> None:
    words = TEXT.split() * 100
    changed = mistyped(" ".join(words), Random(7)).split()
    share = sum(a != b for a, b in zip(words, changed, strict=True)) / len(words)
    assert 0.08 < share < 0.16
    assert mistyped(TEXT, Random(7), share=0.0) == TEXT


def test_accents_and_capitals() -> None:
    assert without_accents("señor, mañana él llegó") == "senor, manana el llego"
    assert capitals("señor") == "SEÑOR"
