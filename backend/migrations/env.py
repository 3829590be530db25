"""Alembic's entry: runs the versions beside it on the connection given by ``backend.migrate``."""

from alembic import context

from backend.models import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
