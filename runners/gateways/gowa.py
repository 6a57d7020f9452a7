"""GOWA, go-whatsapp-web-multidevice 8 and 9: a WhatsApp Web session behind a REST API.

``settings``: ``base_url``, ``device_id``; ``credentials``: ``username``, ``password``. It knows no
idempotency key, so what may be accepted is unknown. Source: the project's docs/openapi.yaml.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from domain.addresses import USER_SERVER, from_jid
from domain.provider_codes import NOT_ON_WHATSAPP
from runners.gateways.answers import by_status, http_code, no_answer, state_by_status
from runners.gateways.http import NO_BASE_URL, HttpGateway, HttpResponse, base_url, header_value
from runners.gateways.media import kind_of
from runners.gateways.protocol import Accepted, DeviceState, Outcome, Outgoing, Unreachable

# Kinds of media that have no field for a text.
WITHOUT_CAPTION = ("audio", "sticker")
# HTTP statuses of a server that refuses before it sends anything.
BUSY = (503,)
# What it says of a device. Any other text is not passed on: it may repeat a credential.
STATES = ("logged_in", "connected", "connecting", "disconnected")
# It has one code for what is no JID at all and for a number that it does not find on WhatsApp. Only
# the text tells. Source: its src/pkg/utils/whatsapp.go, ValidateJidWithLogin.
_NOT_ON_WHATSAPP = re.compile(r"\bis not on whatsapp\.?\s*$", re.IGNORECASE)


class Gowa(HttpGateway):
    """Sends through any number of GOWA servers; each device names its own."""

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Sends one message; see ``Gateway``."""
        base = base_url(outgoing.settings)
        if base is None:
            return Unreachable(NO_BASE_URL)
        headers = headers_of(outgoing.settings, outgoing.credentials)
        to = f"{outgoing.digits}{USER_SERVER}"
        if outgoing.content.media_url is None:
            response = await self.http.ask(
                "POST",
                f"{base}/send/message",
                headers=headers,
                json={"phone": to, "message": outgoing.content.body},
            )
        else:
            kind = kind_of(outgoing.content.media_url, outgoing.content.body)
            form = {"phone": to, f"{kind}_url": outgoing.content.media_url}
            if kind not in WITHOUT_CAPTION:
                form["caption"] = outgoing.content.body
            response = await self.http.ask(
                "POST", f"{base}/send/{kind}", headers=headers, form=form
            )
        return _outcome(response) if isinstance(response, HttpResponse) else response

    async def status(
        self, device_id: UUID, settings: Mapping[str, Any], credentials: Mapping[str, str]
    ) -> DeviceState | None:
        """Whether the device can send now; see ``Gateway``."""
        base = base_url(settings)
        if base is None:
            return DeviceState(online=False, reason=NO_BASE_URL)
        response = await self.http.ask(
            "GET", f"{base}/devices", headers=headers_of(settings, credentials)
        )
        if not isinstance(response, HttpResponse):
            return no_answer(response)
        devices = response.json.get("results")
        if response.status in BUSY:
            return DeviceState(online=False, reason=code_of(response))
        if response.status != 200 or not isinstance(devices, list):
            return state_by_status(response, code_of(response))
        for device in devices:
            if isinstance(device, dict) and device.get("id") == settings.get("device_id"):
                state = device.get("state")
                known = state if state in STATES else "UNKNOWN_STATE"
                return DeviceState(known == "logged_in", str(known), _own_address(device))
        return DeviceState(online=False, reason="DEVICE_NOT_FOUND")


def headers_of(settings: Mapping[str, Any], credentials: Mapping[str, str]) -> dict[str, str]:
    """What every request for a device carries: its id, and the login of the server."""
    headers = {"X-Device-Id": header_value(settings.get("device_id", ""))}
    if "username" in credentials:
        login = f"{credentials['username']}:{credentials.get('password', '')}"
        headers["Authorization"] = f"Basic {b64encode(login.encode()).decode()}"
    return headers


def _outcome(response: HttpResponse) -> Outcome:
    if response.status == 200 and response.json.get("code") == "SUCCESS":
        results = response.json.get("results")
        provider_id = results.get("message_id") if isinstance(results, dict) else None
        if isinstance(provider_id, str) and provider_id:
            return Accepted(provider_id)
    if response.status in BUSY:
        return Unreachable(code_of(response))
    return by_status(response, code_of(response))


def _own_address(device: Mapping[str, Any]) -> str:
    """The number's JID as webhooks name it, which is without the part that says which of its
    devices; empty where the server names none, as before its first login."""
    numbers = (device.get("jid"), f"{device.get('phone_number')}{USER_SERVER}")
    for address in (address for number in numbers for address in from_jid(number)):
        if address.kind == "wa_id":
            return f"{address.value}{USER_SERVER}"
    return ""


def code_of(response: HttpResponse) -> str:
    """The provider's own code, or one made of the HTTP status where it gives none."""
    code = response.json.get("code")
    if code == "INVALID_JID" and _NOT_ON_WHATSAPP.search(str(response.json.get("message"))):
        return NOT_ON_WHATSAPP
    if isinstance(code, str) and re.fullmatch(r"[A-Z0-9_]{1,60}", code):
        return code
    return http_code(response)
