"""A template of the WhatsApp Cloud API as the form of a campaign has it, and back: the values of
its variables are lines."""

from __future__ import annotations

import re
from typing import Any

from flask import request

from api.web import forms

NEW: dict[str, Any] = {
    "template_name": "",
    "template_language": "",
    "template_variables": "",
    "header_kind": "",
    "header_url": "",
    "header_variables": "",
    "buttons": "",
}
_NAMED = re.compile(r"([a-z][a-z0-9_]*): (.*)")


def given() -> dict[str, Any] | None:
    """What was written, as the API takes it; None where no template is named."""
    if not forms.text("template_name"):
        return None
    found: dict[str, Any] = {
        "name": forms.text("template_name"),
        "language": forms.text("template_language"),
        "variables": _values("template_variables"),
    }
    if kind := forms.text("header_kind"):
        found["header"] = {"kind": kind}
        if forms.text("header_url"):
            found["header"]["url"] = forms.text("header_url")
        if forms.text("header_variables"):
            found["header"]["variables"] = _values("header_variables")
    if forms.text("buttons"):
        found["buttons"] = forms.pairs("buttons")
    return found


def of(template: dict[str, Any] | None) -> dict[str, Any]:
    """A template of the API as the form has it."""
    if template is None:
        return NEW
    header = template.get("header") or {}
    buttons = template.get("buttons") or {}
    return {
        "template_name": template["name"],
        "template_language": template["language"],
        "template_variables": _lines(template.get("variables")),
        "header_kind": header.get("kind", ""),
        "header_url": header.get("url") or "",
        "header_variables": _lines(header.get("variables")),
        "buttons": _lines(dict(buttons)),
    }


def _values(name: str) -> list[str] | dict[str, str]:
    """Values in their order, or by name where every line begins with one."""
    written = [line for line in request.form.get(name, "").splitlines() if line.strip()]
    named = [_NAMED.fullmatch(line) for line in written]
    if written and all(named):
        return {each[1]: each[2] for each in named if each}
    return written


def _lines(values: list[str] | dict[str, str] | None) -> str:
    if isinstance(values, dict):
        return "\n".join(f"{name}: {value}" for name, value in values.items())
    return "\n".join(values or ())
