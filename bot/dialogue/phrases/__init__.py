"""What the bot says, as data by language, and how a phrase becomes a message.

``es.toml``, ``en.toml`` and ``pt.toml`` hold the same keys with the same ``{placeholders}`` (a test
keeps that). A table and a key make a phrase key: ``[report] opened`` is ``report.opened``. The
labels of choices stand under ``[choice]``, keyed by choice id.
"""

import re
import tomllib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib import resources
from typing import cast, get_args
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time

from bot.dialogue.model import Say
from bot.messages import Choice, OutboundMessage
from nlp.understanding import Language

BOGOTA = ZoneInfo("America/Bogota")
LANGUAGES: tuple[Language, ...] = get_args(Language)

_LOCALE = {"es": "es_CO", "en": "en_US", "pt": "pt_BR"}
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_NOTHING: Mapping[str, str] = {}


@cache
def catalogue(language: Language) -> Mapping[str, str]:
    """All phrases of a language by key."""
    file = resources.files(__name__).joinpath(f"{language}.toml")
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    return {
        f"{table}.{key}": cast("str", text).strip()
        for table, phrases in tables.items()
        for key, text in phrases.items()
    }


def phrase(key: str, language: Language, params: Mapping[str, str] = _NOTHING) -> str:
    """The phrase with its placeholders filled in one pass: what a value holds stays text.

    KeyError for an unknown key or a missing parameter: both are mistakes of a programmer.
    """
    return _PLACEHOLDER.sub(lambda m: params[m[1]], catalogue(language)[key])


def choice(choice_id: str, language: Language) -> Choice:
    """An answer to offer, labelled in the language."""
    return Choice(id=choice_id, label=catalogue(language)[f"choice.{choice_id}"])


def render(say: Say, language: Language, extra: Mapping[str, str] = _NOTHING) -> OutboundMessage:
    """The message of a reply; ``extra`` adds what is known only when it is applied.

    Those are ``ticket`` and ``due`` of a ticket opened in the same turn, and always ``company`` and
    ``privacy_url`` where a conversation is answered. ``Say.choices`` come
    labelled in the language already, since the labels are what the next message may repeat.
    """
    params = {**extra, **say.params}
    return OutboundMessage(
        text=phrase(say.phrase, language, params),
        choices=say.choices,
        template=say.phrase.partition(".")[0] if say.phrase in _TEMPLATED else None,
        variables=params if say.phrase in _TEMPLATED else {},
    )


# Phrases that may open a conversation, so that a channel may need an approved template for them.
_TEMPLATED = frozenset(
    f"status.{key}" for key in ("in_progress", "waiting", "resolved", "closed", "reopened")
) | {"survey.question"}


def local_date(moment: datetime, language: Language) -> str:
    """A day in Colombia as a client reads it: "lunes 30 de noviembre"."""
    pattern = {"es": "EEEE d 'de' MMMM", "pt": "EEEE, d 'de' MMMM", "en": "EEEE, MMMM d"}[language]
    return format_date(moment.astimezone(BOGOTA), pattern, locale=_LOCALE[language])


def local_moment(moment: datetime, now: datetime, language: Language) -> str:
    """A moment near ``now`` in Colombia: "hoy a las 2:00 p. m.", "el lunes … a las …"."""
    local = moment.astimezone(BOGOTA)
    days = (local.date() - now.astimezone(BOGOTA).date()).days
    key = {0: "when.today", 1: "when.tomorrow"}.get(days, "when.later")
    pattern = "HH:mm" if language == "pt" else "h:mm a"
    time = format_time(local, pattern, locale=_LOCALE[language], tzinfo=BOGOTA)
    # Babel parts "p. m." by a no-break space that some clients' fonts show as a box.
    params = {"time": re.sub(r"[\u00a0\u202f]", " ", time), "day": local_date(moment, language)}
    return phrase(key, language, params)
