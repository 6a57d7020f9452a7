"""GOWA, go-whatsapp-web-multidevice 8 and 9: a WhatsApp Web session behind a REST API.

``settings``: ``base_url``, ``device_id``; ``credentials``: ``username``, ``password``. It knows no
idempotency key, so what may have been taken is unknown. Source: the project's docs/openapi.yaml.
"""

from __future__ import annotations

import re
import string
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import UUID

from domain.receipts import Receipt, Reply
from runners.gateways import (
    Accepted,
    DeviceState,
    Outcome,
    Outgoing,
    Rejected,
    Throttled,
    Unknown,
    Unreachable,
)
from runners.gateways.http import NO_BASE_URL, Answer, Http, base_url

IMAGES = (".jpg", ".jpeg", ".png", ".webp", ".gif")
# Who asks is wrong, or its device: no message can go, and none is to blame.
DENIED = (401, 403, 404)
# Refused before anything was sent.
BUSY = (503,)


class Gowa:
    """Sends through any number of GOWA servers, which the devices name."""

    def __init__(self, http: Http) -> None:
        self.http = http

    async def send(self, outgoing: Outgoing) -> Outcome:
        base = base_url(outgoing.settings)
        if base is None:
            return Unreachable(NO_BASE_URL)
        headers = _headers(outgoing.settings, outgoing.credentials)
        to = f"{outgoing.phone.removeprefix('+')}@s.whatsapp.net"
        if outgoing.media_url is None:
            answer = await self.http.ask(
                "POST",
                f"{base}/send/message",
                headers=headers,
                json={"phone": to, "message": outgoing.text},
            )
        else:
            kind = _kind(outgoing.media_url)
            answer = await self.http.ask(
                "POST",
                f"{base}/send/{kind}",
                headers=headers,
                form={"phone": to, "caption": outgoing.text, f"{kind}_url": outgoing.media_url},
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
        if isinstance(answer, Unknown):
            return None
        if isinstance(answer, Unreachable):
            return DeviceState(online=False, reason=answer.reason)
        if answer.status != 200:
            return DeviceState(online=False, reason=_code(answer))
        found = answer.json.get("results")
        for device in found if isinstance(found, list) else ():
            if isinstance(device, dict) and device.get("id") == settings.get("device_id"):
                state = str(device.get("state"))
                return DeviceState(online=state == "logged_in", reason=state)
        return DeviceState(online=False, reason="DEVICE_NOT_FOUND")

    def collect(self, now: datetime) -> list[Receipt | Reply]:
        return []  # they come by webhook

    async def close(self) -> None:
        await self.http.close()


def _headers(settings: Mapping[str, Any], credentials: Mapping[str, str]) -> dict[str, str]:
    # As it is, but for what no header may contain.
    device_id = quote(str(settings.get("device_id", "")), safe=f" {string.punctuation}")
    headers = {"X-Device-Id": device_id}
    if "username" in credentials:
        login = f"{credentials['username']}:{credentials.get('password', '')}"
        headers["Authorization"] = f"Basic {b64encode(login.encode()).decode()}"
    return headers


def _kind(media_url: str) -> str:
    suffix = PurePosixPath(urlsplit(media_url).path).suffix.lower()
    return "image" if suffix in IMAGES else "file"


def _outcome(answer: Answer) -> Outcome:
    if answer.status == 200 and answer.json.get("code") == "SUCCESS":
        results = answer.json.get("results")
        provider_id = results.get("message_id") if isinstance(results, dict) else None
        if isinstance(provider_id, str) and provider_id:
            return Accepted(provider_id)
    if answer.status == 429:
        return Throttled(answer.retry_after)
    if answer.status in DENIED or answer.status in BUSY or 300 <= answer.status < 400:
        return Unreachable(_code(answer))
    if 400 <= answer.status < 500:
        # Its message may repeat whom it was for; its code does not.
        return Rejected(_code(answer), f"HTTP {answer.status}")
    return Unknown(_code(answer) if answer.status >= 500 else "an answer that cannot be read")


def _code(answer: Answer) -> str:
    """The provider's own code, or that of HTTP where it gives none."""
    code = answer.json.get("code")
    if isinstance(code, str) and re.fullmatch(r"[A-Z0-9_]{1,60}", code):
        return code
    return f"http_{answer.status}"
