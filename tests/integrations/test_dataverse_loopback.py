"""The stand-in organisation over a real socket, as the end-to-end test uses it."""

import httpx
from pydantic import SecretStr
from support.dataverse_organisations import with_cases
from support.dataverse_server import CLIENT_ID, CLIENT_SECRET, TENANT, running

from integrations.crm import Interaction, TicketSnapshot
from integrations.dynamics365 import Dynamics365Crm


async def test_a_ticket_and_its_message_reach_an_organisation_on_loopback(
    interaction: Interaction, ticket: TicketSnapshot
) -> None:
    server = with_cases()
    with running(server) as url:
        crm = Dynamics365Crm(url, TENANT, CLIENT_ID, SecretStr(CLIENT_SECRET), url)
        try:
            assert "with cases" in await crm.check()
            await crm.sync_ticket(ticket)
            await crm.log_interaction(interaction)
        finally:
            await crm.aclose()

    assert len(server.rows("incidents")) == len(server.rows("phonecalls")) == 1


async def test_a_wrong_secret_is_not_let_in() -> None:
    server = with_cases()
    with running(server) as url, httpx.Client() as http:
        form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": "no"}
        assert http.post(f"{url}/{TENANT}/oauth2/v2.0/token", data=form).status_code == 401
        assert http.get(f"{url}/api/data/v9.2/contacts").status_code == 401
