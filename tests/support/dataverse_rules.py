"""What Dataverse enforces beyond its metadata, as far as our calls meet it.

Lengths and options: Microsoft's table reference. ``Refusal`` becomes the service's error object.
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

Row = dict[str, Any]

LENGTHS = {
    "phonecall": {"subject": 200, "description": 2000, "phonenumber": 200},
    "email": {"subject": 800},
    "contact": {
        "firstname": 50,
        "lastname": 50,
        "emailaddress1": 100,
        "mobilephone": 50,
        "telephone1": 50,
        "description": 2000,
    },
    "account": {"name": 160, "accountnumber": 20},
    "incident": {"title": 200, "description": 2000},
    "incidentresolution": {"subject": 200, "description": 100_000},
}
# statuscode values by statecode
STATUSES = {
    "phonecall": {0: {1}, 1: {2, 4}, 2: {3}},
    "email": {0: {1, 8}, 1: {2, 3, 4, 6, 7}, 2: {5}},
    "contact": {0: {1}, 1: {2}},
    "account": {0: {1}, 1: {2}},
    "incident": {0: {1, 2, 3, 4}, 1: {5, 1000}, 2: {6, 2000}},
}


class Refusal(Exception):
    def __init__(self, message: str, code: str = "0x80040203", status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


def check_text(table: str, row: Mapping[str, Any]) -> None:
    """Lengths in UTF-16 units, and no character that XML cannot carry."""
    for column, value in row.items():
        if not isinstance(value, str):
            continue
        limit = LENGTHS.get(table, {}).get(column)
        if limit and len(value.encode("utf-16-le")) // 2 > limit:
            raise Refusal(f"'{column}' exceeds {limit}", "0x80044331")
        if any((ord(c) < 32 and c not in "\t\n\r") or c in "\ufffe\uffff" for c in value):
            raise Refusal(f"'{column}' has an invalid character", "0x80040203")


def check_binds(navigation: Callable[[str], bool], row: Mapping[str, Any]) -> None:
    """A bind must name a navigation property of the table: case and suffix count."""
    for name in row:
        bound = name.removesuffix("@odata.bind")
        if bound != name and not navigation(bound):
            raise Refusal(f"An undeclared property '{bound}' was found", "0x80048d19")


def new_row(table: str, row: Row) -> Row:
    """The row as the service stores it on create."""
    if "statecode" in row:
        raise Refusal("a new row is always open", "0x80045018")
    if table in STATUSES:
        status = row.setdefault("statuscode", 1)
        if status not in STATUSES[table][0]:
            raise Refusal(f"{status} is not a valid status code for state 0", "0x80048408")
        row["statecode"] = 0
    for party in row.get(f"{table}_activity_parties", []):
        if party.get("participationtypemask") not in {1, 2, 3, 4}:
            raise Refusal("participationtypemask is missing", "0x80040203")
    return row


def check_change(table: str, row: Mapping[str, Any]) -> None:
    if "statecode" not in row and "statuscode" not in row:
        return
    state, status = row.get("statecode"), row.get("statuscode")
    if state is None or status is None:
        raise Refusal("state and status belong together", "0x80048408")
    if status not in STATUSES[table].get(state, set()):
        raise Refusal(f"{status} is not a valid status code for state {state}", "0x80048408")
    if table == "incident" and state == 1:
        raise Refusal("a case is resolved by CloseIncident only", "0x80040265")


def check_customer(row: Mapping[str, Any], employer_of: Callable[[str], str | None]) -> None:
    """A case has one customer; its primary contact works for that account."""
    account = row.get("customerid_account@odata.bind")
    contact = row.get("customerid_contact@odata.bind")
    if bool(account) == bool(contact):
        raise Refusal("a case needs exactly one customer", "0x80040203")
    primary = row.get("primarycontactid@odata.bind")
    if primary and (not account or employer_of(key_of(primary)) != key_of(account)):
        raise Refusal("the specified contact doesn't belong to the customer", "0x80048d15")


def key_of(reference: str) -> str:
    """``/contacts(guid)`` → ``guid``."""
    return urlsplit(reference).path.partition("(")[2].rstrip(")")
