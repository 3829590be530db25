"""Contacts: found by their identity on a channel, made at their first message."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from backend.contacts.models import ConsentRecord, Contact, Identity
from backend.database import table
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
    found = await _find(session, channel, channel_account, ids)
    if found is None or found.known < len(ids):
        # two threads of one sender (two mails at once) must not make two contacts
        lock = func.hashtextextended(f"{channel}|{channel_account}|{min(ids)}", 0)
        await session.execute(select(func.pg_advisory_xact_lock(lock)))
        found = await _find(session, channel, channel_account, ids)
        contact = found.contact if found else await _create(session, sender, now=now)
        for external_id in ids:
            await session.execute(
                insert(Identity)
                .values(
                    contact_id=contact.id,
                    channel=channel,
                    channel_account=channel_account,
                    external_id=external_id,
                    created_at=now,
                )
                .on_conflict_do_nothing()
            )
    else:
        contact = found.contact
    contact.name = contact.name or sender.name
    contact.phone = contact.phone or sender.phone
    contact.email = contact.email or sender.email
    return contact


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


class _Found(NamedTuple):
    contact: Contact
    known: int  # how many of the ids are this contact's


async def _find(
    session: AsyncSession, channel: str, channel_account: str, ids: tuple[str, ...]
) -> _Found | None:
    result = await session.execute(
        _BY_IDENTITY, {"channel": channel, "account": channel_account, "ids": ids}
    )
    contacts = list(result.scalars())
    return _Found(contacts[0], len(contacts)) if contacts else None


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


_KEEP_PROOF = insert(table(ConsentRecord))


async def record_consent(
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
    await session.execute(
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
