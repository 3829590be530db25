"""A strict stand-in for a Dataverse organisation: OData from odatapy over Microsoft's own metadata,
the rules beyond metadata from :mod:`support.dataverse_rules`, and a token endpoint.

In process: ``httpx.AsyncClient(transport=httpx.ASGITransport(server.app))``.
On a loopback port: ``with running(server) as url: …``, or from the shell
``PYTHONPATH=tests python -m support.dataverse_server METADATA.xml``.
"""

import argparse
import functools
import itertools
import json
import re
import socket
import threading
import time
import xml.etree.ElementTree as ET
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import uvicorn
from odatapy.edm.names import FullQualifiedName
from odatapy.edm.xml_io import XmlEdmProvider
from odatapy.server import OData
from odatapy.server.adapters.common import build_request
from odatapy.server.inmemory import InMemoryDataStore, InMemoryProcessor
from odatapy.server.processor import CustomETagSupport
from odatapy.server.request import ServiceMetadata
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from support import dataverse_rules as rules
from support.dataverse_rules import Refusal, Row

TENANT, CLIENT_ID, CLIENT_SECRET = "11111111-2222-3333-4444-555555555555", "help-care", "s3cr3t"
_NAMESPACE = "Microsoft.Dynamics.CRM"
_EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
_API = "/api/data/v9.2/"
_JSON = {"content-type": "application/json", "odata-version": "4.0", "accept": "application/json"}


@dataclass(frozen=True)
class Fault:
    """What the service answers instead of doing the work."""

    status: int
    code: str = "0x80044150"
    headers: Mapping[str, str] = field(default_factory=dict)


class _AlwaysETag(CustomETagSupport):
    def has_etag(self, entity_set: Any) -> bool:
        return True

    def has_media_etag(self, entity_set: Any) -> bool:
        return False


