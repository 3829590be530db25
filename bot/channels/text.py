"""Text as a provider sends it, made fit to be stored. Pure."""


def storable(text: str) -> str:
    """Without what PostgreSQL refuses: NUL, and halves of characters that JSON can hold."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "").encode(errors="replace").decode()
