"""WhatsApp Cloud API, Meta's own: a business number behind the Graph API.

``settings``: ``phone_number_id``, and if need be ``base_url`` and ``version``; ``credentials``:
``access_token``. It knows no idempotency key, so what may be accepted is unknown. Source:
developers.facebook.com/documentation/business-messaging/whatsapp (messages, health-status).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from uuid import UUID

from domain import addresses
from domain.addresses import Address
from domain.gateway_settings import CLOUD_BASE_URL
from domain.ids import digest_of
from domain.template import Header, Template, Variables
from runners.gateways.answers import (
    Verdict,
    by_status,
    http_code,
    judged,
    no_answer,
    state_by_status,
)
from runners.gateways.http import (
    NO_BASE_URL,
    HttpGateway,
    HttpResponse,
    base_url,
    header_value,
    lacking,
)
from runners.gateways.media import name_of, suffix_of
from runners.gateways.protocol import Accepted, DeviceState, Outcome, Outgoing, Unreachable

# Of 18 February 2026, and promised until July 2028 (Graph API changelog).
VERSION = "v25.0"
IMAGES = (".jpg", ".jpeg", ".png")

# Source: the platform's "Error codes". 131048 is a limit for senders that people report as spam. It
# does not pass soon, so it is a definite no.
CODES: dict[int, Verdict] = {
    # Nothing can be sent by this app, account or number until a person acts.
    **dict.fromkeys((0, 3, 10, 33, 190, *range(200, 300)), "unreachable"),
    **dict.fromkeys((368, 131005, 131031, 131037, 131042, 131045, 131057, 133010), "unreachable"),
    # Too many calls of the app or of the account, too many messages of the number or to a person.
    **dict.fromkeys((4, 80007, 130429, 131056), "throttled"),
    # This message, to this person: never, or not now.
    **dict.fromkeys((130472, 130497, 131021, 131026, 131030), "rejected"),
    **dict.fromkeys((131047, 131048, 131049, 131050), "rejected"),
    # The request is wrong: a parameter, the media or the template.
    **dict.fromkeys((100, 131008, 131009, 131051, 131052, 131053, 135000), "rejected"),
    **dict.fromkeys((132000, 132001, 132005, 132007, 132012, 132015, 132016), "rejected"),
    # The provider failed and does not say how far it came.
    **dict.fromkeys((1, 2, 131000, 131016, 133004), "unknown"),
}


class Cloud(HttpGateway):
    """Sends through any number of business numbers; each device names its own."""

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Sends one message; see ``Gateway``."""
        problem, url, headers = _where(outgoing.settings, outgoing.credentials)
        if problem:
            return Unreachable(problem)
        response = await self.http.ask(
            "POST", f"{url}/messages", headers=headers, json=_body(outgoing)
        )
        return _outcome(response) if isinstance(response, HttpResponse) else response

    async def status(
        self, device_id: UUID, settings: Mapping[str, Any], credentials: Mapping[str, str]
    ) -> DeviceState | None:
        """Whether the device can send now; see ``Gateway``."""
        problem, url, headers = _where(settings, credentials)
        if problem:
            return DeviceState(online=False, reason=problem)
        response = await self.http.ask("GET", f"{url}?fields=health_status", headers=headers)
        if not isinstance(response, HttpResponse):
            return no_answer(response)
        health = response.json.get("health_status")
        can_send = health.get("can_send_message") if isinstance(health, dict) else None
        if response.status == 200 and can_send in ("AVAILABLE", "LIMITED", "BLOCKED"):
            return DeviceState(online=can_send != "BLOCKED", reason=str(can_send))
        code = _code(response)
        if code in CODES and CODES[code] in ("throttled", "unknown"):
            return None
        return state_by_status(response, http_code(response) if code is None else str(code))


