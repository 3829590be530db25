"""Dynamics 365 through Dataverse: contacts, activities and, where the Service solution is
installed, cases.

What makes repeating safe: every row that we create has a primary key derived from our own key, so
a second create is refused by the service, and each method looks before it writes. Both methods may
therefore be called again after any error, ``OutcomeUnknown`` included.

What we leave to people: accounts are looked up and never made; a found contact is never changed;
a case whose title, text or priority somebody edited keeps that edit; a case that somebody
resolved, cancelled or merged is not reopened by us unless the client reopened the ticket.

The calls, and why:

- create: ``POST`` with the primary key in the body; 412 (DuplicateRecord) means it is there.
- complete an activity, reopen a case: ``PATCH`` of ``statecode`` and ``statuscode`` together, the
  Web API's form of SetState. Reopening travels in the same ``PATCH`` as the new text.
- resolve a case: the unbound action ``CloseIncident``, which writes the resolution activity that
  Dynamics reports on. It takes no ETag, so a ticket's snapshots are to be sent one by one.
- update a case: ``PATCH`` with ``If-Match: <etag read>``; its version is in the description's last
  line (:class:`integrations.dynamics365_records.Stamp`), so an older snapshot never wins.
"""

import time
from collections.abc import Callable
from uuid import UUID

import httpx
import structlog
from pydantic import SecretStr

from integrations import dynamics365_records as records
from integrations.crm import Interaction, Person, TicketSnapshot
from integrations.dataverse_client import DataverseClient, Record
from integrations.dynamics365_records import Customer
from integrations.errors import Refused, TryLater

_ASK_AGAIN_S = 3600.0  # the Service solution may be installed while we run
_EMPLOYER = "parentcustomerid_account($select=accountid)"

_log = structlog.get_logger(__name__)


