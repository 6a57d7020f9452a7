"""What is written in the form of a step, as the API takes it, and a step as that form."""

from __future__ import annotations

from typing import Any

from flask import request

from api.web import branch_rows, composed_template, forms

NEW: dict[str, Any] = {
    "body": "",
    "delay_hours": "",
    "send_at": "",
    "media_url": "",
    "branches": branch_rows.rows([]),
    **composed_template.NEW,
}


def given() -> dict[str, Any]:
    """What was written, as the API takes it. Texts keep their white space; browsers send other ends
    of lines. A delay that is left empty is not said."""
    body: dict[str, Any] = {
        "body": request.form.get("body", "").replace("\r\n", "\n"),
        "send_at": forms.text("send_at") or None,
        "media_url": forms.text("media_url") or None,
        "template": composed_template.given(),
    }
    if forms.text("delay_hours"):
        body["delay_hours"] = forms.number("delay_hours")
    # A form without their rows leaves the branches as they are.
    if "branch_when" in request.form:
        body["branches"] = branch_rows.written()
    return body


def of_step(step: dict[str, Any]) -> dict[str, Any]:
    """A step of the API as the form has it."""
    plain = {name: step.get(name) for name in ("body", "delay_hours", "send_at", "media_url")}
    branches = branch_rows.rows(step["branches"])
    return {**plain, "branches": branches, **composed_template.of(step.get("template"))}


def of_form() -> dict[str, Any]:
    """What was just written, as the form has it."""
    plain = {name: request.form.get(name, "") for name in NEW}
    return {**plain, "branches": branch_rows.rows(branch_rows.written())}
