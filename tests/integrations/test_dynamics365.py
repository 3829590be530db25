"""Dynamics 365 against a strict OData server with Microsoft's metadata, read back by $expand."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
import pytest_asyncio
from support.dataverse_organisations import crm_of, without_cases
from support.dataverse_server import DataverseServer, Fault

from integrations.crm import Interaction, Person, TicketSnapshot
from integrations.dynamics365 import Dynamics365Crm
from integrations.errors import OutcomeUnknown, Refused, TryLater

_PARTIES = "phonecall_activity_parties($expand=partyid_contact)"


def _anonymous() -> Person:
    return Person(external_id="c-99")


# --- whom it was with ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "known_as",
    [
        {"emailaddress1": "ana.o'neil@cliente.example"},
        {"emailaddress2": "ana.o'neil@cliente.example"},
        {"mobilephone": "+573001234567"},
        {"mobilephone": "300 1234567"},
        {"mobilephone": "3001234567"},
        {"telephone1": "+57 300 1234567"},
    ],
)
async def test_a_contact_already_there_is_found_and_left_as_it_is(
    dataverse: DataverseServer,
    crm: Dynamics365Crm,
    interaction: Interaction,
    known_as: dict[str, str],
) -> None:
    contact = dataverse.add("contacts", {"lastname": "Gómez", **known_as})
    await crm.log_interaction(interaction)

    (row,) = dataverse.rows("contacts")
    assert row["contactid"] == contact
    assert row["lastname"] == "Gómez"
    (call,) = dataverse.rows("phonecalls", expand=_PARTIES)
    (party,) = call["phonecall_activity_parties"]
    assert party["partyid_contact"]["contactid"] == contact


async def test_a_foreign_number_is_not_matched_without_its_country(
    dataverse: DataverseServer, crm: Dynamics365Crm, interaction: Interaction
) -> None:
    dataverse.add("contacts", {"lastname": "Otra", "mobilephone": "3055550123"})
    miami = Person(external_id="c-5", name="Joe Fox", phone="+13055550123")
    await crm.log_interaction(interaction.model_copy(update={"person": miami}))

    assert {row["lastname"] for row in dataverse.rows("contacts")} == {"Otra", "Fox"}


async def test_of_several_contacts_with_one_address_the_first_is_taken(
    dataverse: DataverseServer, crm: Dynamics365Crm, interaction: Interaction
) -> None:
    mail = {"emailaddress1": "ana.o'neil@cliente.example"}
    inactive = dataverse.add("contacts", {"lastname": "Inactiva", **mail})
    dataverse.edit("contacts", inactive, {"statecode": 1, "statuscode": 2})
    first = dataverse.add("contacts", {"lastname": "Primera", **mail})
    dataverse.add("contacts", {"lastname": "Segunda", **mail})
    await crm.log_interaction(interaction)

    (call,) = dataverse.rows("phonecalls", expand=_PARTIES)
    assert call["phonecall_activity_parties"][0]["partyid_contact"]["contactid"] == first


async def test_an_unknown_person_becomes_one_contact_of_their_account(
    dataverse: DataverseServer, crm: Dynamics365Crm, interaction: Interaction
) -> None:
    account = dataverse.add("accounts", {"name": "Otra razón", "accountnumber": "900.123.456-7"})
    await crm.log_interaction(interaction)
    changed = interaction.person.model_copy(update={"phone": "+573009999999", "email": None})
    await crm.log_interaction(interaction.model_copy(update={"key": "2", "person": changed}))

    (contact,) = dataverse.rows("contacts", expand="parentcustomerid_account")
    assert (contact["firstname"], contact["lastname"]) == ("Ana María", "Gómez Ruiz")
    assert contact["emailaddress1"] == "ana.o'neil@cliente.example"
    assert contact["parentcustomerid_account"]["accountid"] == account


async def test_a_contact_of_ours_that_was_merged_leads_to_its_master(
    dataverse: DataverseServer, crm: Dynamics365Crm, interaction: Interaction
) -> None:
    await crm.log_interaction(interaction)
    (ours,) = dataverse.rows("contacts")
    master = dataverse.add("contacts", {"lastname": "Gómez de Ruiz"})
    merged = {"statecode": 1, "statuscode": 2, "masterid@odata.bind": f"/contacts({master})"}
    dataverse.edit("contacts", ours["contactid"], merged)
    await crm.log_interaction(interaction.model_copy(update={"key": "2"}))

    (call,) = [
        row
        for row in dataverse.rows("phonecalls", expand=_PARTIES)
        if row["phonecall_activity_parties"][0]["partyid_contact"]["contactid"] == master
    ]
    assert len(dataverse.rows("contacts")) == 2
    assert call["statecode"] == 1


@pytest.mark.parametrize(
    ("row", "nit"),
    [
        ({"accountnumber": "900123456-7"}, "900123456-7"),
        ({"accountnumber": "900.123.456-7"}, "900123456-7"),
        ({"accountnumber": "9001234567"}, "900123456-7"),
        ({"accountnumber": "900123456"}, "900.123.456-7"),
        ({"accountnumber": "900123456-7"}, "900123456"),
        ({"name": "D'Acosta & Hijos S.A.S."}, "811000000-1"),
        ({"name": "D'Acosta & Hijos S.A.S."}, None),
    ],
)
async def test_the_account_is_found_by_nit_however_written_then_by_name(
    dataverse: DataverseServer,
    crm: Dynamics365Crm,
    interaction: Interaction,
    row: dict[str, str],
    nit: str | None,
) -> None:
    account = dataverse.add("accounts", {"name": "Cualquiera", **row})
    person = interaction.person.model_copy(update={"account_nit": nit})
    await crm.log_interaction(interaction.model_copy(update={"person": person}))

    (call,) = dataverse.rows("phonecalls", expand="regardingobjectid_account_phonecall")
    assert call["regardingobjectid_account_phonecall"]["accountid"] == account


async def test_an_account_is_never_made_and_the_contact_is_regarded_instead(
    dataverse: DataverseServer, crm: Dynamics365Crm, interaction: Interaction
) -> None:
    await crm.log_interaction(interaction)

    assert dataverse.rows("accounts") == []
    (call,) = dataverse.rows("phonecalls", expand="regardingobjectid_contact_phonecall")
    assert call["regardingobjectid_contact_phonecall"]["lastname"] == "Gómez Ruiz"


async def test_two_installations_never_take_each_others_rows(
    dataverse: DataverseServer, interaction: Interaction
) -> None:
    other = Person(external_id=interaction.person.external_id, name="Pedro Páez")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(dataverse.app)) as http:
        await crm_of(http, installation="one").log_interaction(interaction)
        await crm_of(http, installation="two").log_interaction(
            interaction.model_copy(update={"person": other})
        )

    assert len(dataverse.rows("contacts")) == len(dataverse.rows("phonecalls")) == 2


async def test_a_visitor_with_no_name_or_address_leaves_no_contact(
    dataverse: DataverseServer, crm: Dynamics365Crm, interaction: Interaction
) -> None:
    await crm.log_interaction(interaction.model_copy(update={"person": _anonymous()}))

    assert dataverse.rows("contacts") == []
    assert len(dataverse.rows("phonecalls")) == 1


# --- activities ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel", "direction", "status", "mask"),
    [
        ("whatsapp", "inbound", 4, 1),
        ("telegram", "outbound", 2, 2),
        ("email", "inbound", 4, 1),
        ("email", "outbound", 3, 2),
    ],
)
async def test_an_activity_is_complete_with_direction_times_and_party(
    dataverse: DataverseServer,
    crm: Dynamics365Crm,
    interaction: Interaction,
    channel: str,
    direction: str,
    status: int,
    mask: int,
) -> None:
    update = {"channel": channel, "direction": direction}
    reference = await crm.log_interaction(interaction.model_copy(update=update))

    table = "email" if channel == "email" else "phonecall"
    expand = f"{table}_activity_parties,regardingobjectid_contact_{table}"
    (row,) = dataverse.rows(f"{table}s", expand=expand)
    assert reference == f"{table}s({row['activityid']})"
    assert (row["statecode"], row["statuscode"]) == (1, status)
    assert row["directioncode"] is (direction == "outbound")
    assert row["actualstart"] == row["actualend"] == row["sortdate"] == "2026-03-26T15:30:00Z"
    assert [p["participationtypemask"] for p in row[f"{table}_activity_parties"]] == [mask]
    assert row[f"regardingobjectid_contact_{table}"]["lastname"] == "Gómez Ruiz"


@pytest.mark.parametrize("channel", ["whatsapp", "email"])
async def test_an_activity_of_a_ticket_regards_its_case(
    dataverse: DataverseServer,
    crm: Dynamics365Crm,
    interaction: Interaction,
    ticket: TicketSnapshot,
    channel: str,
) -> None:
    case = await crm.sync_ticket(ticket)
    update = {"channel": channel, "ticket_number": ticket.number}
    await crm.log_interaction(interaction.model_copy(update=update))

    table = "email" if channel == "email" else "phonecall"
    bound = f"regardingobjectid_incident_{table}"
    (row,) = dataverse.rows(f"{table}s", expand=bound)
    assert f"incidents({row[bound]['incidentid']})" == case
    assert ticket.number in row["subject"]


async def test_an_activity_before_its_case_regards_the_account(
    dataverse: DataverseServer, crm: Dynamics365Crm, interaction: Interaction
) -> None:
    account = dataverse.add("accounts", {"name": interaction.person.account_name})
    await crm.log_interaction(interaction.model_copy(update={"ticket_number": "PT-2026-999999"}))

    (row,) = dataverse.rows("phonecalls", expand="regardingobjectid_account_phonecall")
    assert row["regardingobjectid_account_phonecall"]["accountid"] == account


async def test_text_that_the_service_would_refuse_or_run_is_made_harmless(
    dataverse: DataverseServer, crm: Dynamics365Crm, interaction: Interaction
) -> None:
    nasty = "😀\x00\ud800<img src=x onerror=alert(1)>\n" * 3000
    update = {"subject": "😀" * 300, "description": nasty}
    await crm.log_interaction(interaction.model_copy(update=update))
    await crm.log_interaction(
        interaction.model_copy(update={**update, "key": "2", "channel": "email"})
    )

    (call,) = dataverse.rows("phonecalls")
    assert call["description"].endswith("Help Care · conversación 42")
    (mail,) = dataverse.rows("emails")
    assert "<img" not in mail["description"]
    assert "&lt;img" in mail["description"]


# --- cases ---------------------------------------------------------------------------------


async def test_a_case_has_customer_contact_number_kind_and_priority(
    dataverse: DataverseServer, crm: Dynamics365Crm, ticket: TicketSnapshot
) -> None:
    dataverse.add("accounts", {"name": ticket.person.account_name})
    await crm.sync_ticket(ticket)

    (case,) = dataverse.rows("incidents", expand="customerid_account,primarycontactid")
    assert case["customerid_account"]["name"] == ticket.person.account_name
    assert case["primarycontactid"]["lastname"] == "Gómez Ruiz"
    assert case["title"] == "PT-2026-000123 · No puedo facturar"
    assert (case["casetypecode"], case["prioritycode"], case["statuscode"]) == (2, 1, 1)
    assert "2026-03-26 10:30 (hora de Bogotá)" in case["description"]


async def test_a_contact_of_another_account_is_not_the_primary_one(
    dataverse: DataverseServer, crm: Dynamics365Crm, ticket: TicketSnapshot
) -> None:
    other = dataverse.add("accounts", {"name": "Otra S.A."})
    dataverse.add("accounts", {"name": ticket.person.account_name})
    dataverse.add(
        "contacts",
        {
            "lastname": "Gómez",
            "emailaddress1": ticket.person.email,
            "parentcustomerid_account@odata.bind": f"/accounts({other})",
        },
    )
    await crm.sync_ticket(ticket)

    (case,) = dataverse.rows("incidents", expand="customerid_account,primarycontactid")
    assert case["customerid_account"]["name"] == ticket.person.account_name
    assert case.get("primarycontactid") is None


async def test_a_ticket_of_a_nameless_visitor_still_has_a_customer(
    dataverse: DataverseServer, crm: Dynamics365Crm, ticket: TicketSnapshot
) -> None:
    await crm.sync_ticket(ticket.model_copy(update={"person": _anonymous()}))

    (case,) = dataverse.rows("incidents", expand="customerid_contact")
    assert case["customerid_contact"]["lastname"] == "Cliente c-99"


async def test_resolving_writes_one_resolution_that_names_the_case(
    dataverse: DataverseServer, crm: Dynamics365Crm, ticket: TicketSnapshot
) -> None:
    await crm.sync_ticket(ticket)
    text = "Se reinició el servicio. " * 200
    for version, status in [(2, "resuelto"), (3, "cerrado")]:
        update = {"version": version, "status": status, "resolution": text}
        await crm.sync_ticket(ticket.model_copy(update=update))

    (case,) = dataverse.rows("incidents")
    assert (case["statecode"], case["statuscode"]) == (1, 5)
    (resolution,) = dataverse.rows("incidentresolutions", expand="incidentid")
    assert resolution["incidentid"]["incidentid"] == case["incidentid"]
    assert resolution["description"].startswith("Se reinició el servicio.")


async def test_waiting_for_the_client_is_a_status_of_the_case(
    dataverse: DataverseServer, crm: Dynamics365Crm, ticket: TicketSnapshot
) -> None:
    await crm.sync_ticket(ticket.model_copy(update={"status": "en_espera_del_cliente"}))
    (case,) = dataverse.rows("incidents")
    assert case["statuscode"] == 3

    await crm.sync_ticket(ticket.model_copy(update={"version": 2, "status": "en_curso"}))
    (case,) = dataverse.rows("incidents")
    assert case["statuscode"] == 1


async def test_what_people_edited_in_the_crm_stays(
    dataverse: DataverseServer, crm: Dynamics365Crm, ticket: TicketSnapshot
) -> None:
    await crm.sync_ticket(ticket)
    (case,) = dataverse.rows("incidents")
    edited = {"title": "Caso prioritario del banco", "statecode": 0, "statuscode": 2}
    dataverse.edit("incidents", case["incidentid"], edited)
    update = {"version": 2, "title": "Otro título", "priority": "baja"}
    await crm.sync_ticket(ticket.model_copy(update=update))

    (case,) = dataverse.rows("incidents")
    assert case["title"] == "Caso prioritario del banco"
    assert (case["prioritycode"], case["statuscode"]) == (1, 2)
    assert "v2 nuevo" in case["description"]


async def test_a_case_that_people_resolved_is_not_reopened_by_an_open_ticket(
    dataverse: DataverseServer, crm: Dynamics365Crm, ticket: TicketSnapshot
) -> None:
    await crm.sync_ticket(ticket)
    (case,) = dataverse.rows("incidents")
    dataverse.edit("incidents", case["incidentid"], {"statecode": 1, "statuscode": 5})
    await crm.sync_ticket(ticket.model_copy(update={"version": 2, "status": "en_curso"}))

    (case,) = dataverse.rows("incidents")
    assert case["statecode"] == 1


async def test_a_stamp_in_the_clients_words_is_not_believed(
    dataverse: DataverseServer, crm: Dynamics365Crm, ticket: TicketSnapshot
) -> None:
    forged = f"[Help Care {ticket.number} v999 cerrado 000000000000]"
    await crm.sync_ticket(ticket.model_copy(update={"description": forged}))
    await crm.sync_ticket(ticket.model_copy(update={"version": 2, "title": "Corregido"}))

    (case,) = dataverse.rows("incidents")
    assert "Corregido" in case["title"]


async def test_a_change_between_look_and_write_is_tried_later(
    dataverse: DataverseServer, ticket: TicketSnapshot
) -> None:
    class EditBeforePatch(httpx.AsyncBaseTransport):
        def __init__(self) -> None:
            self.inner = httpx.ASGITransport(dataverse.app)

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.method == "PATCH":
                key = request.url.path.partition("(")[2].rstrip(")")
                dataverse.edit("incidents", key, {"prioritycode": 3})
            return await self.inner.handle_async_request(request)

    async with httpx.AsyncClient(transport=EditBeforePatch()) as http:
        crm = crm_of(http)
        await crm.sync_ticket(ticket)
        with pytest.raises(TryLater, match="meanwhile"):
            await crm.sync_ticket(ticket.model_copy(update={"version": 2, "title": "Tarde"}))

    (case,) = dataverse.rows("incidents")
    assert "Tarde" not in case["title"]
    assert case["prioritycode"] == 3


# --- trouble on the way ----------------------------------------------------------------------


class _LosesAnswers(httpx.AsyncBaseTransport):
    """Does the work and loses the answer to the ``nth`` write."""

    def __init__(self, server: DataverseServer, nth: int) -> None:
        self._inner = httpx.ASGITransport(server.app)
        self._left = nth

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        if request.method in {"POST", "PATCH"} and "/api/data/" in request.url.path:
            self._left -= 1
            if self._left == 0:
                raise httpx.ReadTimeout("lost", request=request)
        return response


@pytest.mark.parametrize("nth", range(1, 7))
async def test_after_any_lost_answer_repeating_leaves_one_of_each(
    dataverse: DataverseServer, interaction: Interaction, ticket: TicketSnapshot, nth: int
) -> None:
    resolved = ticket.model_copy(update={"version": 2, "status": "resuelto"})
    spoken = interaction.model_copy(update={"ticket_number": ticket.number})
    lost = 0
    async with httpx.AsyncClient(transport=_LosesAnswers(dataverse, nth)) as http:
        crm = crm_of(http)
        # The writes are: contact, case, activity, its completion, case, its resolution.
        for call in (
            lambda: crm.sync_ticket(ticket),
            lambda: crm.log_interaction(spoken),
            lambda: crm.sync_ticket(resolved),
        ):
            try:
                await call()
            except OutcomeUnknown:
                lost += 1
                await call()

    assert lost == 1
    assert len(dataverse.rows("contacts")) == 1
    (case,) = dataverse.rows("incidents")
    assert case["statecode"] == 1
    assert len(dataverse.rows("incidentresolutions")) == 1
    (call_row,) = dataverse.rows("phonecalls", expand="regardingobjectid_incident_phonecall")
    assert call_row["statecode"] == 1
    assert call_row["regardingobjectid_incident_phonecall"]["incidentid"] == case["incidentid"]


async def test_throttled_means_wait_in_full_without_asking_again(
    dataverse: DataverseServer, crm: Dynamics365Crm, interaction: Interaction
) -> None:
    dataverse.faults.append(Fault(429, "0x80072322", {"Retry-After": "120"}))
    with pytest.raises(TryLater) as throttled:
        await crm.log_interaction(interaction)
    with pytest.raises(TryLater) as held:
        await crm.log_interaction(interaction)

    assert throttled.value.after == timedelta(seconds=120)
    assert held.value.after is not None
    assert timedelta(seconds=100) < held.value.after <= timedelta(seconds=120)
    assert len(dataverse.log) == 1


async def test_a_refusal_names_the_code_and_nobody(
    dataverse: DataverseServer, crm: Dynamics365Crm, interaction: Interaction
) -> None:
    dataverse.faults.append(Fault(403, "0x80040220"))
    with pytest.raises(Refused) as refused:
        await crm.log_interaction(interaction)

    assert "0x80040220" in str(refused.value)
    assert "@" not in str(refused.value)


async def test_a_revoked_token_is_replaced_once(
    dataverse: DataverseServer, crm: Dynamics365Crm, interaction: Interaction
) -> None:
    await crm.check()
    dataverse.revoke_tokens()
    await crm.log_interaction(interaction)

    assert dataverse.token_requests == 2


# --- an organisation without the Service solution ------------------------------------------------


@pytest_asyncio.fixture
async def bare() -> AsyncIterator[tuple[DataverseServer, Dynamics365Crm]]:
    server = without_cases()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(server.app)) as http:
        yield server, crm_of(http)


async def test_without_cases_the_activity_regards_the_account(
    bare: tuple[DataverseServer, Dynamics365Crm],
    interaction: Interaction,
    ticket: TicketSnapshot,
) -> None:
    server, crm = bare
    account = server.add("accounts", {"name": ticket.person.account_name})
    assert await crm.sync_ticket(ticket) is None
    await crm.log_interaction(interaction.model_copy(update={"ticket_number": ticket.number}))

    (row,) = server.rows("phonecalls", expand="regardingobjectid_account_phonecall")
    assert row["regardingobjectid_account_phonecall"]["accountid"] == account
    asked = [path for _, path in server.log if path.startswith("EntityDefinitions")]
    assert len(asked) == 1
    assert "without cases" in await crm.check()
