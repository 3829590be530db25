"""Our values as rows of Dynamics 365. Pure; :mod:`integrations.dynamics365` sends them.

Column names, lengths and option numbers: Microsoft's table reference (phonecall, email, contact,
account, incident, activityparty). Lengths count UTF-16 units, as the service does.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import ZoneInfo

import phonenumbers

from integrations.crm import Interaction, Person, TicketSnapshot
from integrations.dataverse_client import Record, literal

ACTIVE, RESOLVED = 0, 1  # incident.statecode; 2 is cancelled or merged
OPEN = 0  # activity statecode; 1 is completed
PROBLEM_SOLVED = 5  # incident.statuscode
ENDED = frozenset({"resuelto", "cerrado"})

_NAMESPACE = uuid5(NAMESPACE_URL, "urn:help-care:dynamics365")
_BOGOTA = ZoneInfo("America/Bogota")
_SENDER, _TO = 1, 2  # activityparty.participationtypemask
_SUBJECT, _MEMO, _EMAIL_BODY = 200, 2000, 20_000
_CONTROL = re.compile(
    r"[^\S\n\t ]|[\x00-\x08\x0e-\x1f\x7f\ufffe\uffff]"
)  # refused in XML, so there
_CHANNELS = {
    "whatsapp": "WhatsApp",
    "telegram": "Telegram",
    "email": "Correo",
    "webchat": "Chat web",
}
_ORIGINS = {"email": 2, "webchat": 3}  # caseorigincode knows no WhatsApp or Telegram
_PRIORITIES = {"critica": 1, "alta": 1, "media": 2, "baja": 3}
_QUESTION, _PROBLEM, _REQUEST = 1, 2, 3  # casetypecode
_CASE_TYPES = {
    "incidente": _PROBLEM,
    "queja": _PROBLEM,
    "reclamo": _PROBLEM,
    "denuncia": _PROBLEM,
    "peticion": _REQUEST,
    "habeas_data": _REQUEST,
    "sugerencia": _REQUEST,
}
_IN_PROGRESS, _WAITING_FOR_DETAILS = 1, 3  # incident.statuscode


def record_id(installation: str, kind: str, key: str) -> UUID:
    """The primary key of the row that stands for our ``key``: the same every time it is sent.

    Our keys are unique within one database only, so ``installation`` parts two of them that write
    to one organisation: contact 1 of the one is not contact 1 of the other.
    """
    return uuid5(_NAMESPACE, f"{installation}:{kind}:{key}")


@dataclass(frozen=True, slots=True)
class Customer:
    """Who a row is about, as found in the CRM. ``employed``: the contact belongs to the account."""

    contact: UUID | None = None
    account: UUID | None = None
    employed: bool = False


# --- people --------------------------------------------------------------------------------


def contact_filters(person: Person) -> Iterator[str]:
    """OData conditions that find the contact, the surest first."""
    if person.email:
        mail = literal(person.email)
        yield f"emailaddress1 eq {mail} or emailaddress2 eq {mail}"
    if person.phone:
        forms = [literal(form) for form in _phone_forms(person.phone)]
        yield " or ".join(
            f"{column} eq {form}" for column in ("mobilephone", "telephone1") for form in forms
        )


def account_filters(person: Person) -> Iterator[str]:
    """OData conditions that find the account: by NIT as people write it, then by name."""
    if person.account_nit:
        forms = _nit_forms(person.account_nit)
        conditions = [f"accountnumber eq {literal(form)}" for form in forms]
        if len(forms[0]) == 9 and "-" not in person.account_nit:
            # ours came without the check digit, theirs may have it
            conditions += [f"startswith(accountnumber,{literal(f'{form}-')})" for form in forms]
        yield " or ".join(conditions)
    if person.account_name:
        yield f"name eq {literal(person.account_name)}"


def contact_record(person: Person, key: UUID, account: UUID | None) -> Record:
    first, last = _names(person)
    record: Record = {
        "contactid": str(key),
        "firstname": first,
        "lastname": last,
        "emailaddress1": person.email if person.email and len(person.email) <= 100 else None,
        "mobilephone": person.phone,
        "description": f"Creado por Help Care. Contacto {person.external_id}.",
        "parentcustomerid_account@odata.bind": account and f"/accounts({account})",
    }
    return _present(record)


def _phone_forms(phone: str) -> list[str]:
    """How the CRM's users may have typed an E.164 number.

    Without the country code only for Colombian numbers: 305 555 0123 is a mobile there and a
    Miami number in the United States.
    """
    try:
        number = phonenumbers.parse(phone, None)
    except phonenumbers.NumberParseException:
        return [phone]
    formats = phonenumbers.PhoneNumberFormat
    forms = [phone, phonenumbers.format_number(number, formats.INTERNATIONAL), phone.lstrip("+")]
    if number.country_code == 57:
        national = phonenumbers.format_number(number, formats.NATIONAL)
        forms += [national, re.sub(r"\D", "", national)]
    return list(dict.fromkeys(forms))


def _nit_forms(nit: str) -> list[str]:
    """Ways to write a NIT: with and without its check digit, dots and dash; digits first."""
    base, _, check = nit.partition("-")
    digits = re.sub(r"\D", "", base)
    if not digits:
        return [nit]
    dotted = f"{int(digits):,}".replace(",", ".")
    forms = [digits, dotted, nit]
    if check:
        forms += [f"{digits}-{check}", f"{dotted}-{check}", digits + check]
    return list(dict.fromkeys(forms))


def _names(person: Person) -> tuple[str | None, str]:
    """Given names and surnames; of four or more words the first two are given names."""
    words = clean(person.name or "", _SUBJECT).split()
    if not words:
        return None, f"Cliente {person.external_id}"[:50]
    given = 0 if len(words) == 1 else 1 if len(words) < 4 else 2
    return " ".join(words[:given])[:50] or None, " ".join(words[given:])[:50]


# --- interactions --------------------------------------------------------------------------


def activity_table(interaction: Interaction) -> str:
    """E-mail as e-mail, all else as a phone call: the activity of every organisation that has a
    direction and parties, so that it stands in the timeline of contact and account.
    """
    return "email" if interaction.channel == "email" else "phonecall"


def activity_record(
    interaction: Interaction, key: UUID, customer: Customer, incident: UUID | None
) -> Record:
    table = activity_table(interaction)
    inbound = interaction.direction == "inbound"
    at = _utc(interaction.occurred_at)
    label = _CHANNELS.get(interaction.channel, interaction.channel)
    heading = (label, interaction.ticket_number, interaction.subject)
    record: Record = {
        "activityid": str(key),
        "subject": clean(" · ".join(part for part in heading if part), _SUBJECT, lines=False),
        "description": _description(interaction, table),
        "directioncode": not inbound,
        "actualstart": at,
        "actualend": at,
        "sortdate": at,
    }
    for target, regarded in (
        ("incident", incident),
        ("account", customer.account),
        ("contact", customer.contact),
    ):
        if regarded:
            record[f"regardingobjectid_{target}_{table}@odata.bind"] = f"/{target}s({regarded})"
            break
    if customer.contact:
        record[f"{table}_activity_parties"] = [
            {
                "partyid_contact@odata.bind": f"/contacts({customer.contact})",
                "participationtypemask": _SENDER if inbound else _TO,
            }
        ]
    if table == "phonecall" and interaction.person.phone:
        record["phonenumber"] = interaction.person.phone
    return record


def completion(interaction: Interaction) -> Record:
    """The change that ends the activity. An e-mail set to "sent" is not sent by this: only the
    SendEmail action does that.
    """
    inbound = interaction.direction == "inbound"
    if activity_table(interaction) == "email":
        return {"statecode": 1, "statuscode": 4 if inbound else 3}  # received, sent
    return {"statecode": 1, "statuscode": 4 if inbound else 2}  # received, made


def _description(interaction: Interaction, table: str) -> str:
    trailer = f"\n\nHelp Care · conversación {interaction.conversation_id}"
    if table == "phonecall":
        return clean(interaction.description, _MEMO - utf16_length(trailer)) + trailer
    # The timeline shows an e-mail's description as HTML, and a stranger wrote this text.
    text = clean(interaction.description, _EMAIL_BODY) + trailer
    return html.escape(text).replace("\n", "<br>")


# --- tickets -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stamp:
    """The last line of a case's description: what we wrote there last.

    Dataverse has no spare column for it without a change to the customer's solution. ``digest``
    tells our text from a person's edit.
    """

    version: int
    status: str
    digest: str

    def line(self, number: str) -> str:
        return f"[Help Care {number} v{self.version} {self.status} {self.digest}]"


_STAMP = re.compile(r"\s*\[Help Care \S+ v(\d{1,18}) (\w+) ([0-9a-f]{12})\]\s*\Z")
_STAMP_ROOM = 120


def split_stamp(description: str | None) -> tuple[str, Stamp | None]:
    """A case's description without our last line, and that line."""
    text = description or ""
    match = _STAMP.search(text)
    if not match:
        return text, None
    return text[: match.start()], Stamp(int(match[1]), match[2], match[3])


