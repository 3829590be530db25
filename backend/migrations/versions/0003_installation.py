"""A name for this database, so that its records in a shared CRM are told from another's."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE installation (id uuid NOT NULL DEFAULT gen_random_uuid())")
    op.execute("CREATE UNIQUE INDEX one_installation ON installation ((true))")
    op.execute("INSERT INTO installation DEFAULT VALUES")


def downgrade() -> None:
    op.execute("DROP TABLE installation")
