"""Alembic's versions; run by :mod:`backend.migrate`."""
