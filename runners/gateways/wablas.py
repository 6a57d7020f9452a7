"""Wablas: a WhatsApp Web session at a service that queues messages and sends them later.

``settings``: ``base_url``, the account's own server; ``credentials``: ``token``, ``secret_key``.
``ref_id`` is the message's id; receipts repeat it. It is no idempotency key. Source:
wablas.com/documentation/api ("Send Multiple …", version 2, and "Device Info").
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
from runners.gateways.http import HttpGateway, HttpResponse, header_value, located
from runners.gateways.media import suffix_of
from runners.gateways.protocol import Accepted, DeviceState, Outcome, Outgoing, Unknown, Unreachable

IMAGES = (".jpg", ".jpeg", ".png")

# Wablas has no numbered codes, only texts, here in lower case. Source of the first three: the
# statuses of a message in its documentation (tracking). The others were seen in responses.
CODES: dict[str, tuple[Verdict, str]] = {
    "cancel": ("rejected", "CANCEL"),
    "reject": ("rejected", "REJECTED"),
    "rejected": ("rejected", "REJECTED"),
    "format phone invalid": ("rejected", "FORMAT_PHONE_INVALID"),
    "token invalid": ("unreachable", "TOKEN_INVALID"),
}
# "status": false with a text that is not documented is a definite no.
NO: tuple[Verdict, str] = ("rejected", "STATUS_FALSE")
# The credentials that a device needs.
NEEDED = ("token", "secret_key")


class Wablas(HttpGateway):
    """Sends through any number of Wablas devices."""

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Sends one message; see ``Gateway``."""
        base, problem = located(outgoing.settings, outgoing.credentials, NEEDED)
        if problem:
            return Unreachable(problem)
        path, content = _content(outgoing)
        item = {
            "phone": outgoing.digits,
            **content,
            "ref_id": str(outgoing.message_id),
        }
        response = await self.http.ask(
            "POST",
            f"{base}/api/v2/{path}",
            headers={"Authorization": header_value(_login(outgoing.credentials))},
            json={"data": [item]},
        )
        return _outcome(response) if isinstance(response, HttpResponse) else response

    async def status(
        self, device_id: UUID, settings: Mapping[str, Any], credentials: Mapping[str, str]
    ) -> DeviceState | None:
        """Whether the device can send now; see ``Gateway``."""
        base, problem = located(settings, credentials, NEEDED)
        if problem:
            return DeviceState(online=False, reason=problem)
        # The only documented way has the token in the URL. So the URL must not be logged.
        token = quote(credentials["token"], safe="")
        response = await self.http.ask("GET", f"{base}/api/device/info?token={token}", headers={})
        if not isinstance(response, HttpResponse):
            return no_answer(response)
        data = response.json.get("data")
        state = data.get("status") if isinstance(data, dict) else None
        if response.status == 200 and state in ("connected", "disconnected"):
            return DeviceState(online=state == "connected", reason=str(state))
        known = CODES.get(_text(response.json), NO if response.status == 200 else None)
        if response.json.get("status") is False and known:
            return DeviceState(online=False, reason=known[1])
        return state_by_status(response, http_code(response))


def _login(credentials: Mapping[str, str]) -> str:
    return f"{credentials['token']}.{credentials['secret_key']}"


def _content(outgoing: Outgoing) -> tuple[str, dict[str, str]]:
    if outgoing.content.media_url is None:
        return "send-message", {"message": outgoing.content.body}
    kind = "image" if suffix_of(outgoing.content.media_url) in IMAGES else "document"
    caption = {"caption": outgoing.content.body} if outgoing.content.body else {}
    return f"send-{kind}", {kind: outgoing.content.media_url, **caption}


def _outcome(response: HttpResponse) -> Outcome:
    if response.json.get("status") is False:
        return _refusal(response.json, response)
    if response.status != 200:
        return by_status(response, http_code(response))
    data = response.json.get("data")
    messages = data.get("messages") if isinstance(data, dict) else None
    first = messages[0] if isinstance(messages, list) and messages else None
    if response.json.get("status") is not True or not isinstance(first, dict):
        return Unknown(UNREADABLE)
    state = first.get("status")
    if state is False:
        return _refusal(first, response)
    if isinstance(state, str) and state in CODES:
        return judged(*CODES[state], response)
    provider_id = first.get("id")
    valid = isinstance(provider_id, str) and provider_id
    return Accepted(str(provider_id)) if valid else Unknown(UNREADABLE)


def _refusal(refused: Mapping[str, Any], response: HttpResponse) -> Outcome:
    """The outcome of an object with ``"status": false``: by its text if that is known, else by the
    HTTP status if that is one of an error, else rejected."""
    known = CODES.get(_text(refused))
    if known is None and response.status != 200:
        return by_status(response, http_code(response))
    return judged(*(known or NO), response)


def _text(answer: Mapping[str, Any]) -> str:
    return str(answer.get("message")).strip().lower()
