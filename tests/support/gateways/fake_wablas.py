"""A Wablas server on this machine, with one device.

Strict: it refuses what Wablas's documentation does not have. Source: wablas.com/documentation/api.
Its HTTP statuses for refusals are not documented; these are the usual ones.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from aiohttp import web

from tests.support.gateways.fakes import Asked, Behaviour, Fake, Kind

TOKEN, SECRET_KEY = "w4blas-t0ken", "s3cretKey"
CREDENTIALS = {"token": TOKEN, "secret_key": SECRET_KEY}

# What one message of each kind must have; media may have a caption.
ITEMS = {
    "send-message": {"phone", "message", "ref_id"},
    "send-image": {"phone", "image", "ref_id"},
    "send-document": {"phone", "document", "ref_id"},
}
NO: dict[Kind, tuple[int, str]] = {
    "throttle": (429, "too many requests"),
    "busy": (503, "server is busy"),
    "error": (500, "server error"),
}


class FakeWablas(Fake):
    """``state`` is its device's: connected or disconnected."""

    def __init__(self, behave: Callable[[Asked], Behaviour] = lambda asked: Behaviour()) -> None:
        super().__init__(behave)
        self.state = "connected"

    def routes(self) -> list[web.RouteDef]:
        return [
            *(web.post(f"/api/v2/{path}", self.message) for path in ITEMS),
            web.get("/api/device/info", self.info),
        ]

    async def message(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"{TOKEN}.{SECRET_KEY}":
            return self._refuse(401, "token invalid")
        if request.content_type != "application/json":
            return self._refuse(400, "expected application/json")
        try:
            body = json.loads(await request.text())
        except ValueError:
            return self._refuse(400, "expected JSON")
        if not isinstance(body, dict) or set(body) != {"data"} or len(body["data"]) != 1:
            return self._refuse(400, "expected data with one message")
        (item,) = body["data"]
        path = request.path.rpartition("/")[2]
        may = set() if path == "send-message" else {"caption"}
        if not ITEMS[path] <= set(item) <= ITEMS[path] | may or not all(item.values()):
            return self._refuse(400, "unknown or missing fields")
        if not item["phone"].isdigit():
            return self._refuse(400, "format phone invalid")
        text = item.get("message", item.get("caption", ""))
        return await self.take(path, item["phone"], text, body, request)

    async def info(self, request: web.Request) -> web.StreamResponse:
        if set(request.query) != {"token"}:
            return self._refuse(400, "unknown or missing fields")
        if request.query["token"] != TOKEN:
            return self._refuse(401, "token invalid")
        device = {
            "serial": "A5DOYJ",
            "sender": "62821144818",
            "name": "Peter",
            "quota": "94",
            "expired_date": "2027-01-01",
            "status": self.state,
            "active": True,
        }
        good = web.json_response({"status": True, "data": device})
        return await self.answer(request, self.inquiry, good)

    def accepted(self, asked: Asked, number: int) -> web.Response:
        message = {
            "id": str(UUID(int=number)),
            "phone": asked.phone,
            "message": asked.text,
            "status": "pending",
        }
        data = {"device_id": "A5DOYJ", "quota": 94, "messages": [message]}
        words = "Message is pending and waiting to be processed"
        return web.json_response({"status": True, "message": words, "data": data})

    def no(self, kind: Kind, behaviour: Behaviour, phone: str) -> web.Response:
        if kind == "reject":
            return _no(
                behaviour.status,
                behaviour.code_or(f"{phone} is not on WhatsApp"),
            )
        return _no(*NO[kind])

    def _refuse(self, status: int, message: str) -> web.Response:
        self.refused.append(f"{status} {message}")
        return _no(status, message)


def _no(status: int, message: Any) -> web.Response:
    return web.json_response({"status": False, "message": message}, status=status)
