"""Every list and every object with free names that a request may have is bounded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from api.schemas.fields import Text
from tests.support.api.client import JSON, Client
from tests.support.api.given import NOBODY


def schemas(value: Any, document: dict[str, Any], seen: set[str]) -> Iterator[dict[str, Any]]:
    """Every schema in ``value``, those that it refers to too, each once."""
    if isinstance(value, list):
        for each in value:
            yield from schemas(each, document, seen)
    if not isinstance(value, dict):
        return
    if (name := value.get("$ref", "").rpartition("/")[2]) and name not in seen:
        seen.add(name)
        yield from schemas(document["components"]["schemas"][name], document, seen)
    if "type" in value or "properties" in value:
        yield value
    for each in value.values():
        yield from schemas(each, document, seen)


def asked(app: Flask) -> Iterator[tuple[str, dict[str, Any]]]:
    """What each request may have: the operation, and a schema."""
    document = app.test_client().get("/openapi.json").get_json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if isinstance(operation, dict):
                given = [operation.get("requestBody"), operation.get("parameters")]
                for schema in schemas(given, document, set()):
                    yield f"{method} {path}", schema


def test_every_list_and_every_object_of_a_request_is_bounded(app: Flask) -> None:
    found, unbounded = 0, []
    for operation, schema in asked(app):
        kinds = schema.get("type", [])
        is_list = "array" in kinds
        is_free = isinstance(schema.get("additionalProperties"), dict)
        found += is_list or is_free
        if (is_list and "maxItems" not in schema) or (is_free and "maxProperties" not in schema):
            unbounded.append((operation, schema))
    assert unbounded == []
    assert found > 20


# As JSON: what no number may be, and what is none.
ENDLESS = ("1e400", "-1e400", "1e308", "-1e308", "1" + "0" * 400)
OTHERS = ("true", '"7"', "[]", "{}")


def kinds(schema: dict[str, Any]) -> set[str]:
    kind = schema.get("type", [])
    return {kind} if isinstance(kind, str) else set(kind)


def numbers(
    schema: dict[str, Any], document: dict[str, Any], field: str = "", body: str = "%s"
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Each number that a body may have: its name, a body with nothing else, and what it is not."""
    if reference := schema.get("$ref"):
        schema = document["components"]["schemas"][reference.rpartition("/")[2]]
    for name, inner in schema.get("properties", {}).items():
        inside = f"{field}.{name}".lstrip(".")
        yield from numbers(inner, document, inside, body % f'{{"{name}": %s}}')
    if "items" in schema:
        yield from numbers(schema["items"], document, f"{field}[1]", body % "[%s]")
    ways = [each for way in ("anyOf", "oneOf", "allOf") for each in schema.get(way, ())]
    for each in ways:
        if not kinds(each) & {"number", "integer"}:
            yield from numbers(each, document, field, body)
    if kinds(schema) & {"number", "integer"}:
        yield field, body, (*ENDLESS, *OTHERS)
    elif any(kinds(each) & {"number", "integer"} for each in ways):
        yield field, body, ENDLESS


def test_every_number_of_a_request_is_bounded(app: Flask) -> None:
    """At both ends, or it is one of some."""
    found, unbounded = 0, []
    for operation, schema in asked(app):
        if kinds(schema) & {"number", "integer"} and "enum" not in schema:
            found += 1
            lower = {"minimum", "exclusiveMinimum"} & schema.keys()
            upper = {"maximum", "exclusiveMaximum"} & schema.keys()
            if not (lower and upper):
                unbounded.append((operation, schema))
    assert unbounded == []
    assert found > 40


def test_no_number_is_endless_or_a_text_or_a_flag(administrator: Client) -> None:
    """It is refused under its name, in every body of the description."""
    document = administrator.app.test_client().get("/openapi.json").get_json()
    tried, taken = 0, []
    for path, operations in document["paths"].items():
        for method in {"post", "patch"} & operations.keys():
            given = operations[method].get("requestBody", {}).get("content", {}).get(JSON, {})
            address = path.removeprefix("/api/v1").replace("{number}", "1")
            address = re.sub(r"{\w+}", str(NOBODY), address)
            is_ours = "x-role" in operations[method]
            for field, body, wrong in numbers(given.get("schema", {}), document) if is_ours else ():
                for value in wrong:
                    sent = {"data": body % value, "content_type": JSON}
                    answer = administrator.json(method.upper(), address, **sent).json
                    tried += 1
                    if not any(
                        each["field"].startswith(field) for each in answer.get("fields", ())
                    ):
                        taken.append((method, path, body % value, answer))
    assert taken == []
    assert tried > 300


