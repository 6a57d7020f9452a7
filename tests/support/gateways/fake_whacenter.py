"""Whacenter on this machine, with one device.

Strict: it refuses what Whacenter's collection does not have. Source:
documenter.getpostman.com/view/8030970/UUy67kCg. It says everything with HTTP 200; what it does when
it is asked too much, or is broken, is not documented.
"""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from tests.support.gateways.fakes import Asked, Behaviour, Fake, Kind

DEVICE_ID = "c053f0fc-s3cret"
CREDENTIALS = {"device_id": DEVICE_ID}
NOT_FOUND = "device not connected or not found"

NO: dict[Kind, tuple[int, str]] = {
    "throttle": (429, "too many requests"),
    "busy": (503, "server is busy"),
    "error": (500, "server error"),
}


class FakeWhacenter(Fake):
    """``state`` is its device's: CONNECTED or NOT CONNECTED."""

    def __init__(self, behave: Callable[[Asked], Behaviour] = lambda asked: Behaviour()) -> None:
        super().__init__(behave)
        self.state = "CONNECTED"

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/api/send", self.message),
            web.get("/api/statusDevice", self.info),
        ]

    async def message(self, request: web.Request) -> web.StreamResponse:
        if request.content_type != "multipart/form-data" or request.query_string:
            return self._refuse("expected multipart/form-data and no query")
        form = {key: str(value) for key, value in (await request.post()).items()}
        must = {"device_id", "number", "message"}
        if not must <= set(form) <= must | {"file"}:
            return self._refuse("unknown or missing fields")
        if form["device_id"] != DEVICE_ID:
            return self._refuse(NOT_FOUND)
        if not form["number"].isdigit() or not (form["message"] or form.get("file")):
            return self._refuse("number, message")
        return await self.take("", form["number"], form["message"], form, request)

    async def info(self, request: web.Request) -> web.StreamResponse:
        if set(request.query) != {"device_id"}:
            return self._refuse("unknown or missing fields")
        if request.query["device_id"] != DEVICE_ID:
            return self._refuse(NOT_FOUND)
        data = {"status": self.state, "nomor": "628xxx", "nama": "namadevice", "qr": "timeout"}
        good = _answer(200, True, "success get device status", data)
        return await self.answer(request, self.inquiry, good)

    def accepted(self, asked: Asked, number: int) -> web.Response:
        return _answer(200, True, "message sent", {"id": 110864595 + number})

    def no(self, kind: Kind, behaviour: Behaviour, phone: str) -> web.Response:
        if kind == "reject":
            words = behaviour.code_or(f"{phone} is not on WhatsApp")
            return _answer(behaviour.status, False, words, [])
        status, words = NO[kind]
        return _answer(status, False, words, [])

    def _refuse(self, message: str) -> web.Response:
        self.refused.append(message)
        return _answer(200, False, message, [])


def _answer(status: int, good: bool, message: str, data: object) -> web.Response:
    body = {"status": good, "message": message, "data": data}
    return web.json_response(body, status=status, content_type="text/html")
