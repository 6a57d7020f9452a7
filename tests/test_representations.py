"""What is printed of a value in a traceback or a log by mistake has no secret in it."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import msgspec
import pytest

import api
import domain
import projections
import runners

SECRET = re.compile(r"credential|secret|password|token|_key$|database_url|^headers$|^query$")
# Names, ids and counts, and a value that is encrypted.
NONE = {
    ("Provider", "secret"),
    ("Rotated", "secrets"),
    # Names of credentials.
    ("GatewayOptions", "credentials"),
    ("GatewayOptions", "needed_credentials"),
    ("Manifest", "secret_check"),
    ("Proof", "secret_id"),
    ("Received", "secret_id"),
    ("Server", "secret_check"),
    ("Settings", "secret_key_file"),
    ("Taken", "secret_id"),
}


def _values() -> Iterator[tuple[type[Any], tuple[str, ...]]]:
    """Every struct and named tuple of ours, and its fields."""
    for package in (domain, projections, runners, api):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations." in module.name:  # alembic's, and read by it alone
                continue
            for found in vars(import_module(module.name)).values():
                if not isinstance(found, type) or found.__module__ != module.name:
                    continue
                if issubclass(found, msgspec.Struct):
                    yield found, found.__struct_fields__
                elif issubclass(found, tuple) and hasattr(found, "_fields"):
                    yield found, found._fields


SECRETS = [
    (cls, fields, name)
    for cls, fields in _values()
    for name in fields
    if SECRET.search(name) and (cls.__name__, name) not in NONE
]


def test_the_values_that_hold_secrets_are_found() -> None:
    """The test below would pass if it looked at none."""
    assert {(cls.__name__, name) for cls, _, name in SECRETS} == {
        ("Settings", "database_url"),
        ("Settings", "secret_key"),
        ("Settings", "new_secret_key"),
        ("Settings", "api_key"),
        ("Candidate", "digest_key"),
        ("Outgoing", "credentials"),
        ("Proof", "secret"),
        ("Sender", "credentials"),
        ("Trial", "credentials"),
        ("Through", "credentials"),
        ("WebhookRequest", "headers"),
        ("WebhookRequest", "query"),
    }


@pytest.mark.parametrize(
    ("cls", "fields", "name"), SECRETS, ids=[f"{cls.__name__}.{name}" for cls, _, name in SECRETS]
)
def test_none_of_them_shows_it(cls: type[Any], fields: tuple[str, ...], name: str) -> None:
    value = cls(**{field: "hunter2" if field == name else "" for field in fields})

    assert getattr(value, name) == "hunter2"
    assert "hunter2" not in repr(value)
    assert "hunter2" not in f"{[value]}"
