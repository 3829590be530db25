"""Contacts: found by their identity on a channel, made at their first message."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from backend.contacts.models import Contact
from backend.database import at_commit, column_names, loaded, together
from bot.messages import Sender


async def contact_of(
    session: AsyncSession, channel: str, channel_account: str, sender: Sender, *, now: datetime
) -> Contact:
    """The person behind ``(channel, channel account, external id)``, made when new.

    Aliases are other ids that the channel itself gives the same person, so that who hides their
    number stays who they are. Phone and e-mail are only attributes: two identities with the same
    phone stay two contacts until somebody proves that they are one.
    """
    ids = (sender.external_id, *sender.aliases)
    who = {"channel": channel, "account": channel_account, "ids": list(ids), "now": now}
    # two threads of one sender (two mails at once) must not make two contacts
    alone = {"who": f"{channel}|{channel_account}|{min(ids)}"}
    _, found = await together(session, (_ALONE, alone), (_FIND, who))
    if found:
        contact = loaded(session, Contact, found[0])
        await together(session, (_IDENTIFY, who | {"contact": contact.id}))
    else:
        known = {"name": sender.name, "phone": sender.phone, "email": sender.email}
        [[made]] = await together(session, (_CREATE, who | known))
        contact = loaded(session, Contact, made)
    learn(contact, sender)
    return contact


def learn(contact: Contact, sender: Sender) -> None:
    """Keep what the channel tells of a person and nobody has told before."""
    contact.name = contact.name or sender.name
    contact.phone = contact.phone or sender.phone
    contact.email = contact.email or sender.email


_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended(%(who)s, 0))"
_FIND = f"""
    SELECT {column_names(Contact, "c")} FROM contacts c JOIN identities i ON i.contact_id = c.id
    WHERE i.channel = %(channel)s AND i.channel_account = %(account)s
        AND i.external_id = ANY(%(ids)s)
    ORDER BY c.id LIMIT 1
"""  # noqa: S608  names of our own columns
_IDENTIFY = """
    INSERT INTO identities (contact_id, channel, channel_account, external_id, created_at)
    SELECT %(contact)s, %(channel)s, %(account)s, external_id, %(now)s
    FROM unnest(%(ids)s::varchar[]) AS of (external_id)
    ON CONFLICT DO NOTHING
"""
_CREATE = f"""
    WITH c AS (
        INSERT INTO contacts (name, phone, email, created_at)
        VALUES (%(name)s, %(phone)s, %(email)s, %(now)s)
        RETURNING *
    ), identified AS (
        INSERT INTO identities (contact_id, channel, channel_account, external_id, created_at)
        SELECT c.id, %(channel)s, %(account)s, external_id, %(now)s
        FROM c, unnest(%(ids)s::varchar[]) AS of (external_id)
    )
    SELECT {column_names(Contact, "c")} FROM c
"""  # noqa: S608  names of our own columns
_KEEP_PROOF = """
    INSERT INTO consent_records (contact_id, consent, text_version, how, channel, message_id, at)
    VALUES (
        %(contact_id)s, %(consent)s, %(text_version)s, %(how)s, %(channel)s, %(message_id)s, %(at)s
    )
"""


def record_consent(
    session: AsyncSession,
    contact: Contact,
    *,
    consent: str,
    text_version: str,
    how: str,
    channel: str,
    message_id: int | None,
    now: datetime,
) -> None:
    """Keep the proof (Ley 1581/2012 art. 9; Decreto 1377/2013 art. 8) and the current answer."""
    contact.consent = consent
    at_commit(
        session,
        _KEEP_PROOF,
        {
            "contact_id": contact.id,
            "consent": consent,
            "text_version": text_version,
            "how": how,
            "channel": channel,
            "message_id": message_id,
            "at": now,
        },
    )
