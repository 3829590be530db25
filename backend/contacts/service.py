"""Contacts: found by their identity on a channel, made at their first message."""

from datetime import datetime

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from backend.contacts.models import Contact, Identity
from backend.database import at_commit, table
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
    # two threads of one sender (two mails at once) must not make two contacts
    await session.execute(_ALONE, {"who": f"{channel}|{channel_account}|{min(ids)}"})
    found = await session.scalars(
        _BY_IDENTITY, {"channel": channel, "account": channel_account, "ids": ids}
    )
    contact = found.first() or await _create(session, sender, now=now)
    await session.execute(
        _IDENTIFY,
        [
            {
                "contact_id": contact.id,
                "channel": channel,
                "channel_account": channel_account,
                "external_id": external_id,
                "created_at": now,
            }
            for external_id in ids
        ],
    )
    learn(contact, sender)
    return contact


def learn(contact: Contact, sender: Sender) -> None:
    """Keep what the channel tells of a person and nobody has told before."""
    contact.name = contact.name or sender.name
    contact.phone = contact.phone or sender.phone
    contact.email = contact.email or sender.email


_ALONE = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("who"), 0)))
_IDENTIFY = insert(table(Identity)).on_conflict_do_nothing()
_BY_IDENTITY = (
    select(Contact)
    .join(Identity, Identity.contact_id == Contact.id)
    .where(
        Identity.channel == bindparam("channel"),
        Identity.channel_account == bindparam("account"),
        Identity.external_id.in_(bindparam("ids", expanding=True)),
    )
    .order_by(Contact.id)
)


async def _create(session: AsyncSession, sender: Sender, *, now: datetime) -> Contact:
    contact = Contact(
        name=sender.name,
        phone=sender.phone,
        email=sender.email,
        language="es",
        consent="unknown",
        created_at=now,
    )
    session.add(contact)
    await session.flush()
    return contact


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
