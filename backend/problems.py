"""Errors that a caller can understand: each class is one HTTP status (RFC 9457 problem)."""


class Problem(Exception):
    """Base of all. ``detail`` is shown to the caller; ``extra`` becomes members of the problem."""

    status = 500
    title = "Internal error"

    def __init__(self, detail: str, **extra: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra = extra


class Invalid(Problem):
    status = 422
    title = "Invalid"


class Unauthenticated(Problem):
    status = 401
    title = "Not signed in"


class Forbidden(Problem):
    status = 403
    title = "Not allowed"


class NotFound(Problem):
    status = 404
    title = "Not found"


class Conflict(Problem):
    """The state changed under the caller; ``extra`` says what it is now."""

    status = 409
    title = "Conflict"


class TooLarge(Problem):
    status = 413
    title = "Too large"


class TooMany(Problem):
    status = 429
    title = "Too many requests"


class Unavailable(Problem):
    status = 503
    title = "Temporarily unavailable"