def is_ours(case: Record, body: str, stamp: Stamp | None) -> bool:
    """Whether nobody changed title, text or priority since we wrote them."""
    return stamp is not None and stamp.digest == _digest(
        case.get("title"), body, case.get("prioritycode")
    )


def case_record(ticket: TicketSnapshot, key: UUID, customer: Customer) -> Record:
    """A new case; the server adds its own ``ticketnumber``, ours leads the searchable title."""
    target, owner = (
        ("account", customer.account) if customer.account else ("contact", customer.contact)
    )
    record: Record = {
        "incidentid": str(key),
        f"customerid_{target}@odata.bind": f"/{target}s({owner})",
        "casetypecode": _CASE_TYPES.get(ticket.type, _QUESTION),
        "caseorigincode": _ORIGINS.get(ticket.channel),
        "statuscode": _status(ticket),
        **case_changes(ticket),
    }
    if customer.account and customer.contact and customer.employed:
        # refused by the service for a contact of another account
        record["primarycontactid@odata.bind"] = f"/contacts({customer.contact})"
    return _present(record)


def case_changes(ticket: TicketSnapshot) -> Record:
    """Title, text with stamp, and priority as the ticket has them."""
    title = clean(f"{ticket.number} · {ticket.title}", _SUBJECT, lines=False)
    opened = ticket.created_at.astimezone(_BOGOTA)
    label = _CHANNELS.get(ticket.channel, ticket.channel)
    heading = f"{ticket.type} por {label}, {opened:%Y-%m-%d %H:%M} (hora de Bogotá)"
    text = ticket.description.replace("[Help Care ", "(Help Care ")  # nobody else writes stamps
    body = clean(f"{heading}\n\n{text}", _MEMO - _STAMP_ROOM)
    priority = _PRIORITIES.get(ticket.priority, 2)
    return {
        "title": title,
        "description": stamped(body, ticket, _digest(title, body, priority)),
        "prioritycode": priority,
    }


