"""Whacenter: a WhatsApp Web session at a service.

``settings``: ``base_url``; ``credentials``: ``device_id``, the only one that there is. It knows no
idempotency key and no reference of the sender's. Source: Whacenter's collection at
documenter.getpostman.com/view/8030970/UUy67kCg ("Send Message", "Info Device").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from uuid import UUID

from runners.gateways.answers import (
    UNREADABLE,
    Verdict,
    by_status,
    http_code,
    judged,
    no_answer,
    state_by_status,
)
from runners.gateways.http import HttpGateway, HttpResponse, located
from runners.gateways.protocol import Accepted, DeviceState, Outcome, Outgoing, Unknown, Unreachable

# Whacenter has no codes. One text stands for a wrong device_id and for a phone that is off. Source:
# its collection, "Info Device".
CODES: dict[str, tuple[Verdict, str]] = {
    "device not connected or not found": ("unreachable", "DEVICE_NOT_CONNECTED_OR_NOT_FOUND"),
}
# "status": false with a text that is not documented is a definite no.
NO: tuple[Verdict, str] = ("rejected", "STATUS_FALSE")
# The credentials that a device needs.
NEEDED = ("device_id",)


class Whacenter(HttpGateway):
    """Sends through any number of Whacenter devices."""

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Sends one message; see ``Gateway``."""
        base, problem = located(outgoing.settings, outgoing.credentials, NEEDED)
        if problem:
            return Unreachable(problem)
        form = {
            "device_id": outgoing.credentials["device_id"],
            "number": outgoing.digits,
            "message": outgoing.content.body,
        }
        if outgoing.content.media_url is not None:
            form["file"] = outgoing.content.media_url
        response = await self.http.ask("POST", f"{base}/api/send", headers={}, form=form)
        return _outcome(response) if isinstance(response, HttpResponse) else response

    async def status(
        self, device_id: UUID, settings: Mapping[str, Any], credentials: Mapping[str, str]
    ) -> DeviceState | None:
        """Whether the device can send now; see ``Gateway``."""
        base, problem = located(settings, credentials, NEEDED)
        if problem:
            return DeviceState(online=False, reason=problem)
        # The only documented way has the credential in the URL. So the URL must not be logged.
        device = quote(credentials["device_id"], safe="")
        response = await self.http.ask(
            "GET", f"{base}/api/statusDevice?device_id={device}", headers={}
        )
        if not isinstance(response, HttpResponse):
            return no_answer(response)
        data = response.json.get("data")
        state = data.get("status") if isinstance(data, dict) else None
        if response.status == 200 and state in ("CONNECTED", "NOT CONNECTED"):
            return DeviceState(online=state == "CONNECTED", reason=str(state))
        known = CODES.get(_text(response), NO if response.status == 200 else None)
        if response.json.get("status") is False and known:
            return DeviceState(online=False, reason=known[1])
        return state_by_status(response, http_code(response))


def _outcome(response: HttpResponse) -> Outcome:
    refused = response.json.get("status") is False
    known = CODES.get(_text(response)) if refused else None
    if known is None and response.status != 200:
        return by_status(response, http_code(response))
    if refused:
        return judged(*(known or NO), response)
    data = response.json.get("data")
    number = data.get("id") if isinstance(data, dict) else None
    if response.json.get("status") is True and type(number) in (int, str) and number:
        return Accepted(str(number))
    return Unknown(UNREADABLE)


def _text(response: HttpResponse) -> str:
    return str(response.json.get("message")).strip().lower()
