"""The job queue, and receiving as one statement.

``inbox_receive`` stores an event, numbers it and rings the bell in one round trip, because it is
what a provider waits for. It calls Procrastinate's own versioned SQL function, so the job is part
of the same transaction.
"""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_RING = """
CREATE FUNCTION inbox_ring(_thread_id bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE inbox_threads SET ringing = true WHERE id = _thread_id;
    PERFORM procrastinate_defer_jobs_v1(ARRAY[ROW(
        'inbox', 'drain', 0, NULL, NULL, jsonb_build_object('thread_id', _thread_id), NULL
    )::procrastinate_job_to_defer_v1]);
END $$
"""

_RECEIVE = """
CREATE FUNCTION inbox_receive(
    _channel varchar, _account varchar, _thread varchar, _provider_id varchar,
    _raw bytea, _message jsonb, _received_at timestamptz, _state varchar, _error varchar
) RETURNS TABLE (event_id bigint, is_new boolean) LANGUAGE plpgsql AS $$
DECLARE
    _thread_id bigint;
    _number bigint;
    _ringing boolean;
BEGIN
    INSERT INTO inbox_threads AS t (channel, channel_account, thread, last_number)
    VALUES (_channel, _account, _thread, 1)
    ON CONFLICT (channel, channel_account, thread) DO UPDATE SET last_number = t.last_number + 1
    RETURNING t.id, t.last_number, t.ringing INTO _thread_id, _number, _ringing;

    INSERT INTO inbox_events AS e (
        thread_id, number, channel, channel_account, provider_id, raw, message, received_at,
        state, error
    )
    VALUES (
        _thread_id, _number, _channel, _account, _provider_id, _raw, _message, _received_at,
        _state, _error
    )
    ON CONFLICT (channel, channel_account, provider_id) DO NOTHING
    RETURNING e.id INTO event_id;

    is_new := event_id IS NOT NULL;
    IF NOT is_new THEN
        UPDATE inbox_threads SET last_number = last_number - 1 WHERE id = _thread_id;
        SELECT e.id INTO event_id FROM inbox_events e
        WHERE e.channel = _channel AND e.channel_account = _account
          AND e.provider_id = _provider_id;
    ELSIF _state = 'new' AND NOT _ringing THEN
        PERFORM inbox_ring(_thread_id);
    END IF;
    RETURN NEXT;
END $$
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))
    # NOTIFY holds a lock of the whole database through the commit's flush, so that commits that
    # notify wait for each other; the job is stored with the message and announced right after
    op.execute(
        "ALTER TABLE procrastinate_jobs "
        "DISABLE TRIGGER procrastinate_jobs_notify_queue_job_inserted_v1"
    )
    # stale statistics of a queue that is always almost empty make every fetch slow
    for table in ("procrastinate_jobs", "procrastinate_events", "inbox_events", "outbox_items"):
        op.execute(
            f"ALTER TABLE {table} SET (autovacuum_analyze_scale_factor = 0, "
            "autovacuum_analyze_threshold = 500, autovacuum_vacuum_scale_factor = 0.02)"
        )
    op.execute(_RING)
    op.execute(_RECEIVE)


def downgrade() -> None:
    raise RuntimeError("the queue cannot be taken out of a live system: restore a backup")
