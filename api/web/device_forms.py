"""What the form of a device has for each gateway, and what was written in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from flask import request

from api.web import forms
from api.web.rendering import offer
from api.web.texts import gettext as _
from domain import gateway_settings

FIELDS = ("name", "min_delay_seconds", "max_delay_seconds", "daily_limit", "timezone")
_NUMBERS = (gateway_settings.SHARE, gateway_settings.MILLISECONDS)


def gateways() -> dict[str, str]:
    """By the names that the API knows, as people call them."""
    return {
        "sandbox": _("Sandbox: sends to nobody"),
        "gowa": _("GOWA: WhatsApp Web"),
        "cloud": "WhatsApp Cloud API",
        "wablas": "Wablas",
        "whacenter": "Whacenter",
    }


def option_label(name: str) -> str:
    """A setting or credential of a gateway, as people call it; its own name where there is no other
    word."""
    known = {
        "base_url": _("Address of the server"),
        "allow_http": _("Clear text over the network is all right"),
        "device_id": _("Id of the device"),
        "version": _("Version"),
        "phone_number_id": _("Id of the phone number"),
        "business_account_id": _("Id of the business account"),
        "username": _("User name"),
        "password": _("Password"),
        "webhook_secret": _("Secret of webhooks"),
        "access_token": _("Access token"),
        "app_secret": _("Secret of the app"),
        "verify_token": _("Token that proves webhooks"),
        "token": _("Token"),
        "secret_key": _("Secret key"),
        "seed": _("Seed"),
        "latency_ms": _("Milliseconds that sending takes"),
        "fail_rate": _("Share that fails"),
        "throttle_rate": _("Share that is told to wait"),
        "timeout_rate": _("Share without an answer"),
        "receipts": _("Receipts"),
        "replies": _("Share that replies"),
    }
    return known.get(name, name.replace("_", " "))


class Option(NamedTuple):
    """A field of the form: ``kind`` is that of its input; ``value`` what is set now."""

    name: str
    kind: str
    hint: str
    required: bool
    value: Any


def options(gateway: str, present: Mapping[str, Any]) -> list[Option]:
    """The settings and credentials that the gateway knows. What credentials are set is shown to
    nobody."""
    known = gateway_settings.GATEWAYS.get(gateway)
    if known is None:
        return []
    settings = [
        Option(
            f"settings.{name}",
            "checkbox" if value is gateway_settings.FLAG else "text",
            _(known.needed.get(name, value.expected)),
            name in known.needed,
            request.form.get(f"settings.{name}", present.get(name)),
        )
        for name, value in known.settings.items()
    ]
    needed = not present and known.needed_credentials
    return settings + [
        Option(f"credentials.{name}", "password", "", bool(needed and name in needed), None)
        for name in known.credentials
    ]


def shown(present: Mapping[str, Any]) -> dict[str, Any]:
    """What the fields hold: what was just written, else what the device has."""
    if "min_delay_seconds" in request.form:
        ramp = {name: forms.text(f"warm_up.{name}") for name in ("from", "to", "days")}
        return {**{name: forms.text(name) for name in FIELDS}, "warm_up": ramp}
    return {name: present.get(name) for name in (*FIELDS, "warm_up")}


def given(gateway: str) -> dict[str, Any]:
    """What was written, as the API wants it. Credentials that were left empty are not in it."""
    known = gateway_settings.GATEWAYS.get(gateway)
    body: dict[str, Any] = {
        "name": forms.text("name"),
        "daily_limit": forms.number("daily_limit"),
    }
    for name in ("min_delay_seconds", "max_delay_seconds"):
        if forms.text(name):
            body[name] = forms.number(name)
    if forms.text("timezone"):
        body["timezone"] = forms.text("timezone")
    ramp = {name: forms.number(f"warm_up.{name}") for name in ("from", "to", "days")}
    body["warm_up"] = ramp if any(each is not None for each in ramp.values()) else None
    if known is None:
        return body
    body["settings"] = {
        name: _setting(name, value)
        for name, value in known.settings.items()
        if f"settings.{name}" in request.form and forms.text(f"settings.{name}")
    }
    credentials = {name: forms.text(f"credentials.{name}") for name in known.credentials}
    if any(credentials.values()):
        body["credentials"] = {name: value for name, value in credentials.items() if value}
    return body


def _setting(name: str, value: gateway_settings.Value) -> Any:
    if value is gateway_settings.FLAG:
        return True
    if value in _NUMBERS or value is gateway_settings.SEED:
        return forms.number(f"settings.{name}")
    return forms.text(f"settings.{name}")


offer(option_label=option_label)
