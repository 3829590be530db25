"""Contacts: found by their identity on a channel, made at their first message."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.contacts.models import ConsentRecord, Contact, Identity
from bot.messages import Sender


async def contact_of(
    session: AsyncSession, channel: str, channel_account: str, sender: Sender, *, now: datetime
) -> Contact:
    """The person behind ``(channel, channel account, external id)``, made when new.

    Phone and e-mail are only attributes: two identities with the same phone stay two contacts
    until somebody proves that they are one.
    """
    found = await _find(session, channel, channel_account, sender.external_id)
    if found is None:
        # two threads of one sender (two mails at once) must not make two contacts
        await session.execute(
            select(
                func.pg_advisory_xact_lock(
                    func.hashtextextended(f"{channel}|{channel_account}|{sender.external_id}", 0)
                )
            )
        )
        found = await _find(session, channel, channel_account, sender.external_id)
    if found is None:
        found = Contact(
            name=sender.name,
            phone=sender.phone,
            email=sender.email,
            language="es",
            consent="unknown",
            created_at=now,
        )
        session.add(found)
        await session.flush()
        session.add(
            Identity(
                contact_id=found.id,
                channel=channel,
                channel_account=channel_account,
                external_id=sender.external_id,
                created_at=now,
            )
        )
    found.name = found.name or sender.name
    found.phone = found.phone or sender.phone
    found.email = found.email or sender.email
    return found


async def _find(
    session: AsyncSession, channel: str, channel_account: str, external_id: str
) -> Contact | None:
    result = await session.execute(
        select(Contact)
        .join(Identity, Identity.contact_id == Contact.id)
        .where(
            Identity.channel == channel,
            Identity.channel_account == channel_account,
            Identity.external_id == external_id,
        )
    )
    return result.scalar_one_or_none()


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
    session.add(
        ConsentRecord(
            contact_id=contact.id,
            consent=consent,
            text_version=text_version,
            how=how,
            channel=channel,
            message_id=message_id,
            at=now,
        )
    )
