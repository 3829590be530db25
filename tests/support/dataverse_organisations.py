"""Organisations for a test to log to, and our CRM over each."""

from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from support.dataverse_server import CLIENT_ID, CLIENT_SECRET, TENANT, DataverseServer

from integrations.dynamics365 import Dynamics365Crm

URL = "https://contoso.crm.test"
_SPECS = Path(__file__).parents[2] / ".." / "shared" / "specs" / "dataverse"


def with_cases() -> DataverseServer:
    """A Dataverse with the Service solution, or a skipped test."""
    return _organisation("dynamics-v9.1+case.csdl.xml")


def without_cases() -> DataverseServer:
    return _organisation("dynamics-v9.1.trim.csdl.xml")


def crm_of(http: httpx.AsyncClient, *, installation: str = "help-care") -> Dynamics365Crm:
    secret = SecretStr(CLIENT_SECRET)
    return Dynamics365Crm(URL, TENANT, CLIENT_ID, secret, URL, http, installation=installation)


def _organisation(metadata: str) -> DataverseServer:
    path = _SPECS / metadata
    if not path.exists():
        pytest.skip("Microsoft's Dataverse metadata is not on this machine (shared/specs)")
    return DataverseServer(path)
