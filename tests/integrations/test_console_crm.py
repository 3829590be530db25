"""The CRM of an installation without one."""

from typing import Any

import structlog.testing

from integrations.console_crm import ConsoleCrm
from integrations.crm import Interaction, TicketSnapshot


async def test_its_report_names_the_event_and_nobody(
    interaction: Interaction, ticket: TicketSnapshot
) -> None:
    told: list[str] = []

    def report(event: str, **fields: Any) -> None:
        told.append(f"{event} {fields}")

    crm = ConsoleCrm(report)
    await crm.log_interaction(interaction.model_copy(update={"ticket_number": ticket.number}))
    await crm.sync_ticket(ticket)

    assert len(told) == 2
    assert all(ticket.number in line for line in told)
    person = ticket.person
    private = [person.name, person.email, person.phone, person.account_name]
    private += [interaction.subject, interaction.description, ticket.title, ticket.description]
    assert not [text for text in private if text in "".join(told)]


async def test_without_a_report_it_tells_the_log_as_it_is_configured_then(
    interaction: Interaction,
) -> None:
    with structlog.testing.capture_logs() as lines:
        await ConsoleCrm().log_interaction(interaction)

    (line,) = lines
    assert (line["event"], line["key"]) == ("crm_interaction", interaction.key)


async def test_it_keeps_a_bounded_number(interaction: Interaction) -> None:
    crm = ConsoleCrm(lambda *_, **__: None, limit=10)
    for number in range(25):
        await crm.log_interaction(interaction.model_copy(update={"key": f"message:{number}"}))

    assert [i.key for i in crm.interactions] == [f"message:{n}" for n in range(15, 25)]