class DataverseServer:
    """One organisation. ``faults`` are answered first, one a request; ``log`` holds what came."""

    def __init__(self, metadata: Path) -> None:
        self._tables, odata, model = _model(metadata)
        self._edm = model.edm
        self._handler = odata.create_handler(model)
        self._handler.register(InMemoryProcessor(InMemoryDataStore()))
        self._handler.register(_AlwaysETag())
        self._tokens: set[str] = set()
        self._case_numbers = itertools.count(1001)
        self._clock = itertools.count()
        self.faults: deque[Fault] = deque()
        self.log: list[tuple[str, str]] = []
        self.token_requests = 0
        self.app = Starlette(
            routes=[
                Route("/{tenant}/oauth2/v2.0/token", self._token, methods=["POST"]),
                Route(_API + "{path:path}", self._api, methods=["GET", "POST", "PATCH"]),
            ]
        )

    # --- for tests: what is there, what people do in the CRM ----------------------------------

    def rows(self, table: str, **options: str) -> list[Row]:
        """All rows of an entity set; ``expand="regardingobjectid_account_phonecall"``."""
        query = "&".join(f"${name}={value}" for name, value in options.items())
        return self._must("GET", table, query=query)["value"]

    def add(self, table: str, row: Row) -> str:
        """A row entered by a person; returns its key."""
        return self._create(table, dict(row))

    def edit(self, table: str, key: str, changes: Row) -> None:
        """A change made by a person: any, resolving included."""
        self._must("PATCH", f"{table}({key})", changes, {"if-match": "*"})

    def revoke_tokens(self) -> None:
        self._tokens.clear()

    # --- the wire -----------------------------------------------------------------------------

    async def _token(self, request: Request) -> Response:
        self.token_requests += 1
        form = {k: v for k, v in (await request.form()).items() if isinstance(v, str)}
        host = f"{request.url.scheme}://{request.url.netloc}"
        if request.path_params["tenant"] != TENANT or form.get("client_secret") != CLIENT_SECRET:
            return JSONResponse({"error": "invalid_client", "error_description": "no"}, 401)
        wanted = {"grant_type": "client_credentials", "client_id": CLIENT_ID}
        if any(form.get(k) != v for k, v in wanted.items()) or form["scope"] != f"{host}/.default":
            return JSONResponse({"error": "invalid_scope"}, 400)
        token = uuid4().hex
        self._tokens.add(token)
        return JSONResponse({"token_type": "Bearer", "expires_in": 3599, "access_token": token})

    async def _api(self, request: Request) -> Response:
        path = request.path_params["path"]
        self.log.append((request.method, path))
        if self.faults:
            fault = self.faults.popleft()
            return _error(Refusal("as told", fault.code, fault.status), fault.headers)
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self._tokens:
            return Response(status_code=401)
        try:
            return self._answer(request, path, await request.body())
        except Refusal as refusal:
            return _error(refusal)

    def _answer(self, request: Request, path: str, body: bytes) -> Response:
        if request.headers.get("odata-maxversion") != "4.0":
            raise Refusal("OData-MaxVersion is missing")
        row = json.loads(body) if body else {}
        table = re.split(r"[(/?]", path, maxsplit=1)[0]
        if table == "EntityDefinitions":
            return self._definition(path)
        if table == "WhoAmI":
            return JSONResponse({"OrganizationId": str(uuid4()), "UserId": str(uuid4())})
        if table == "CloseIncident" and "incidents" in self._tables:
            self._close_incident(row)
            return Response(status_code=204)
        if request.method == "POST":
            key = self._create(table, row)
            return Response(status_code=204, headers={"OData-EntityId": f"{_API}{table}({key})"})
        if request.method == "PATCH":
            if "if-match" not in request.headers:
                raise Refusal("without If-Match this would be an upsert")
            self._check(self._type(table), row)
            rules.check_change(self._type(table), row)
        headers = {k: v for k, v in request.headers.items() if k in {"if-match", "accept"}}
        response = self._process(request.method, path, row, headers, str(request.url.query))
        kept = {k: v for k, v in response.headers.items() if k.lower() != "content-length"}
        return Response(response.content, response.status_code, kept)

    def _definition(self, path: str) -> Response:
        match = re.search(r"LogicalName='(\w+)'", path)
        for entity_set, table in self._tables.items():
            if match and table == match[1]:
                return JSONResponse({"LogicalName": table, "EntitySetName": entity_set})
        raise Refusal("Could not find an entity", "0x80060888", 404)

    # --- the work -----------------------------------------------------------------------------

    def _type(self, entity_set: str) -> str:
        if entity_set not in self._tables:
            raise Refusal(f"Resource not found for '{entity_set}'", "0x8006088a", 404)
        return self._tables[entity_set]

    def _check(self, table: str, row: Row) -> None:
        edm_type = self._edm.get_entity_type(FullQualifiedName(_NAMESPACE, table))
        rules.check_text(table, row)
        rules.check_binds(lambda name: edm_type.get_navigation_property(name) is not None, row)
        for party in row.get(f"{table}_activity_parties", []):
            self._check("activityparty", party)

    def _create(self, entity_set: str, row: Row) -> str:
        table = self._type(entity_set)
        self._check(table, row)
        rules.new_row(table, row)
        if table == "incident":
            rules.check_customer(row, self._employer)
            row["ticketnumber"] = f"CAS-{next(self._case_numbers):05}-A1B2C3"
        for party in row.get(f"{table}_activity_parties", []):
            party["activitypartyid"] = str(uuid4())
        activity = table in {"phonecall", "email", "task", "incidentresolution"}
        key_name = "activityid" if activity else f"{table}id"
        row.setdefault(key_name, str(uuid4()))
        second = next(self._clock)
        row["createdon"] = (
            f"2026-01-01T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z"
        )
        self._must("POST", entity_set, row)
        return str(row[key_name])

    def _employer(self, contact: str) -> str | None:
        found = self._must("GET", f"contacts({contact})", query="$expand=parentcustomerid_account")
        account = found.get("parentcustomerid_account")
        return account["accountid"] if account else None

    def _close_incident(self, parameters: Row) -> None:
        # odatapy has no entity-typed parameters: the names here, the rest by creating the row.
        if set(parameters) != {"IncidentResolution", "Status"}:
            raise Refusal("CloseIncident takes IncidentResolution and Status", "0x80048d19")
        resolution = dict(parameters["IncidentResolution"])
        resolution.pop("@odata.type", None)
        case = rules.key_of(resolution.get("incidentid@odata.bind", ""))
        found = self._must("GET", f"incidents({case})")
        if found["statecode"] != 0 or parameters["Status"] not in rules.STATUSES["incident"][1]:
            raise Refusal("This case has already been resolved", "0x80060003")
        self._create("incidentresolutions", resolution)
        self.edit("incidents", case, {"statecode": 1, "statuscode": parameters["Status"]})

    def _must(
        self,
        method: str,
        path: str,
        row: Row | None = None,
        headers: Mapping[str, str] | None = None,
        query: str = "",
    ) -> Row:
        response = self._process(method, path, row, headers or {}, query)
        if response.status_code == 409:
            raise Refusal("Cannot insert duplicate key", "0x80040237", 412)
        if response.status_code >= 400:
            raise Refusal(str(response.content), "0x80040203", response.status_code)
        return json.loads(response.content) if response.content else {}

    def _process(
        self, method: str, path: str, row: Row | None, headers: Mapping[str, str], query: str
    ) -> Any:
        return self._handler.process(
            build_request(
                method=method,
                odata_path=path,
                query_string=query or None,
                base_uri="http://dataverse.test" + _API.rstrip("/"),
                headers={**_JSON, **headers},
                body=json.dumps(row).encode() if row else b"",
            )
        )


