"""The WhatsApp Cloud API on this machine, for one business number.

Strict: it refuses what Meta's documentation does not have. Source: the platform's pages on
messages, template media, health status and error codes.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any

from aiohttp import web

from tests.support.gateways.fakes import Asked, Behaviour, Fake, Kind

ACCESS_TOKEN = "EAAG-s3cret-t0ken"
CREDENTIALS = {"access_token": ACCESS_TOKEN}
PHONE_NUMBER_ID = "106540352242922"
BUSINESS_ACCOUNT_ID = "102290129340398"

FIELDS = {"messaging_product", "recipient_type", "to", "type", "biz_opaque_callback_data"}
# What a message's own part must have, and what it may have.
CONTENT = {
    "text": ({"body"}, {"preview_url"}),
    "image": ({"link"}, {"caption"}),
    "document": ({"link"}, {"caption", "filename"}),
    "template": ({"name", "language"}, {"components"}),
}
NO: dict[Kind, tuple[int, int]] = {
    "throttle": (429, 130429),
    "busy": (503, 131016),
    "error": (500, 131000),
}


class FakeCloud(Fake):
    """``can_send`` is the health of its number: AVAILABLE, LIMITED or BLOCKED. ``contacts`` are
    what it adds to ``contacts[0]`` of an answer, by the phone as it was asked to write to: a
    ``wa_id`` other than its digits, a ``user_id``, or whatever else a test makes up. ``templates``
    are those of its account, listed so many ``per_page``."""

    def __init__(self, behave: Callable[[Asked], Behaviour] = lambda asked: Behaviour()) -> None:
        super().__init__(behave)
        self.can_send = "AVAILABLE"
        self.contacts: dict[str, dict[str, Any]] = {}
        self.templates: list[dict[str, Any]] = []
        self.per_page = 100

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/{version}/{number}/messages", self.message),
            web.get("/{version}/{account}/message_templates", self.message_templates),
            web.get("/{version}/{number}", self.health),
        ]

    async def message(self, request: web.Request) -> web.StreamResponse:
        wrong = self._wrong(request)
        if wrong is not None:
            return wrong
        if request.content_type != "application/json":
            return self._refuse(400, 100, "expected application/json")
        try:
            body = json.loads(await request.text())
        except ValueError:
            return self._refuse(400, 100, "expected JSON")
        problem = _problem(body)
        if problem:
            return self._refuse(400, 100, problem)
        content = body[body["type"]]
        text = content.get("body", content.get("caption", ""))
        number = request.match_info["number"]
        return await self.take(number, body["to"], text, body, request)

    async def health(self, request: web.Request) -> web.StreamResponse:
        wrong = self._wrong(request)
        if wrong is not None:
            return wrong
        if request.query_string != "fields=health_status":
            return self._refuse(400, 100, "unknown fields")
        entity = {
            "entity_type": "PHONE_NUMBER",
            "id": PHONE_NUMBER_ID,
            "can_send_message": self.can_send,
        }
        health = {"can_send_message": self.can_send, "entities": [entity]}
        good = web.json_response({"health_status": health, "id": PHONE_NUMBER_ID})
        return await self.answer(request, self.inquiry, good)

    async def message_templates(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {ACCESS_TOKEN}":
            return self._refuse(401, 190, "Invalid OAuth access token")
        if request.match_info["account"] != BUSINESS_ACCOUNT_ID:
            return self._refuse(400, 100, "Object does not exist", error_subcode=33)
        if not {"name", "language", "status", "category", "components"} <= set(
            request.query["fields"].split(",")
        ):
            return self._refuse(400, 100, "unknown fields")
        size = min(self.per_page, int(request.query["limit"]))
        first = int(request.query.get("after", "0"))
        paging: dict[str, Any] = {"cursors": {"before": str(first), "after": str(first + size)}}
        if first + size < len(self.templates):
            # As the platform does it: the token is in the address.
            paging["next"] = f"https://elsewhere.invalid/?access_token={ACCESS_TOKEN}"
        page = {"data": self.templates[first : first + size], "paging": paging}
        return await self.answer(request, self.inquiry, web.json_response(page))

    def accepted(self, asked: Asked, number: int) -> web.Response:
        digits = asked.phone.removeprefix("+")
        return web.json_response(
            {
                "messaging_product": "whatsapp",
                "contacts": [
                    {"input": asked.phone, "wa_id": digits, **self.contacts.get(asked.phone, {})}
                ],
                "messages": [{"id": wamid(digits, number)}],
            }
        )

    def no(self, kind: Kind, behaviour: Behaviour, phone: str) -> web.Response:
        if kind == "reject":
            return _error(
                behaviour.status,
                behaviour.code_or(131026),
                behaviour.words_or("{phone} is undeliverable", phone),
            )
        return _error(*NO[kind], f"not {phone} now")

    def _wrong(self, request: web.Request) -> web.Response | None:
        """What is wrong with the address or with who asks."""
        if not re.fullmatch(r"v\d+\.\d+", request.match_info["version"]):
            return self._refuse(400, 2500, "Unknown path components")
        if request.headers.get("Authorization") != f"Bearer {ACCESS_TOKEN}":
            return self._refuse(401, 190, "Invalid OAuth access token")
        if request.match_info["number"] != PHONE_NUMBER_ID:
            return self._refuse(400, 100, "Object does not exist", error_subcode=33)
        return None

    def _refuse(self, status: int, code: int, message: str, **more: Any) -> web.Response:
        self.refused.append(f"{status} {code} {message}")
        return _error(status, code, message, **more)


def wamid(digits: str, number: int) -> str:
    """An id as the platform makes them: whoever decodes it reads the recipient's phone."""
    inside = b"\x1d\x0c" + digits.encode() + b"\x15\x02\x00\x11\x18" + f"{number:018X}".encode()
    return f"wamid.{base64.b64encode(inside).decode()}"


