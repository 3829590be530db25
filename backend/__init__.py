"""HTTP, database, workers, console; ``runtime.py`` is the only composition root."""
