"""Which language to show a page in."""

from typing import Final

from nlp.understanding import Language

_LANGUAGES: Final[dict[str, Language]] = {"es": "es", "en": "en", "pt": "pt"}


def language_of(accept_language: str | None) -> Language:
    """The best of our languages for an ``Accept-Language`` header (RFC 9110 12.5.4). Pure."""
    best: tuple[float, int, Language] | None = None
    for position, part in enumerate((accept_language or "")[:500].split(",")):
        tag, _, parameters = part.strip().partition(";")
        language = _LANGUAGES.get(tag.partition("-")[0].lower())
        name, _, weight = parameters.strip().partition("=")
        try:
            quality = float(weight) if name == "q" else 1.0
        except ValueError:
            continue
        if language and quality > 0 and (best is None or (quality, -position) > best[:2]):
            best = (quality, -position, language)
    return best[2] if best else "es"
