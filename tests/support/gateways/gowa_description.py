"""A GOWA server that checks what it is asked, and what it answers, against the project's own
description (``gowa/openapi.yaml``, whose README says where it is from)."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web
from jsonschema import Draft4Validator

from tests.support.gateways.fake_gowa import FakeGowa

FILE = Path(__file__).parent / "gowa" / "openapi.yaml"


class DescribedGowa(FakeGowa):
    """``wrong`` says what of the requests is not as it is described, ``own_faults`` what of its
    answers."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.own_faults: list[str] = []

    async def greet(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.path.startswith("/statics/"):
            return await super().greet(request, handler)
        body: Any = None
        if request.content_type == "multipart/form-data":
            body = {name: str(value) for name, value in (await request.post()).items()}
        elif request.can_read_body:
            body = json.loads(await request.text())
        content_type = request.content_type if body is not None else None
        path = request.raw_path.partition("?")[0]
        self.wrong += problems(request.method, path, dict(request.query), content_type, body)
        answer = await super().greet(request, handler)
        if isinstance(answer, web.Response) and answer.status == 200:
            schema = _operation(request.method, path)["responses"]["200"]
            schema = schema["content"]["application/json"]["schema"]
            self.own_faults += _errors("answer", schema, json.loads(answer.text or ""))
        return answer


def problems(
    method: str, path: str, query: dict[str, str], content_type: str | None, body: Any
) -> list[str]:
    """What of a request is not as it is described; every field that is not in it is wrong."""
    operation = _operation(method, path)
    if not operation:
        return [f"{method} {path} is not described"]
    known = {each["name"]: each for each in map(_resolved, operation.get("parameters", ()))}
    names = {name for name, each in known.items() if each["in"] == "query"}
    needed = {name for name in names if known[name].get("required")}
    found = [f"query: {name} is not described" for name in query.keys() - names]
    found += [f"query: {name} is missing" for name in needed - query.keys()]
    contents = operation.get("requestBody", {}).get("content", {})
    if body is None:
        return found + (["body: it is missing"] if contents else [])
    if content_type not in contents:
        return [*found, f"body: {content_type} is not described"]
    return found + _errors("body", contents[content_type]["schema"], body)


def _operation(method: str, path: str) -> dict[str, Any]:
    for template, item in _description()["paths"].items():
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template))
        if re.fullmatch(pattern, path) and method.lower() in item:
            found: dict[str, Any] = item[method.lower()]
            return found
    return {}


def _errors(where: str, schema: Any, value: Any) -> list[str]:
    validator = Draft4Validator(_strict(schema))
    return [f"{where}: {error.message}" for error in validator.iter_errors(value)]


def _strict(schema: Any) -> Any:
    """The schema with its references put in, and with no room for fields that it does not name."""
    schema = _resolved(schema)
    if schema.get("type") == "object" and "properties" in schema:
        fields = {name: _strict(each) for name, each in schema["properties"].items()}
        return {"type": "object", "properties": fields, "additionalProperties": False}
    if schema.get("type") == "array":
        return {"type": "array", "items": _strict(schema["items"])}
    return {key: value for key, value in schema.items() if key in ("type", "enum")}


def _resolved(part: Any) -> Any:
    if "$ref" not in part:
        return part
    found = _description()
    for name in part["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return found


@cache
def _description() -> Any:
    return yaml.safe_load(FILE.read_text())
