"""What an agent says a client's message meant, for training."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE corrections (
            message_id bigint NOT NULL,
            intents jsonb NOT NULL,
            agent_id bigint NOT NULL,
            at timestamptz NOT NULL,
            CONSTRAINT pk_corrections PRIMARY KEY (message_id),
            CONSTRAINT fk_corrections_message_id_messages
                FOREIGN KEY (message_id) REFERENCES messages (id),
            CONSTRAINT fk_corrections_agent_id_agents FOREIGN KEY (agent_id) REFERENCES agents (id)
        )
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE corrections")
