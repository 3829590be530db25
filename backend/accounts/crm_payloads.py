"""What the CRM is told, built from the rows at the moment of sending."""

from typing import Any

from backend.database import Database
from backend.problems import NotFound
from integrations import crm

_INTERACTION = """
    SELECT c.id::text, c.name, c.email, c.phone, a.name, a.nit,
        i.key, i.channel, i.direction, i.subject, i.description, i.at, i.conversation_id::text,
        t.number
    FROM interactions i
    JOIN contacts c ON c.id = i.contact_id
    LEFT JOIN accounts a ON a.id = c.account_id
    LEFT JOIN tickets t ON t.id = i.ticket_id
    WHERE i.id = %s
"""
_TICKET = """
    SELECT c.id::text, c.name, c.email, c.phone, a.name, a.nit,
        t.number, t.version, t.type, t.title, t.description, t.status, t.priority, t.channel,
        t.created_at, t.resolved_at, t.resolution
    FROM tickets t
    JOIN contacts c ON c.id = t.contact_id
    LEFT JOIN accounts a ON a.id = c.account_id
    WHERE t.number = %s
"""
_PERSON_FIELDS = ("external_id", "name", "email", "phone", "account_name", "account_nit")
_INTERACTION_FIELDS = (
    *("key", "channel", "direction", "subject", "description", "occurred_at"),
    *("conversation_id", "ticket_number"),
)
_TICKET_FIELDS = (
    *("number", "version", "type", "title", "description", "status", "priority", "channel"),
    *("created_at", "resolved_at", "resolution"),
)


async def load(database: Database, payload: dict[str, Any]) -> crm.Interaction | crm.TicketSnapshot:
    """The value of a ``crm`` outbox item: ``{"what": "interaction", "id"}`` as it was logged, or
    ``{"what": "ticket", "number"}`` as it stands now.
    """
    if payload["what"] == "interaction":
        row = await database.statement(_INTERACTION, (int(payload["id"]),))
        return crm.Interaction(**_values(payload, row, _INTERACTION_FIELDS))
    if payload["what"] == "ticket":
        row = await database.statement(_TICKET, (str(payload["number"]),))
        return crm.TicketSnapshot(**_values(payload, row, _TICKET_FIELDS))
    raise ValueError(f"the CRM knows no {payload['what']!r}")


def _values(
    payload: dict[str, Any], row: tuple[Any, ...] | None, fields: tuple[str, ...]
) -> dict[str, Any]:
    if row is None:
        raise NotFound(f"There is nothing to tell the CRM of {payload}")
    person = crm.Person(**dict(zip(_PERSON_FIELDS, row, strict=False)))
    return {"person": person, **dict(zip(fields, row[len(_PERSON_FIELDS) :], strict=True))}
