"""What the servers have in common that stand in for providers: they run on this machine, in threads
of their own, are strict about what they are asked, and remember all of it."""

from __future__ import annotations

import asyncio
import threading
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, Literal, NamedTuple, TypeVar

from aiohttp import web

# What becomes of a request. The server takes the message with "accept"; for all that the sender can
# tell, it may have with "hang" (no answer), "drop" (the connection ends), "garbage" (no JSON),
# "deep" (arrays without end), "truncated" (half of an answer), "empty", "huge" (an answer with far
# too much after it) and "error" (HTTP 500). "redirect" sends the sender elsewhere.
Kind = Literal[
    "accept",
    "hang",
    "drop",
    "garbage",
    "deep",
    "truncated",
    "empty",
    "huge",
    "error",
    "throttle",
    "busy",
    "reject",
    "redirect",
]
TAKEN: tuple[Kind, ...] = (
    "accept",
    "hang",
    "drop",
    "garbage",
    "deep",
    "truncated",
    "empty",
    "huge",
    "error",
)
HUGE = 100_000


class Behaviour(NamedTuple):
    """``seconds`` is what it takes; ``retry_after`` in seconds goes with "throttle"; ``code`` (the
    provider's own), ``status`` (of HTTP) and ``words`` (where ``{phone}`` is the recipient's
    digits) with "reject"; ``location``, a base URL, with "redirect"."""

    kind: Kind = "accept"
    seconds: float = 0.0
    retry_after: int | None = None
    code: Any = None
    status: int = 400
    location: str = ""
    words: str = ""

    def words_or(self, usual: str, phone: str) -> str:
        """What it says to refuse ``phone``, the ``usual`` words where none were told."""
        return (self.words or usual).replace("{phone}", phone.removeprefix("+"))

    def code_or(self, usual: Any) -> Any:
        """The provider's own code, or the ``usual`` one where none was told."""
        return usual if self.code is None else self.code


class Asked(NamedTuple):
    """One request to send something: on arrival and at its answer ``time.monotonic()`` seconds.
    ``fields`` is its whole body."""

    arrived: float
    device: str
    phone: str
    text: str
    kind: Kind
    fields: dict[str, Any]


class Fake(ABC):
    """``asked`` is its log of requests to send, in the order of arrival, ``refused`` that of
    requests that are wrong; ``paths`` are those of all requests and ``peers`` the connections they
    came on. While it ``hangs`` nobody gets an answer; while it ``drops_unread`` connections end
    before a body is read. ``inquiry`` is its behaviour when asked for a device's state. ``travel``
    gives the seconds that a request takes to arrive."""

    def __init__(self, behave: Callable[[Asked], Behaviour] = lambda asked: Behaviour()) -> None:
        self.behave = behave
        self.inquiry = Behaviour()
        self.asked: list[Asked] = []
        self.refused: list[str] = []
        self.paths: list[str] = []
        self.peers: set[tuple[str, int]] = set()
        self.agents: set[str] = set()
        self.port = 0
        self.hangs = False
        self.drops_unread = False
        self.travel: Callable[[], float] = lambda: 0.0
        self._number = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def taken(self) -> list[Asked]:
        """What it took, or may have taken from the sender's point of view."""
        return [asked for asked in self.asked if asked.kind in TAKEN]

    # What each provider does its own way

    @abstractmethod
    def routes(self) -> list[web.RouteDef]:
        """What it can be asked."""

    @abstractmethod
    def accepted(self, asked: Asked, number: int) -> web.Response:
        """Its answer to the ``number``-th message, which it takes."""

    @abstractmethod
    def no(self, kind: Kind, behaviour: Behaviour, phone: str) -> web.Response:
        """Its answer with "throttle", "busy", "reject" and "error"; a talkative provider repeats
        the ``phone`` in it."""

    # What is the same for all

    async def take(
        self, device: str, phone: str, text: str, fields: dict[str, Any], request: web.Request
    ) -> web.StreamResponse:
        """Logs a proper request to send something, and answers as ``behave`` says."""
        await asyncio.sleep(self.travel())
        asked = Asked(monotonic(), device, phone, text, "accept", fields)
        behaviour = self.behave(asked)
        self.asked.append(asked._replace(kind=behaviour.kind))
        self._number += 1
        return await self.answer(request, behaviour, self.accepted(asked, self._number), phone)

    async def answer(
        self, request: web.Request, behaviour: Behaviour, good: web.Response, phone: str = ""
    ) -> web.StreamResponse:
        """``good``, or what becomes of it."""
        if behaviour.seconds:
            await asyncio.sleep(behaviour.seconds)
        while self.hangs:
            await asyncio.sleep(0.05)
        text = good.text or ""
        match behaviour.kind:
            case "accept":
                return good
            case "hang":
                await asyncio.sleep(3600)
            case "drop":
                _abort(request)
            case "garbage":
                return web.Response(text=f"<html>{phone} is busy</html>", content_type="text/html")
            case "deep":
                return web.Response(text="[" * 30_000, content_type="application/json")
            case "truncated":
                half = text[: len(text) // 2]
                return web.Response(text=half, content_type="application/json")
            case "huge":
                return web.Response(text=text + " " * HUGE, content_type="application/json")
            case "redirect":
                location = f"{behaviour.location}{request.path_qs}"
                return web.Response(status=307, headers={"Location": location})
            case "throttle" | "busy" | "reject" | "error":
                no = self.no(behaviour.kind, behaviour, phone)
                if behaviour.retry_after is not None:
                    no.headers["Retry-After"] = str(behaviour.retry_after)
                return no
        return web.Response()

    async def greet(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        """Notes every request; compresses every answer for whoever says that it can read that."""
        assert request.transport is not None
        self.paths.append(request.path)
        self.agents.add(request.headers["User-Agent"])
        self.peers.add(request.transport.get_extra_info("peername"))
        if self.drops_unread:
            _abort(request)
            return web.Response()
        response = await handler(request)
        response.enable_compression()
        return response


def _abort(request: web.Request) -> None:
    if request.transport is not None:  # else the client is gone, as one that was killed is
        request.transport.abort()


F = TypeVar("F", bound=Fake)


@contextmanager
def serving(fake: F, port: int = 0) -> Iterator[F]:
    """``fake`` on a port of loopback until the block ends."""
    started, ended = threading.Event(), threading.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        app = web.Application(middlewares=[web.middleware(_greeting(fake))])
        app.router.add_routes(fake.routes())
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

    thread = threading.Thread(target=work, name=type(fake).__name__)
    thread.start()
    assert started.wait(10)
    try:
        yield fake
    finally:
        ended.set()
        thread.join(10)


def _greeting(fake: Fake) -> Any:
    async def greet(request: web.Request, handler: Any) -> web.StreamResponse:
        return await fake.greet(request, handler)

    return greet
