"""A GOWA server on this machine: its devices, its login, and the forms of its answers."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable
from typing import Any

import segno
from aiohttp import web

from tests.support.gateways.fakes import TAKEN, Asked, Behaviour, Fake, Kind, serving

# With what is needed to run it and to tell it what to do.
__all__ = [
    "CREDENTIALS",
    "NOT_ON_WHATSAPP",
    "TAKEN",
    "Asked",
    "Behaviour",
    "FakeGowa",
    "Kind",
    "serving",
]

USERNAME, PASSWORD = "outreach", "s3cret-Pa55"
CREDENTIALS = {"username": USERNAME, "password": PASSWORD}

# Its answer for a number that it does not find on WhatsApp, with its usual code.
NOT_ON_WHATSAPP = Behaviour("reject", words="Phone {phone}@s.whatsapp.net is not on whatsapp")

KINDS = ("image", "audio", "file", "sticker", "video")
# What the QR code of a login says, and the code of the other way.
QR_TEXT = "2@pairing,of,a,phone"
CODE = "ABCD-1234"

NO: dict[Kind, tuple[int, str, str]] = {
    "throttle": (429, "TOO_MANY_REQUESTS", "slow down"),
    "busy": (503, "SERVICE_UNAVAILABLE", "not connected"),
    "error": (500, "INTERNAL_SERVER_ERROR", "panic"),
}


class FakeGowa(Fake):
    """``devices`` are the states of those it has, all logged in unless told otherwise. ``jids`` are
    their own numbers; that of a device that is not there follows from its place: the first one is
    60399990021. A device without a number, as before its first login, has an empty one."""

    def __init__(self, behave: Callable[[Asked], Behaviour] = lambda asked: Behaviour()) -> None:
        super().__init__(behave)
        self.devices: dict[str, str] = {}
        self.jids: dict[str, str] = {}
        # By JID, the names in the phone's book. Who asked for a code, in digits.
        self.contacts: dict[str, str] = {}
        self.coded: list[str] = []
        self.image = _qr_image()
        self.qr_link = "/statics/qrcode/scan-qr-1.png"

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/send/message", self.message),
            *(web.post(f"/send/{kind}", self.media) for kind in KINDS),
            web.get("/devices", self.list_devices),
            web.get("/devices/{device}/login", self.login),
            web.post("/devices/{device}/login/code", self.login_code),
            web.get("/app/login", self.login),
            web.get("/app/login-with-code", self.login_code),
            web.get("/statics/qrcode/scan-qr-1.png", self.qr_image),
            web.get("/user/my/contacts", self.list_contacts),
        ]

    async def message(self, request: web.Request) -> web.StreamResponse:
        if request.content_type != "application/json":
            return self._refuse(400, "BAD_REQUEST", "expected application/json")
        try:
            body = json.loads(await request.text())
        except ValueError:
            return self._refuse(400, "BAD_REQUEST", "expected JSON")
        if not isinstance(body, dict) or not body.get("message"):
            return self._refuse(400, "VALIDATION_ERROR", "message: cannot be blank")
        return await self._take(request, {k: str(v) for k, v in body.items()}, "message")

    async def media(self, request: web.Request) -> web.StreamResponse:
        kind = request.path.rpartition("/")[2]
        if request.content_type != "multipart/form-data":
            return self._refuse(400, "BAD_REQUEST", "expected multipart/form-data")
        body = {k: str(v) for k, v in (await request.post()).items()}
        if not body.get(f"{kind}_url"):
            return self._refuse(400, "VALIDATION_ERROR", f"{kind}_url: cannot be blank")
        return await self._take(request, body, "caption")

    async def list_devices(self, request: web.Request) -> web.StreamResponse:
        if not self._known(request):
            return self._refuse(401, "UNAUTHORIZED", "who are you?")
        found = [self._device(place, name) for place, name in enumerate(self.devices)]
        good = _json(200, "SUCCESS", "List devices", found)
        return await self.answer(request, self.inquiry, good)

    async def login(self, request: web.Request) -> web.StreamResponse:
        device, refusal = self._to_log_in(request)
        if refusal is not None:
            return refusal
        # It names itself as it was called.
        link = f"{request.url.origin()}{self.qr_link}"
        found = {"qr_link": link, "qr_duration": 30}
        if "device" in request.match_info:
            found["device_id"] = device
        return await self.answer(
            request, self.inquiry, _json(200, "SUCCESS", "Login success", found)
        )

    async def login_code(self, request: web.Request) -> web.StreamResponse:
        device, refusal = self._to_log_in(request)
        if refusal is not None:
            return refusal
        self.coded.append(request.query["phone"])
        found = {"pair_code": CODE}
        if "device" in request.match_info:
            found["device_id"] = device
        return _json(200, "SUCCESS", "Login with code started", found)

    async def qr_image(self, request: web.Request) -> web.StreamResponse:
        if not self._known(request):
            return self._refuse(401, "UNAUTHORIZED", "who are you?")
        return web.Response(body=self.image, content_type="image/png")

    async def list_contacts(self, request: web.Request) -> web.StreamResponse:
        if not self._known(request):
            return self._refuse(401, "UNAUTHORIZED", "who are you?")
        found = [{"jid": jid, "name": name} for jid, name in self.contacts.items()]
        good = _json(200, "SUCCESS", "Success get list contacts", {"data": found})
        return await self.answer(request, self.inquiry, good)

    def _to_log_in(self, request: web.Request) -> tuple[str, web.Response | None]:
        """The device that is to be linked, and why it is not."""
        device = request.match_info.get("device") or request.headers.get("X-Device-Id", "")
        if not self._known(request):
            return device, self._refuse(401, "UNAUTHORIZED", "who are you?")
        if device not in self.devices:
            return device, self._refuse(404, "DEVICE_NOT_FOUND", "no such device")
        if self.devices[device] == "logged_in":
            return device, self._refuse(400, "ALREADY_LOGGED_IN", "you are already logged in.")
        return device, None

    def _device(self, place: int, name: str) -> dict[str, str]:
        jid = self.jids.get(name, f"{60399990021 + place}@s.whatsapp.net")
        number = re.split("[:@]", jid)[0]
        named = {"phone_number": number, "display_name": f"Ours {name}", "jid": jid}
        return {
            "id": name,
            "state": self.devices[name],
            "created_at": "2026-01-05T08:00:00.123456789+08:00",
            **(named if jid else {}),
        }

    async def _take(
        self, request: web.Request, fields: dict[str, str], text: str
    ) -> web.StreamResponse:
        if not self._known(request):
            return self._refuse(401, "UNAUTHORIZED", "who are you?")
        device = request.headers.get("X-Device-Id")
        if not device:
            return self._refuse(400, "DEVICE_ID_REQUIRED", "X-Device-Id is missing")
        if device not in self.devices:
            return self._refuse(404, "DEVICE_NOT_FOUND", "no such device")
        number, _, server = fields.get("phone", "").partition("@")
        if server != "s.whatsapp.net" or not number.isdigit():
            return self._refuse(400, "INVALID_JID", f"{fields.get('phone')} is no JID")
        return await self.take(device, number, fields.get(text, ""), fields, request)

    def accepted(self, asked: Asked, number: int) -> web.Response:
        sent = {"message_id": f"3EB0{number:016X}", "status": "Message sent"}
        return _json(200, "SUCCESS", "Message sent", sent)

    def no(self, kind: Kind, behaviour: Behaviour, phone: str) -> web.Response:
        if kind == "reject":
            code = behaviour.code_or("INVALID_JID")
            words = behaviour.words_or("{phone} is no JID", phone)
            return _json(behaviour.status, code, words, None)
        return _json(*NO[kind], None)

    def _known(self, request: web.Request) -> bool:
        login = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
        return request.headers.get("Authorization") == f"Basic {login}"

    def _refuse(self, status: int, code: str, message: str) -> web.Response:
        self.refused.append(f"{status} {code}")
        return _json(status, code, message, None)


def _json(status: int, code: str, message: str, results: Any) -> web.Response:
    return web.json_response({"code": code, "message": message, "results": results}, status=status)


def _qr_image() -> bytes:
    image = io.BytesIO()
    segno.make(QR_TEXT).save(image, kind="png", scale=7)
    return image.getvalue()
