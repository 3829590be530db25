"""The statements of every try, in plain SQL: one round trip each, and no object per row.

They run for every reply and every CRM record; through the ORM they took half of a worker's time.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row of the outbox in the hands of one worker; ``attempts`` is the fence of its claim."""

    id: int
    key: str
    lane: str
    order_key: str
    conversation_id: int | None
    message_id: int | None
    payload: dict[str, Any]
    attempts: int
    claimed_until: datetime | None
    created_at: datetime
    place: dict[str, Any] | None  # where the conversation is, as it stood then


_PLACE = """
    SELECT jsonb_build_object(
        'to', address, 'thread', thread, 'subject', subject,
        'last_inbound_at', last_inbound_at, 'last_inbound_id', last_inbound_id
    ) FROM conversations WHERE id = outbox_items.conversation_id
"""
_CLAIMED = f"""
    id, key, lane, order_key, conversation_id, message_id, payload, attempts, claimed_until,
    created_at, ({_PLACE})
"""

# Oldest first, and of those with one order key only the first.
CLAIM_DUE: LiteralString = f"""
    UPDATE outbox_items
    SET state = 'sending', attempts = attempts + 1, claimed_until = %(until)s
    WHERE id IN (
        SELECT i.id FROM outbox_items i
        WHERE i.lane = %(lane)s AND i.state = 'queued' AND i.due_at <= %(now)s
        AND NOT EXISTS (
            SELECT FROM outbox_items earlier
            WHERE earlier.lane = i.lane AND earlier.order_key = i.order_key AND earlier.id < i.id
            AND earlier.state IN ('queued', 'sending')
        )
        ORDER BY i.id LIMIT %(most)s FOR UPDATE SKIP LOCKED
    )
    RETURNING {_CLAIMED}
"""  # noqa: S608  our own text

# What a worker left under way, or what is uncertain and due. Pushed back, so that no second worker
# looks at the same time.
CLAIM_FORGOTTEN: LiteralString = f"""
    UPDATE outbox_items
    SET state = 'uncertain', attempts = attempts + 1, due_at = %(until)s
    WHERE id IN (
        SELECT id FROM outbox_items
        WHERE lane = ANY(%(lanes)s) AND (
            state = 'sending' AND claimed_until < %(now)s
            OR state = 'uncertain' AND due_at <= %(now)s
        )
        ORDER BY id LIMIT %(most)s FOR UPDATE SKIP LOCKED
    )
    RETURNING {_CLAIMED}
"""  # noqa: S608  our own text

# Of many tries together. No row for one: another claim has overtaken it. Else its id, the
# conversation's web-chat thread, and whether the provider has reported on the message before we
# knew its name.
RECORD = """
    WITH ended AS (
        SELECT * FROM jsonb_to_recordset(%(tries)s) AS of (
            id bigint, attempts integer, state varchar, reference varchar, error varchar,
            code varchar, due_at timestamptz, finished_at timestamptz, outcome varchar,
            detail varchar, delivery varchar, now timestamptz
        )
    ), item AS (
        UPDATE outbox_items i
        SET state = e.state, reference = coalesce(e.reference, i.reference), error = e.error,
            code = e.code, due_at = coalesce(e.due_at, i.due_at), finished_at = e.finished_at
        FROM ended e
        WHERE i.id = e.id AND i.attempts = e.attempts AND i.state IN ('sending', 'uncertain')
        RETURNING i.id, i.lane, i.message_id, i.payload, e.attempts, e.reference, e.outcome,
            e.detail, e.delivery, e.now
    ), tried AS (
        INSERT INTO outbox_attempts (item_id, number, outcome, detail, at)
        SELECT id, attempts, outcome, detail, now FROM item
    ), told AS (
        UPDATE messages m
        SET delivery = item.delivery, delivery_note = item.detail,
            provider_id = coalesce(item.reference, m.provider_id)
        FROM item WHERE m.id = item.message_id
        RETURNING m.id, m.conversation_id
    ), logged AS (
        UPDATE interactions i SET crm_reference = item.reference
        FROM item
        WHERE item.lane = 'crm' AND item.payload ->> 'what' = 'interaction'
        AND i.id = (item.payload ->> 'id')::bigint AND item.reference IS NOT NULL
    )
    SELECT item.id, c.thread, item.message_id IS NOT NULL AND EXISTS (
        SELECT FROM delivery_reports r
        WHERE r.channel = item.lane AND r.provider_id = item.reference
    )
    FROM item
    LEFT JOIN told ON told.id = item.message_id
    LEFT JOIN conversations c ON c.id = told.conversation_id
"""
