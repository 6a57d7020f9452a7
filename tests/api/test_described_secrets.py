"""What /openapi.json says of secrets: which go in, which come out, and that they do so once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from api import create_app
from tests.api.test_openapi import _operations, _references
from tests.support.api.client import BASE

SECRET = re.compile(r"credential|secret|password|token|(^|_)key$")


@pytest.fixture
def description() -> Any:
    return create_app().test_client().get("/openapi.json").get_json()


def _secrets(description: Any, part: Any) -> set[tuple[str, str, bool]]:
    """What looks like a secret in ``part`` and in all schemas that it refers to: the schema, the
    property, and whether it is written only. What only says whether there is one is none."""
    schemas = description["components"]["schemas"]
    waiting, known = [*_references(part)], set()
    while waiting:
        name = waiting.pop().rpartition("/")[2]
        if name in schemas and name not in known:
            known.add(name)
            waiting += _references(schemas[name])
    return {
        (name, field, found.get("writeOnly", False))
        for name in known
        for field, found in _properties(schemas[name])
        if SECRET.search(field) and found.get("type") != "boolean"
    }


def _properties(part: Any) -> Iterator[tuple[str, Any]]:
    """Every property of a schema, also of what is written out inside it."""
    if isinstance(part, dict):
        if isinstance(part.get("properties"), dict):
            yield from part["properties"].items()
        for value in part.values():
            yield from _properties(value)
    elif isinstance(part, list):
        for value in part:
            yield from _properties(value)


def test_credentials_are_written_only(description: Any) -> None:
    """No answer has any, but for a new secret of a subscription, which is shown once."""
    operations = [operation for _, operation in _operations(description)]
    asked = [operation.get("requestBody") for operation in operations]
    answered = [operation["responses"] for operation in operations]

    assert _secrets(description, asked) == {
        ("NewDevice", "credentials", True),
        ("DeviceRevision", "credentials", True),
        ("NewSubscription", "secret", True),
    }
    assert _secrets(description, answered) == {
        ("SubscriptionWithSecret", "secret", False),
        ("CreatedKey", "key", False),
    }


def test_whatever_shows_a_secret_is_marked(description: Any) -> None:
    """So that no stored answer has it. Only an answer to a POST shows one, at its top, and the
    field says that it is null the next time."""
    schemas = description["components"]["schemas"]
    shown = set()
    for name, operation in _operations(description):
        answers = operation["responses"]
        tops = {
            reference.rpartition("/")[2]
            for code, answer in answers.items()
            if code.startswith("2")
            for reference in _references(answer)
        }
        for schema, field, _ in _secrets(description, answers):
            where = (name, schema, field)
            assert (name.startswith("post "), schema in tops) == (True, True), where
            found = schemas[schema]["properties"][field]
            assert found.get("x-shown-once") is True, where
            assert found["type"] == ["string", "null"]
            assert found["description"].endswith("shown only here, and null in a repeated answer")
            shown.add((name.removeprefix(f"post {BASE}"), field))

    assert shown == {
        ("/keys", "key"),
        ("/subscriptions", "secret"),
        ("/subscriptions/{subscription_id}/rotate-secret", "secret"),
    }
