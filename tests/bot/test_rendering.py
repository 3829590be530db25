from datetime import timedelta

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.channel import Capabilities
from bot.messages import Choice, OutboundMessage
from bot.rendering import choice_style, length, numbered, render, split_text

WHATSAPP = Capabilities(max_text=1600, max_buttons=3, max_list_rows=10)
PLAIN = Capabilities(max_text=1600, session_window=timedelta(hours=24))

# Marks stand only where they belong to a letter: a mark on a space has no grapheme to keep.
anything = st.lists(
    st.characters(exclude_categories=["Cs", "Cf", "M"])
    | st.sampled_from([" ", "\n", "\n\n", ". ", "👩‍💻", "e\u0301", "🇨🇴 ", "palabra ", "क्षि"]),
    max_size=400,
).map("".join)


def without_space(text):
    return "".join(text.split())


@given(anything, st.integers(2, 120))
def test_nothing_is_lost_and_every_part_fits(text, limit):
    parts = split_text(text, limit)
    assert without_space("".join(parts)) == without_space(text)
    assert all(0 < length(part) <= limit for part in parts)
    assert all(part == part.strip() for part in parts)


@given(anything, st.integers(40, 120))
def test_no_grapheme_is_cut_that_fits_in_a_part(text, limit):
    graphemes = regex.findall(r"\X", without_space(text))
    if any(length(g) > limit for g in graphemes):
        return
    tokens = [g for part in split_text(text, limit) for g in regex.findall(r"\X", part)]
    cut = [g for g in tokens if not g.isspace()]
    whole = [g for g in regex.findall(r"\X", text) if not g.isspace()]
    assert [without_space(g) for g in cut] == [without_space(g) for g in whole]


def test_length_counts_utf16_units():
    assert length("a👍ñ") == 4 == len("a👍ñ".encode("utf-16-le")) // 2


def test_an_emoji_family_stays_together():
    family = "👩‍👩‍👧‍👦"
    assert split_text("a" * 15 + family, 20) == ["a" * 15, family]


def test_a_grapheme_longer_than_the_limit_is_cut_rather_than_looped_over():
    zalgo = "a" + "\u0301" * 50
    parts = split_text(zalgo, 20)
    assert "".join(parts) == zalgo
    assert [len(p) for p in parts] == [20, 20, 11]


@pytest.mark.parametrize(
    ("text", "limit", "parts"),
    [
        ("Uno dos. Tres cuatro.", 12, ["Uno dos.", "Tres cuatro."]),
        ("Uno.\n\nDos. Tres cuatro", 12, ["Uno.\n\nDos.", "Tres cuatro"]),
        ("Buenos días.\n\nSu caso fue. Abierto", 30, ["Buenos días.\n\nSu caso fue.", "Abierto"]),
        ("¿Sigue? «No.» Bien", 15, ["¿Sigue? «No.»", "Bien"]),
        ("sin ningún corte", 10, ["sin ningún", "corte"]),
        ("x" * 25, 10, ["x" * 10, "x" * 10, "x" * 5]),
        ("   ", 10, []),
        ("", 10, []),
        ("justo", 5, ["justo"]),
    ],
)
def test_where_it_cuts(text, limit, parts):
    assert split_text(text, limit) == parts


def test_a_long_split_is_linear():
    assert len(split_text("palabra " * 50_000, 1600)) == 250


def test_an_impossible_limit_is_refused():
    with pytest.raises(ValueError, match="at least 2"):
        split_text("👍", 1)


def options(count, label="Opción {}"):
    return tuple(Choice(id=f"c{i}", label=label.format(i)) for i in range(1, count + 1))


@pytest.mark.parametrize(
    ("choices", "style"),
    [
        (options(3), "buttons"),
        (options(4), "list"),
        (options(10), "list"),
        (options(11), "text"),
        (options(2, "Etiqueta de veintidós {}"), "list"),
        (options(2, "Una etiqueta que no cabe en la lista {}"), "text"),
        (options(2, "Igual"), "text"),
        (options(2, " "), "text"),
    ],
)
def test_choice_style_on_whatsapp(choices, style):
    assert choice_style(choices, WHATSAPP) == style


def test_choices_become_numbers_where_there_are_no_buttons():
    message = OutboundMessage(
        text="¿Cuál?", choices=(Choice(id="a", label="Red", description="VPN, Wi-Fi"), *options(1))
    )
    assert render(message, PLAIN) == (
        OutboundMessage(text="¿Cuál?\n\n1. Red — VPN, Wi-Fi\n2. Opción 1"),
    )
    assert numbered(message).choices == ()


def test_descriptions_are_shown_in_rows_or_else_above_the_buttons():
    choices = (Choice(id="a", label="Red", description="VPN, Wi-Fi"), Choice(id="b", label="Otro"))
    assert choice_style(choices, WHATSAPP) == "list"
    (part,) = render(
        OutboundMessage(text="¿Cuál?", choices=choices), Capabilities(max_text=4096, max_buttons=8)
    )
    assert part.text == "¿Cuál?\n\n1. Red — VPN, Wi-Fi\n2. Otro"
    assert part.choices == choices


def test_only_the_last_part_has_choices_and_only_the_first_has_quote_and_template():
    message = OutboundMessage(
        text="Una frase bastante corta. " * 120,
        choices=options(2),
        reply_to="SM1",
        template="status",
        variables={"1": "x"},
        automatic=False,
    )
    parts = render(message, WHATSAPP)
    assert len(parts) > 1
    assert [len(p.choices) for p in parts] == [0] * (len(parts) - 1) + [2]
    assert [p.template for p in parts] == ["status"] + [None] * (len(parts) - 1)
    assert [p.reply_to for p in parts] == ["SM1"] + [None] * (len(parts) - 1)
    assert not any(p.automatic for p in parts)
    assert length(parts[-1].text) <= WHATSAPP.max_button_text


def test_text_above_buttons_is_shorter_than_plain_text():
    parts = render(OutboundMessage(text="Palabra. " * 150, choices=options(3)), WHATSAPP)
    assert [length(p.text) <= 1024 for p in parts] == [True, True]
    assert len(render(OutboundMessage(text="Palabra. " * 150), WHATSAPP)) == 1


def test_blank_text_sends_nothing():
    assert render(OutboundMessage(text=" \n"), WHATSAPP) == ()


@given(anything, st.integers(0, 12))
def test_rendering_loses_nothing(text, count):
    message = OutboundMessage(text=text, choices=options(count))
    parts = render(message, Capabilities(max_text=60, max_buttons=3, max_button_text=30))
    shown = without_space("".join(part.text for part in parts))
    assert shown.startswith(without_space(message.text))
    if parts and not parts[-1].choices:
        assert all(without_space(choice.label) in shown for choice in message.choices)