def _problem(body: Any) -> str | None:
    if not isinstance(body, dict):
        return "expected an object"
    kind = body.get("type")
    if kind not in CONTENT or set(body) != FIELDS | {kind}:
        return "unknown or missing fields"
    if (body["messaging_product"], body["recipient_type"]) != ("whatsapp", "individual"):
        return "messaging_product, recipient_type"
    if not re.fullmatch(r"\+\d{7,15}", str(body["to"])):
        return "to: expected a plus and the country's code"
    if len(body["biz_opaque_callback_data"]) > 512:
        return "biz_opaque_callback_data: at most 512 characters"
    content, (must, may) = body[kind], CONTENT[kind]
    if not must <= set(content) <= must | may or not all(content[key] for key in must):
        return f"{kind}: unknown or missing fields"
    if kind == "template":
        return _template_problem(content)
    return None


def _template_problem(template: Any) -> str | None:
    if set(template["language"]) != {"code"}:
        return "template.language: expected a code"
    for component in template["components"]:
        must = {"type", "parameters"}
        if component["type"] == "button":
            must |= {"sub_type", "index"}
        if set(component) != must or not component["parameters"]:
            return "template.components: unknown or missing fields"
        for parameter in component["parameters"]:
            kind = parameter["type"]
            if set(parameter) - {"parameter_name"} != {"type", kind}:
                return "template.components.parameters: unknown or missing fields"
            text = parameter.get("text", "x")
            if not text or re.search(r"[\n\t]| {5}", text):
                return "Param text cannot have new-line/tab characters or more than 4 spaces"
    return None


def _error(status: int, code: int, message: str, **more: Any) -> web.Response:
    error = {
        "message": f"(#{code}) {message}",
        "type": "OAuthException",
        "code": code,
        "error_data": {"messaging_product": "whatsapp", "details": message},
        "fbtrace_id": "Az8or2yhqkZfEZ-_4Qn_Bam",
        **more,
    }
    return web.json_response({"error": error}, status=status)
