"""Reading what is unread as one statement; no history of jobs.

``inbox_unread`` hears the bell before it reads, each with a snapshot of its own: what is stored in
between is read, what is stored later rings again. A job is deleted when it is done, and its history
with it: writing that was work for nothing.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_UNREAD = """
CREATE FUNCTION inbox_unread(_thread_id bigint, _most integer) RETURNS TABLE (
    id bigint, number bigint, channel varchar, message jsonb, attempts integer,
    retry_at timestamptz, account_id bigint
) LANGUAGE plpgsql AS $$
BEGIN
    UPDATE inbox_threads t SET ringing = false WHERE t.id = _thread_id AND t.ringing;
    RETURN QUERY
    SELECT e.id, e.number, e.channel, e.message, e.attempts, e.retry_at, c.account_id
    FROM inbox_events e
    LEFT JOIN identities i ON i.channel = e.channel AND i.channel_account = e.channel_account
        AND i.external_id = e.message -> 'sender' ->> 'external_id'
    LEFT JOIN contacts c ON c.id = i.contact_id
    WHERE e.thread_id = _thread_id AND e.state = 'new'
    ORDER BY e.number LIMIT _most;
END $$
"""
_HISTORY = (
    "procrastinate_trigger_status_events_insert_v1",
    "procrastinate_trigger_status_events_update_v1",
)


def upgrade() -> None:
    op.execute(_UNREAD)
    for trigger in _HISTORY:
        op.execute(f"ALTER TABLE procrastinate_jobs DISABLE TRIGGER {trigger}")


def downgrade() -> None:
    op.execute("DROP FUNCTION inbox_unread")
    for trigger in _HISTORY:
        op.execute(f"ALTER TABLE procrastinate_jobs ENABLE TRIGGER {trigger}")