@functools.cache
def _model(metadata: Path) -> tuple[dict[str, str], OData, ServiceMetadata]:
    """Table names by entity set, and the parsed model; parsing takes a tenth of a second."""
    tree = ET.fromstring(metadata.read_bytes())
    tables = {
        s.get("Name", ""): s.get("EntityType", "").rpartition(".")[2]
        for s in tree.iter(f"{_EDM}EntitySet")
    }
    for column in tree.iter(f"{_EDM}Property"):
        column.attrib.pop("Unicode", None)  # declared "false" for columns that hold any text
    if "incidents" in tables:
        _declare_case_relations(tree)
    odata = OData.new_instance(strict_deserialization=True)
    return tables, odata, odata.create_service_metadata(XmlEdmProvider(ET.tostring(tree)), "4.0")


def _declare_case_relations(tree: ET.Element) -> None:
    """The relations of incident that the extract lacks; names as in Microsoft's reference."""
    sets = {s.get("Name"): s for s in tree.iter(f"{_EDM}EntitySet")}

    def bind(entity_set: str, path: str, target: str) -> None:
        ET.SubElement(
            sets[entity_set], f"{_EDM}NavigationPropertyBinding", Path=path, Target=target
        )

    for entity in tree.iter(f"{_EDM}EntityType"):
        table = entity.get("Name", "")
        if table in {"phonecall", "email", "task"}:
            name = f"regardingobjectid_incident_{table}"
            ET.SubElement(
                entity, f"{_EDM}NavigationProperty", Name=name, Type=f"{_NAMESPACE}.incident"
            )
            bind(f"{table}s", name, "incidents")
    bind("incidents", "customerid_account", "accounts")
    bind("incidents", "customerid_contact", "contacts")
    bind("incidents", "primarycontactid", "contacts")
    bind("incidentresolutions", "incidentid", "incidents")


def _error(refusal: Refusal, headers: Mapping[str, str] | None = None) -> Response:
    body = {"error": {"code": refusal.code, "message": f"{refusal} (ana@cliente.example)"}}
    return JSONResponse(body, refusal.status, dict(headers or {}))


@contextmanager
def running(server: DataverseServer) -> Iterator[str]:
    """The organisation on a free port of 127.0.0.1; its URL is that of the authority too."""
    listener = socket.create_server(("127.0.0.1", 0))
    web = uvicorn.Server(uvicorn.Config(server.app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=web.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        while not web.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        web.should_exit = True
        thread.join(timeout=10)
        listener.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="A strict stand-in for Dataverse on loopback.")
    parser.add_argument("metadata", type=Path)
    with running(DataverseServer(parser.parse_args().metadata)) as url:
        print(url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
