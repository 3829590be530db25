"""What the chat's JSON looks like."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from bot.messages import Choice


class ChatFile(BaseModel):
    id: int | None  # null while the upload waits for its turn
    name: str
    content_type: str
    size: int | None
    image: bool  # safe to show inside the page


class ChatEntry(BaseModel):
    """One bubble. ``id`` is null while a visitor's message waits for its turn."""

    id: int | None
    client_id: str | None  # the id that the visitor's page made
    author: Literal["client", "bot", "agent"]
    name: str | None  # the agent's first name
    kind: str
    text: str
    choices: list[Choice]
    files: list[ChatFile]
    at: datetime
    state: Literal["received", "handled"] | None  # of a visitor's own message


class ChatView(BaseModel):
    messages: list[ChatEntry]
    typing: bool  # an answer of the bot is on its way
    agent: str | None  # first name of the person who attends


class Accepted(BaseModel):
    """The message is stored and will be answered. ``repeated``: it was stored before."""

    id: str
    repeated: bool
    at: datetime


class ReadUpTo(BaseModel):
    id: int