@pytest.mark.parametrize("number", ["1e-300", "-0.0", "0"])
def test_what_is_next_to_nothing_is_nothing(operator: Client, number: str) -> None:
    """Also a zero below zero, where 0 may be; it is refused where it may not."""
    branch = f'{{"when": "read", "within_hours": {number}, "then": null}}'
    steps = f'{{"body": "B", "delay_hours": {number}, "branches": [%s]}}, {{"body": "C"}}'
    body = f'{{"name": "S", "trigger": "T", "steps": [{steps}]}}'
    made = operator.json("POST", "/sequences", data=body % "", content_type=JSON)
    refused = operator.json("POST", "/sequences", data=body % branch, content_type=JSON)

    assert str(made.json["steps"][0]["delay_hours"]) == "0.0"
    assert [each["field"] for each in refused.json["fields"]] == [
        "steps[1].branches[1].within_hours"
    ]


MANY = [f"x{number}" for number in range(50_000)]
IDS = [str(NOBODY)] * 50_000
LEAD = {"phone": "+60123456789"}
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "niche": ("/leads", {**LEAD, "niche": MANY}),
    "triggers": ("/leads", {**LEAD, "triggers": MANY}),
    "attributes": ("/leads", {**LEAD, "attributes": dict.fromkeys(MANY, "")}),
    "device_ids": ("/campaigns", {"device_ids": IDS[:20_000]}),
    "windows": ("/campaigns", {"windows": [{}] * 50_000}),
    "steps": ("/sequences", {"steps": [{}] * 50_000}),
    "settings": ("/devices", {"settings": dict.fromkeys(MANY, "")}),
    "credentials": ("/devices", {"credentials": dict.fromkeys(MANY, "")}),
    "events": ("/subscriptions", {"events": MANY}),
}


@pytest.mark.parametrize("field", CASES)
def test_what_is_too_much_is_refused_unseen(
    field: str, administrator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One error for the field, and none for each of its entries, which nobody looks at."""
    looked_at = 0
    real = Text._deserialize

    def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal looked_at
        looked_at += 1
        return real(self, *args, **kwargs)

    monkeypatch.setattr(Text, "_deserialize", counted)
    path, body = CASES[field]

    answer = administrator.post(path, body)

    assert answer.status == 422
    (problem,) = answer.json["errors"]["json"][field]
    assert "maximum length" in problem or "at most" in problem
    assert looked_at < 10


def test_variables_of_a_template_are_bounded_in_both_shapes(operator: Client) -> None:
    for variables in (MANY, dict.fromkeys(MANY, "x")):
        template = {"name": "offer", "language": "en", "variables": variables}
        answer = operator.post("/campaigns", {"template": template})
        assert answer.status == 422
        (problem,) = answer.json["errors"]["json"]["template"]["variables"]
        assert "maximum length" in problem or "at most" in problem


@pytest.mark.parametrize(
    "body",
    [
        "[" * 500_000,
        '{"a":' * 150_000,
        '{"phone": ' + "9" * 900_000 + "}",
        '{"phone": 1e' + "9" * 900_000 + "}",
        '"' + "\\u0301" * 150_000 + '"',
    ],
)
@pytest.mark.parametrize("path", ["/leads", "/campaigns"])
def test_json_without_end_is_refused(operator: Client, path: str, body: str) -> None:
    """As deep, as large or as long as it is."""
    answer = operator.json("POST", path, data=body, content_type="application/json")
    assert answer.status in (400, 422)


def test_a_phone_without_end_is_no_phone(operator: Client) -> None:
    """In a query it is as long as the server lets it be."""
    status, answer = operator.get("/leads", phone="(" * 7000)
    assert status == 422
    assert list(answer["errors"]["query"]) == ["phone"]