def _where(
    settings: Mapping[str, Any], credentials: Mapping[str, str]
) -> tuple[str | None, str, dict[str, str]]:
    """What is missing, None where nothing is; the number's URL; the headers of a request."""
    problem = lacking(settings, credentials, ("phone_number_id",), ("access_token",))
    base = base_url({**settings, "base_url": settings.get("base_url") or CLOUD_BASE_URL})
    if problem or base is None:
        return problem or NO_BASE_URL, "", {}
    path = (settings.get("version") or VERSION, settings["phone_number_id"])
    url = "/".join((base, *(quote(str(part), safe="") for part in path)))
    return None, url, {"Authorization": f"Bearer {header_value(credentials['access_token'])}"}


def _body(outgoing: Outgoing) -> dict[str, Any]:
    kind, content = _content(outgoing)
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        # With its plus: without one, the business's country code may be put before the number.
        "to": f"+{outgoing.digits}",
        "type": kind,
        kind: content,
        "biz_opaque_callback_data": str(outgoing.message_id),
    }


def _content(outgoing: Outgoing) -> tuple[str, dict[str, Any]]:
    text, media_url = outgoing.content.body, outgoing.content.media_url
    if outgoing.content.template is not None:
        return "template", _template(outgoing.content.template, media_url)
    if media_url is None:
        links = "http://" in text or "https://" in text
        return "text", {"body": text, "preview_url": links}
    kind, media = _media(media_url)
    return kind, {**media, "caption": text} if text else media


def _media(media_url: str) -> tuple[str, dict[str, str]]:
    if suffix_of(media_url) in IMAGES:
        return "image", {"link": media_url}
    return "document", {"link": media_url, "filename": name_of(media_url)}


def _template(template: Template, media_url: str | None) -> dict[str, Any]:
    components: list[dict[str, Any]] = []
    if template.header is not None:
        components.append({"type": "header", "parameters": _header(template.header)})
    elif media_url is not None:
        kind, media = _media(media_url)
        components.append({"type": "header", "parameters": [{"type": kind, kind: media}]})
    if template.variables:
        components.append({"type": "body", "parameters": _texts(template.variables)})
    for index, suffix in sorted(template.buttons.items()):
        text = {"type": "text", "text": suffix}
        button = {"type": "button", "sub_type": "url", "index": index, "parameters": [text]}
        components.append(button)
    return {
        "name": template.name,
        "language": {"code": template.language},
        "components": components,
    }


def _header(header: Header) -> list[dict[str, Any]]:
    if header.url is None:
        return _texts(header.variables)
    media = {"link": header.url}
    if header.kind == "document":
        media["filename"] = name_of(header.url)
    return [{"type": header.kind, header.kind: media}]


def _texts(variables: Variables) -> list[dict[str, Any]]:
    """The parameters of variables that the template has in order, or by name."""
    if isinstance(variables, dict):
        return [
            {"type": "text", "parameter_name": name, "text": text}
            for name, text in sorted(variables.items())
        ]
    return [{"type": "text", "text": text} for text in variables]


def _outcome(response: HttpResponse) -> Outcome:
    if response.status == 200:
        messages = response.json.get("messages")
        first = messages[0] if isinstance(messages, list) and messages else None
        wamid = first.get("id") if isinstance(first, dict) else None
        if isinstance(wamid, str) and wamid:
            return Accepted(digest_of(wamid), _addresses(response))
    code = _code(response)
    if code is None or response.status < 400:
        return by_status(response, http_code(response))
    verdict = CODES.get(code)
    return judged(verdict, str(code), response) if verdict else by_status(response, str(code))


def _addresses(response: HttpResponse) -> tuple[Address, ...]:
    """What the platform calls the recipient: there is one to a message."""
    contacts = response.json.get("contacts")
    first = contacts[0] if isinstance(contacts, list) and contacts else None
    if not isinstance(first, dict):
        return ()
    named = (addresses.wa_id(first.get("wa_id")), addresses.user_id(first.get("user_id")))
    return tuple(address for address in named if address is not None)


def _code(response: HttpResponse) -> int | None:
    error = response.json.get("error")
    if not isinstance(error, dict) or type(code := error.get("code")) is not int:
        return None
    # The Graph API has two ways to say that the token has no such number: 33, and this subcode.
    return 33 if (code, error.get("error_subcode")) == (100, 33) else code
