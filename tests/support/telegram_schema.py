"""Judge the calls that we make by Telegram's own description, turned into JSON Schema."""

import json
from functools import cache

import httpx
from jsonschema import Draft202012Validator
from support.openapi import spec_file

SPEC = "telegram/api-10.1.json"
_SIMPLE = {
    "Integer": {"type": "integer"},
    "Float": {"type": "number"},
    "Boolean": {"type": "boolean"},
    "String": {"type": "string"},
}


@cache
def _spec():
    return json.loads(spec_file(SPEC).read_text())


def _type(name):
    if name.startswith("Array of "):
        return {"type": "array", "items": _type(name.removeprefix("Array of "))}
    return _SIMPLE.get(name) or {"$ref": f"#/$defs/{name}"}


def _object(fields):
    return {
        "type": "object",
        "properties": {f["name"]: {"anyOf": [_type(t) for t in f["types"]]} for f in fields},
        "required": [f["name"] for f in fields if f["required"]],
        "additionalProperties": False,
    }


@cache
def _definitions():
    definitions = {}
    for name, described in _spec()["types"].items():
        if described.get("subtypes"):
            definitions[name] = {"anyOf": [_type(t) for t in described["subtypes"]]}
        else:
            definitions[name] = _object(described.get("fields", []))
    return definitions


def _validator(schema):
    return Draft202012Validator({**schema, "$defs": _definitions()})


def judge_call(method, parameters):
    """Raise unless Telegram describes this call so."""
    _validator(_object(_spec()["methods"][method].get("fields", []))).validate(parameters)


def judge_update(update):
    """Raise unless this is an update that Telegram could send."""
    _validator(_type("Update")).validate(update)


def decoded(method, form):
    """Form values as the method's types: text stays text, everything else is JSON."""
    fields = {f["name"]: f["types"] for f in _spec()["methods"][method].get("fields", [])}
    return {
        name: value if fields.get(name, ["String"]) == ["String"] else json.loads(value)
        for name, value in form.items()
    }


class JudgedTransport(httpx.AsyncBaseTransport):
    """Validates every call before it goes on."""

    def __init__(self, inner):
        _spec()
        self._inner = inner
        self.judged = []

    async def handle_async_request(self, request):
        if request.url.path.startswith("/bot"):
            method = request.url.path.rpartition("/")[2]
            form = dict(httpx.QueryParams(await request.aread()))
            judge_call(method, decoded(method, form))
            self.judged.append(method)
        return await self._inner.handle_async_request(request)
