"""A GOWA server on this machine: strict about what it is asked, and with a memory of all of it.

It runs in a thread of its own and decides per request what to do, by ``behave``.
"""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, Literal, NamedTuple

from aiohttp import web

USERNAME, PASSWORD = "outreach", "s3cret-Pa55"
CREDENTIALS = {"username": USERNAME, "password": PASSWORD}

# What becomes of a request. The server takes the message with "accept"; for all that the sender can
# tell, it may have with "hang" (no answer), "drop" (the connection ends), "garbage" and "error".
Kind = Literal["accept", "hang", "drop", "garbage", "throttle", "busy", "reject", "error"]
TAKEN: tuple[Kind, ...] = ("accept", "hang", "drop", "garbage", "error")


class Behaviour(NamedTuple):
    """``seconds`` is what it takes; ``retry_after`` in seconds goes with "throttle"."""

    kind: Kind = "accept"
    seconds: float = 0.0
    retry_after: int | None = None


class Asked(NamedTuple):
    """One request to send something: on arrival and at its answer ``time.monotonic()`` seconds."""

    arrived: float
    device: str
    phone: str
    text: str
    kind: Kind
    fields: dict[str, str]


class FakeGowa:
    """``asked`` is its log, in the order of arrival; ``devices`` are the states of those it has,
    all logged in unless told otherwise. While it ``hangs`` nobody gets an answer.
    ``travel`` gives the seconds that a request takes to arrive."""

    def __init__(self, behave: Callable[[Asked], Behaviour] = lambda asked: Behaviour()) -> None:
        self.behave = behave
        self.asked: list[Asked] = []
        self.refused: list[str] = []
        self.devices: dict[str, str] = {}
        self.port = 0
        self.hangs = False
        self.travel: Callable[[], float] = lambda: 0.0
        self._number = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def taken(self) -> list[Asked]:
        """What it took, or may have taken from the sender's point of view."""
        return [asked for asked in self.asked if asked.kind in TAKEN]

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
        await self._answers()
        found = [{"id": name, "state": state} for name, state in self.devices.items()]
        return _json(200, "SUCCESS", "List devices", found)

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
        await asyncio.sleep(self.travel())
        asked = Asked(monotonic(), device, number, fields.get(text, ""), "accept", fields)
        behaviour = self.behave(asked)
        self.asked.append(asked._replace(kind=behaviour.kind))
        self._number += 1
        provider_id = f"3EB0{self._number:016X}"
        if behaviour.seconds:
            await asyncio.sleep(behaviour.seconds)
        await self._answers()
        match behaviour.kind:
            case "accept":
                sent = {"message_id": provider_id, "status": "Message sent"}
                return _json(200, "SUCCESS", "Message sent", sent)
            case "hang":
                await asyncio.sleep(3600)
            case "drop":
                assert request.transport is not None
                request.transport.abort()
            case "throttle":
                answer = _json(429, "TOO_MANY_REQUESTS", "slow down", None)
                if behaviour.retry_after is not None:
                    answer.headers["Retry-After"] = str(behaviour.retry_after)
                return answer
            case "busy":
                return _json(503, "SERVICE_UNAVAILABLE", "not connected", None)
            case "reject":
                return _json(400, "INVALID_JID", f"{number} is not on WhatsApp", None)
            case "error":
                return _json(500, "INTERNAL_SERVER_ERROR", "panic", None)
        return web.Response(text='{"code":"SUCC', content_type="application/json")

    async def _answers(self) -> None:
        while self.hangs:
            await asyncio.sleep(0.05)

    def _known(self, request: web.Request) -> bool:
        login = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
        return request.headers.get("Authorization") == f"Basic {login}"

    def _refuse(self, status: int, code: str, message: str) -> web.Response:
        self.refused.append(f"{status} {code}")
        return _json(status, code, message, None)


def _json(status: int, code: str, message: str, results: Any) -> web.Response:
    return web.json_response({"code": code, "message": message, "results": results}, status=status)


@contextmanager
def serving(fake: FakeGowa, port: int = 0) -> Iterator[FakeGowa]:
    """``fake`` on a port of loopback until the block ends."""
    started, ended = threading.Event(), threading.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        app = web.Application()
        app.router.add_post("/send/message", fake.message)
        app.router.add_post("/send/image", fake.media)
        app.router.add_post("/send/file", fake.media)
        app.router.add_get("/devices", fake.list_devices)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        fake.port = runner.addresses[0][1]
        started.set()
        await asyncio.to_thread(ended.wait)
        await runner.cleanup()

    def work() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as own:
            own.run(serve())

    thread = threading.Thread(target=work, name="gowa")
    thread.start()
    assert started.wait(10)
    try:
        yield fake
    finally:
        ended.set()
        thread.join(10)
