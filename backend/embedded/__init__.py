"""The servers that Help Care brings along, for when none are configured.

Functions block (run them with :func:`asyncio.to_thread`). A server belongs to the process that
started it and ends with it, however that ends; the next start finds the data again.
"""

from backend.embedded.errors import EmbeddedServerError
from backend.embedded.postgres import (
    EmbeddedPostgres,
    available_extensions,
    running_postgres,
    start_postgres,
)
from backend.embedded.valkey import EmbeddedValkey, running_valkey, start_valkey

__all__ = [
    "EmbeddedPostgres",
    "EmbeddedServerError",
    "EmbeddedValkey",
    "available_extensions",
    "running_postgres",
    "running_valkey",
    "start_postgres",
    "start_valkey",
]
