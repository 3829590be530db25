"""An index in the order in which the outbox is claimed.

With only the one by due time each claim read and sorted all that waited in its lane.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE INDEX ix_outbox_items_queue ON outbox_items (lane, id) WHERE state = 'queued'"
    )


def downgrade() -> None:
    op.execute("DROP INDEX ix_outbox_items_queue")
