"""Names that an account's people use: its projects and contracts beside its services."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE accounts ADD COLUMN projects text[] NOT NULL DEFAULT '{}'")
    op.execute("ALTER TABLE accounts ADD COLUMN contracts text[] NOT NULL DEFAULT '{}'")


def downgrade() -> None:
    op.execute("ALTER TABLE accounts DROP COLUMN contracts")
    op.execute("ALTER TABLE accounts DROP COLUMN projects")
