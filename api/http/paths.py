"""What is wrong with a path that leads nowhere, or where nothing takes the request's method."""

from __future__ import annotations

import re
from typing import Any

from flask import current_app, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

# A part of a rule that stands for a value: its kind, and its name.
_PART = re.compile(r"<(?:(\w+):)?(\w+)>")
# Of each kind, what its values look like, and what they are in words.
_KINDS = {
    "uuid": (re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"), "a UUID"),
    "int": (re.compile(r"[0-9]+"), "a whole number, from 0"),
}
# What answers to any path, and helps nobody who meant another.
_ALWAYS = {"HEAD", "OPTIONS"}

NOWHERE = "there is nothing at this path: expected one that /openapi.json names"


def errors(error: HTTPException) -> dict[str, Any] | None:
    """The parts of the request's path that are no values of their kinds, named as in the
    description, and what was expected; None for another ``error`` than of a path that leads
    nowhere."""
    if not isinstance(error, NotFound) or not _is_ours(error):
        return None
    given = request.path.rstrip("/").split("/")
    for rule in current_app.url_map.iter_rules():
        if rule.rule.startswith("/api/v1/") and (wrong := _wrong(rule.rule.split("/"), given)):
            return {"path": wrong}
    return None


def message(error: HTTPException) -> str | None:
    """What to say of a path that leads nowhere, or of another method than it takes; None for other
    errors, which say it themselves."""
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        methods = sorted(set(error.valid_methods) - _ALWAYS or error.valid_methods)
        return f"expected the method {' or '.join(methods)}"
    return NOWHERE if isinstance(error, NotFound) and _is_ours(error) else None


def _is_ours(error: HTTPException) -> bool:
    """Whether nobody gave it words of its own."""
    return error.description == type(error).description


def _wrong(rule: list[str], given: list[str]) -> dict[str, list[str]]:
    """What is wrong with the parts of a path that is like the rule; nothing of another path."""
    wrong: dict[str, list[str]] = {}
    if len(rule) != len(given):
        return {}
    for part, value in zip(rule, given, strict=True):
        stands_for = _PART.fullmatch(part)
        if stands_for is None:
            if part != value:
                return {}
            continue
        kind, name = stands_for.groups()
        if kind in _KINDS and not _KINDS[kind][0].fullmatch(value):
            wrong[name] = [f"Expected {_KINDS[kind][1]}."]
    return wrong
