"""GOWA, go-whatsapp-web-multidevice 8 and 9: a WhatsApp Web session behind a REST API.

``settings``: ``base_url``, ``device_id``; ``credentials``: ``username``, ``password``. It knows no
idempotency key, so what may have been taken is unknown. Source: the project's docs/openapi.yaml.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from runners.gateways.answers import by_status, http_code, no_answer, state_by_status, suffix_of
from runners.gateways.http import NO_BASE_URL, Answer, HttpGateway, base_url, header_value
from runners.gateways.protocol import Accepted, DeviceState, Outcome, Outgoing, Unreachable

IMAGES = (".jpg", ".jpeg", ".png", ".webp", ".gif")
# Refused before anything was sent.
BUSY = (503,)


class Gowa(HttpGateway):
    """Sends through any number of GOWA servers, which the devices name."""

    async def send(self, outgoing: Outgoing) -> Outcome:
        base = base_url(outgoing.settings)
        if base is None:
            return Unreachable(NO_BASE_URL)
        headers = _headers(outgoing.settings, outgoing.credentials)
        to = f"{outgoing.phone.removeprefix('+')}@s.whatsapp.net"
        if outgoing.content.media_url is None:
            answer = await self.http.ask(
                "POST",
                f"{base}/send/message",
                headers=headers,
                json={"phone": to, "message": outgoing.content.body},
            )
        else:
            kind = _kind(outgoing.content.media_url)
            answer = await self.http.ask(
                "POST",
                f"{base}/send/{kind}",
                headers=headers,
                form={
                    "phone": to,
                    "caption": outgoing.content.body,
                    f"{kind}_url": outgoing.content.media_url,
                },
            )
        return _outcome(answer) if isinstance(answer, Answer) else answer

    async def status(
        self, device_id: UUID, settings: Mapping[str, Any], credentials: Mapping[str, str]
    ) -> DeviceState | None:
        base = base_url(settings)
        if base is None:
            return DeviceState(online=False, reason=NO_BASE_URL)
        answer = await self.http.ask(
            "GET", f"{base}/devices", headers=_headers(settings, credentials)
        )
        if not isinstance(answer, Answer):
            return no_answer(answer)
        found = answer.json.get("results")
        if answer.status in BUSY:
            return DeviceState(online=False, reason=_code(answer))
        if answer.status != 200 or not isinstance(found, list):
            return state_by_status(answer, _code(answer))
        for device in found:
            if isinstance(device, dict) and device.get("id") == settings.get("device_id"):
                state = str(device.get("state"))
                return DeviceState(online=state == "logged_in", reason=state)
        return DeviceState(online=False, reason="DEVICE_NOT_FOUND")


def _headers(settings: Mapping[str, Any], credentials: Mapping[str, str]) -> dict[str, str]:
    headers = {"X-Device-Id": header_value(settings.get("device_id", ""))}
    if "username" in credentials:
        login = f"{credentials['username']}:{credentials.get('password', '')}"
        headers["Authorization"] = f"Basic {b64encode(login.encode()).decode()}"
    return headers


def _kind(media_url: str) -> str:
    return "image" if suffix_of(media_url) in IMAGES else "file"


def _outcome(answer: Answer) -> Outcome:
    if answer.status == 200 and answer.json.get("code") == "SUCCESS":
        results = answer.json.get("results")
        provider_id = results.get("message_id") if isinstance(results, dict) else None
        if isinstance(provider_id, str) and provider_id:
            return Accepted(provider_id)
    if answer.status in BUSY:
        return Unreachable(_code(answer))
    return by_status(answer, _code(answer))


def _code(answer: Answer) -> str:
    """The provider's own code, or that of HTTP where it gives none."""
    code = answer.json.get("code")
    if isinstance(code, str) and re.fullmatch(r"[A-Z0-9_]{1,60}", code):
        return code
    return http_code(answer)
