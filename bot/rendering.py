"""Reshape a message into parts that a channel can carry. Pure."""

from collections.abc import Sequence
from typing import Literal

import regex

from bot.channels.channel import Capabilities
from bot.messages import Choice, OutboundMessage

ChoiceStyle = Literal["buttons", "list", "text"]

LIST_LABEL = 24  # WhatsApp's list rows; the only lists there are
LIST_DESCRIPTION = 72

# Best first. A break is taken at the end of the match, as late as the limit allows.
_BREAKS = tuple(
    regex.compile(pattern)
    for pattern in (
        r"\n[ \t]*\n\s*",  # paragraph
        r"\n\s*",  # line
        r"(?:[.!?…][\"'»”)\]]*|[。！？])\s+",  # sentence
        r"\s+",  # word
    )
)
_GRAPHEME = regex.compile(r"\X")


def length(text: str) -> int:
    """Length in UTF-16 units, the strictest of the vendors' ways to count characters."""
    return len(text) + sum(char > "\uffff" for char in text)


def split_text(text: str, limit: int) -> list[str]:
    """Cut into parts of at most ``limit`` UTF-16 units, on paragraph, line or sentence ends.

    Only white space at the cuts is dropped. A grapheme is cut only when it alone exceeds the limit.
    Blank text gives no parts.
    """
    if limit < 2:  # an astral character is two units
        raise ValueError("limit must be at least 2")
    parts = []
    rest = text.strip()
    while length(rest) > limit:
        end = _cut(rest, limit)
        if part := rest[:end].rstrip():
            parts.append(part)
        rest = rest[end:].lstrip()
    if rest:
        parts.append(rest)
    return parts


def _cut(text: str, limit: int) -> int:
    """Where to end the first part, as an index > 0. The text is longer than the limit."""
    end = _fitting(text, limit)
    # White space at the cut is dropped, so a break may reach one character past the limit.
    window = text[: end + 1]
    for pattern in _BREAKS:
        ends = [m.start() + len(m.group().rstrip()) for m in pattern.finditer(window)]
        late = [e for e in ends if end // 2 <= e <= end and e > 0]
        if late:
            return int(late[-1])
    whole = 0
    for grapheme in _GRAPHEME.finditer(text, 0, min(len(text), end + 64)):
        if grapheme.end() > end:
            break
        whole = grapheme.end()
    return whole or end


def _fitting(text: str, limit: int) -> int:
    """The number of leading characters that fit into ``limit`` UTF-16 units."""
    units = 0
    for index, char in enumerate(text):
        units += 2 if char > "\uffff" else 1
        if units > limit:
            return index
    return len(text)


def choice_style(choices: Sequence[Choice], capabilities: Capabilities) -> ChoiceStyle:
    """How the channel can show these choices. Labels must differ: a tap shows only the label."""
    labels = [choice.label for choice in choices]
    if len(set(labels)) < len(labels) or not all(label.strip() for label in labels):
        return "text"
    longest = max(map(length, labels), default=0)
    buttons = len(choices) <= capabilities.max_buttons and longest <= capabilities.max_button_label
    rows = len(choices) <= capabilities.max_list_rows and longest <= LIST_LABEL
    if buttons and not (rows and _described(choices)):
        return "buttons"
    return "list" if rows else "text"


def _described(choices: Sequence[Choice]) -> bool:
    return any(choice.description.strip() for choice in choices)


def numbered(message: OutboundMessage) -> OutboundMessage:
    """The message with its choices written out; the client answers by number or label."""
    lines = [
        f"{number}. {choice.label}" + (f" — {choice.description}" if choice.description else "")
        for number, choice in enumerate(message.choices, start=1)
    ]
    text = "\n\n".join(filter(None, (message.text.rstrip(), "\n".join(lines))))
    return message.model_copy(update={"text": text, "choices": ()})


def render(message: OutboundMessage, capabilities: Capabilities) -> tuple[OutboundMessage, ...]:
    """Split and reshape. Only the last part carries the choices, only the first what is sent once:
    the quote and the template, which outside the session window stands for the whole message.
    """
    style = choice_style(message.choices, capabilities)
    if message.choices and style == "text":
        message = numbered(message)
    elif style == "buttons" and _described(message.choices):
        # Buttons have no room for descriptions; the text above them has.
        text = numbered(message).text
        message = message.model_copy(update={"text": text})
    texts = split_text(message.text, capabilities.max_text)
    if message.choices and texts and length(texts[-1]) > capabilities.max_button_text:
        texts[-1:] = split_text(texts[-1], capabilities.max_button_text)
    last = len(texts) - 1
    return tuple(
        message.model_copy(
            update={
                "text": text,
                "choices": message.choices if index == last else (),
                "reply_to": message.reply_to if index == 0 else None,
                "template": message.template if index == 0 else None,
                "variables": message.variables if index == 0 else {},
            }
        )
        for index, text in enumerate(texts)
    )