class Dynamics365Crm:
    """:class:`integrations.crm.Crm` over one Dataverse organisation.

    ``url`` is the organisation's, such as ``https://contoso.crm.dynamics.com``. The application
    user needs read on account; read and create on contact; read, create and write on phonecall
    and email; and, for cases, read, create and write on incident. ``installation`` names our
    database and never changes: two databases that write to one organisation need two names.
    """

    def __init__(
        self,
        url: str,
        tenant_id: str,
        client_id: str,
        client_secret: SecretStr,
        authority_url: str = "https://login.microsoftonline.com",
        http: httpx.AsyncClient | None = None,
        *,
        installation: str = "help-care",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._installation = installation
        self._api = DataverseClient(
            url,
            tenant_id,
            client_id,
            client_secret,
            authority_url=authority_url,
            http=http,
            clock=clock,
        )
        self._clock = clock
        self._cases: bool | None = None
        self._ask_cases_at = float("-inf")

    async def log_interaction(self, interaction: Interaction) -> str:
        """One completed ``email`` or ``phonecall``, regarding the case, else account or contact."""
        table = records.activity_table(interaction)
        key = self._key("activity", interaction.key)
        found = await self._api.get(f"{table}s({key})", select="statecode")
        if found is None:
            customer = await self._customer(interaction.person)
            incident = await self._incident(interaction.ticket_number)
            record = records.activity_record(interaction, key, customer, incident)
            await self._api.create(f"{table}s", record)  # False: another worker was faster
        if found is None or found["statecode"] == records.OPEN:
            await self._api.update(f"{table}s", key, records.completion(interaction))
        return f"{table}s({key})"

    async def sync_ticket(self, ticket: TicketSnapshot) -> str | None:
        """The ticket as a case; ``None`` where the organisation has no cases."""
        if not await self._has_cases():
            return None
        key = self._key("ticket", ticket.number)
        case = await self._api.get(
            f"incidents({key})", select="title,description,prioritycode,statecode"
        )
        state = records.ACTIVE
        if case is None:
            customer = await self._customer(ticket.person, must_exist=True)
            if not await self._api.create("incidents", records.case_record(ticket, key, customer)):
                raise TryLater("incidents: created by another worker meanwhile")
        else:
            state = case["statecode"]
            _, stamp = records.split_stamp(case.get("description"))
            if stamp and stamp.version > ticket.version:
                return f"incidents({key})"
            if not stamp or stamp.version < ticket.version:
                await self._update_case(key, case, ticket)
        if ticket.status in records.ENDED and state == records.ACTIVE:
            await self._api.call("CloseIncident", records.resolution(ticket, key))
        return f"incidents({key})"

    async def check(self) -> str:
        me = await self._api.get("WhoAmI")
        if me is None:
            raise Refused("no Dataverse Web API at this address")
        cases = "with cases" if await self._has_cases() else "without cases (no Service solution)"
        return f"Dynamics 365, organisation {me.get('OrganizationId')}, {cases}"

    async def aclose(self) -> None:
        await self._api.aclose()

    async def _update_case(self, key: UUID, case: Record, ticket: TicketSnapshot) -> None:
        body, stamp = records.split_stamp(case.get("description"))
        if records.is_ours(case, body, stamp):
            changes = records.case_changes(ticket)
        else:
            _log.info("crm_case_edited_there_kept", ticket=ticket.number)
            text = records.stamped(body, ticket, stamp.digest if stamp else "0" * 12)
            changes = {"description": text} if records.fits_memo(text) else {}
        ours_before = stamp.status if stamp else None
        may_set = case["statecode"] == records.ACTIVE or (
            case["statecode"] == records.RESOLVED and ours_before in records.ENDED
        )
        if ticket.status not in records.ENDED and ours_before != ticket.status and may_set:
            changes |= records.case_status(ticket)
        if changes and not await self._api.update(
            "incidents", key, changes, etag=case["@odata.etag"]
        ):
            raise TryLater("incidents: changed by somebody else meanwhile")

    async def _customer(self, person: Person, *, must_exist: bool = False) -> Customer:
        account = await self._account(person)
        contact = await self._find_contact(person)
        known = person.email or person.phone or person.name
        if contact is None and (known or must_exist):
            contact = await self._create_contact(person, account)
        if contact is None:
            return Customer(account=account)
        employer = contact.get("parentcustomerid_account")
        employer_id = UUID(employer["accountid"]) if employer else None
        return Customer(
            contact=UUID(contact["contactid"]),
            account=account or employer_id,
            employed=employer_id is not None and employer_id == (account or employer_id),
        )

    async def _find_contact(self, person: Person) -> Record | None:
        for condition in records.contact_filters(person):
            found = await self._api.first(
                "contacts",
                select="contactid",
                expand=_EMPLOYER,
                filter=f"({condition}) and statecode eq 0",
                orderby="createdon asc",  # of several the first entered, so always the same one
            )
            if found:
                return found
        return await self._own_contact(person)

    async def _own_contact(self, person: Person) -> Record | None:
        """The contact that we made for this person, or the one it was merged into."""
        key = self._key("contact", person.external_id)
        expand = f"{_EMPLOYER},masterid($select=contactid)"
        found = await self._api.get(f"contacts({key})", select="contactid,statecode", expand=expand)
        master = found and found.get("masterid")
        if found and master and found["statecode"] != 0:
            return await self._api.get(
                f"contacts({master['contactid']})", select="contactid", expand=_EMPLOYER
            )
        return found

    async def _create_contact(self, person: Person, account: UUID | None) -> Record:
        key = self._key("contact", person.external_id)
        await self._api.create("contacts", records.contact_record(person, key, account))
        contact = await self._own_contact(person)
        if contact is None:
            raise Refused("contacts: a key of the organisation forbids a second one")
        return contact

    async def _account(self, person: Person) -> UUID | None:
        for condition in records.account_filters(person):
            found = await self._api.first(
                "accounts",
                select="accountid",
                filter=f"({condition}) and statecode eq 0",
                orderby="createdon asc",
            )
            if found:
                return UUID(found["accountid"])
        return None

    async def _incident(self, ticket_number: str | None) -> UUID | None:
        if not ticket_number or not await self._has_cases():
            return None
        key = self._key("ticket", ticket_number)
        found = await self._api.get(f"incidents({key})", select="incidentid")
        return key if found else None

    def _key(self, kind: str, key: str) -> UUID:
        return records.record_id(self._installation, kind, key)

    async def _has_cases(self) -> bool:
        if self._cases is None or (not self._cases and self._clock() >= self._ask_cases_at):
            found = await self._api.get(
                "EntityDefinitions(LogicalName='incident')", select="EntitySetName"
            )
            self._cases = found is not None
            self._ask_cases_at = self._clock() + _ASK_AGAIN_S
        return self._cases