def stamped(body: str, ticket: TicketSnapshot, digest: str) -> str:
    line = Stamp(ticket.version, ticket.status, digest).line(ticket.number)
    return f"{body.rstrip()}\n\n{line}"


def case_status(ticket: TicketSnapshot) -> Record:
    """State and status of an open ticket; always both, as the service asks."""
    return {"statecode": ACTIVE, "statuscode": _status(ticket)}


def resolution(ticket: TicketSnapshot, case: UUID) -> Record:
    """The parameters of the unbound action CloseIncident."""
    text = clean(ticket.resolution or "Resuelto en Help Care", _MEMO)
    return {
        "IncidentResolution": {
            "@odata.type": "Microsoft.Dynamics.CRM.incidentresolution",
            "subject": clean(f"{ticket.number} · {text}", _SUBJECT, lines=False),
            "description": text,
            "incidentid@odata.bind": f"/incidents({case})",
        },
        "Status": PROBLEM_SOLVED,
    }


def _status(ticket: TicketSnapshot) -> int:
    waiting = ticket.status == "en_espera_del_cliente"
    return _WAITING_FOR_DETAILS if waiting else _IN_PROGRESS


def fits_memo(text: str) -> bool:
    return utf16_length(text) <= _MEMO


# --- text ----------------------------------------------------------------------------------


def clean(text: str, limit: int, *, lines: bool = True) -> str:
    """``text`` without what the service refuses, at most ``limit`` UTF-16 units, "…" when cut."""
    text = text.replace("\r\n", "\n").encode("utf-8", "replace").decode()
    text = _CONTROL.sub(" ", text).strip()
    if not lines:
        text = " ".join(text.split())
    if utf16_length(text) <= limit:
        return text
    kept = text.encode("utf-16-le")[: 2 * (limit - 1)].decode("utf-16-le", "ignore")
    return kept.rstrip() + "…"


def utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _digest(title: str | None, body: str, priority: int | None) -> str:
    text = " ".join(f"{title} {body} {priority}".split())  # the service may change line ends
    return sha256(text.encode()).hexdigest()[:12]


def _utc(at: datetime) -> str:
    return at.astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%SZ")


def _present(record: dict[str, Any]) -> Record:
    return {name: value for name, value in record.items() if value is not None}
