"""How a call to a business system can end badly, by what the caller may do next."""

from datetime import timedelta


class IntegrationError(Exception):
    """Base of all; ``str()`` is safe for logs: no secrets, no personal data."""


class TryLater(IntegrationError):
    """Nothing happened there; repeat, not before ``after``."""

    def __init__(self, reason: str, after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.after = after


class Refused(IntegrationError):
    """It will never be accepted as it is."""


class OutcomeUnknown(IntegrationError):
    """It may have happened: look before repeating."""
