"""One connection: reads requests, has them answered one after the other, and keeps the deadlines.

Everything here runs in the event loop's thread.
"""

from __future__ import annotations

import asyncio
from enum import Enum
from http import HTTPStatus
from math import inf
from typing import Protocol, cast

import structlog

from runners.process.http import wsgi
from runners.process.http.admission import Admission, owner
from runners.process.http.limits import (
    LINGER_BYTES,
    LINGER_SECONDS,
    SLOWEST,
    STOP_SECONDS,
    Limits,
)
from runners.process.http.parser import Parser, RefusedError, Request
from runners.process.http.wsgi import Answer, Peers

log = structlog.get_logger()

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Phase(Enum):
    """What a connection waits for."""

    IDLE = "the next request"
    HEAD = "the headers"
    BODY = "the body"
    BUSY = "the application"
    WRITING = "the client, to read the response"
    LINGER = "the client's end of the connection"


# A server that stops waits for connections in these phases.
UNDER_WAY = frozenset({Phase.BODY, Phase.BUSY, Phase.WRITING})


class Host(Protocol):
    """What a connection needs of the server that has it."""

    limits: Limits
    admission: Admission
    connections: set[Connection]

    def now(self) -> float:
        """The event loop's clock, in seconds."""

    def answer(self, connection: Connection, request: Request) -> None:
        """Has a thread answer the request; then ``connection.answered`` is called."""

    def ask(self, connection: Connection, request: Request) -> None:
        """Has a thread ask whether the body may come; then ``connection.asked`` is called."""


class Connection(asyncio.Protocol):
    """A client's connection, from its acceptance until it is closed."""

    transport: asyncio.Transport

    def __init__(self, server: Host, peers: Peers) -> None:
        self.peers = peers
        self.owner = owner(peers.address)
        self.exempt = server.limits.exempt(peers.address)
        self.known = False
        # A new connection has its first headers to send, from now on.
        self.phase = Phase.HEAD
        self._deadline = server.now() + server.limits.header_seconds
        self._server = server
        self._parser = Parser(server.limits.largest)
        self._refused: RefusedError | None = None
        # What came while a request was under way; nothing is read once there is any.
        self._unread = b""
        self._last = False  # the response that is being sent is the last one
        self._half_closed = False  # the client will send nothing more
        self._blocked = False  # the client has not read everything
        self._left = 0  # bytes that it had not read when the deadline was set
        self._began = 0.0  # to read the body
        self._lingered = 0  # bytes
        self._gone = False

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection can be read and written."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(high=0)
        if self._gone:  # evicted before its transport was made
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Reads on, or keeps the bytes until the request that is under way is answered."""
        if self.phase is Phase.LINGER:
            self._lingered += len(data)
            if self._lingered > LINGER_BYTES:
                self.transport.pause_reading()
        elif self.phase in (Phase.BUSY, Phase.WRITING):
            self._unread += data
            self.transport.pause_reading()
        elif not self._gone:
            self._feed(data)
            self._go_on()

    def eof_received(self) -> bool:
        """The client sends nothing more, but may still read. False closes the connection."""
        self._half_closed = True
        if self.phase is Phase.LINGER:
            return False
        if self.phase not in (Phase.BUSY, Phase.WRITING):
            self._go_on()
        return True

    def pause_writing(self) -> None:
        """There is something that the client has not read."""
        self._blocked = True

    def resume_writing(self) -> None:
        """The client has read everything."""
        self._blocked = False
        if self.phase is Phase.WRITING:
            self._sent()

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is closed."""
        self._forget()

    # What the server calls.

    def evict(self) -> None:
        """Closes the connection at once; it counts no longer."""
        self._forget()
        if hasattr(self, "transport"):
            self.transport.abort()

    def answered(self, given: Answer) -> None:
        """Sends the response of the request that was under way."""
        if not self._gone:
            self._send(given)

    def asked(self, request: Request, given: Answer) -> None:
        """Reads on if the application admits the body, else sends what it said instead."""
        if self._gone:
            return
        if given.status == HTTPStatus.CONTINUE:
            request.admitted = True
            self.phase = Phase.IDLE
            self._server.admission.waits(self)
            if request.expects_continue:
                self.transport.write(CONTINUE)
            self._read_on()
        else:
            self._send(given)

    def check(self, now: float) -> None:
        """Ends what is beyond its deadline."""
        if now < self._deadline:
            return
        if self.phase is Phase.BODY or (self.phase is Phase.HEAD and self._parser.begun):
            part = self.phase.value
            self._refuse(RefusedError(HTTPStatus.REQUEST_TIMEOUT, f"expected {part} sooner"))
        elif self.phase is Phase.WRITING and self._reads():
            self._await_reading()
        else:
            if self.phase is Phase.WRITING:
                self._log("connection.ended", reason="expected the client to read sooner")
            self.evict()

    def stop(self) -> None:
        """Ends the connection soon, unless a request is under way."""
        if self.phase not in UNDER_WAY:
            # The next request may be on its way already.
            self._deadline = min(self._deadline, self._server.now() + STOP_SECONDS)

    # Its own steps.

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed(data)
        except RefusedError as error:
            self._refused = error

    def _go_on(self) -> None:
        """Does what comes next, while no request is under way."""
        parser = self._parser
        if parser.complete:
            self._be_busy()
            self._server.answer(self, parser.complete.popleft())
        elif self._refused is not None:
            self._refuse(self._refused)
        elif self._half_closed:
            if parser.begun:
                self._refuse(RefusedError(HTTPStatus.BAD_REQUEST, "expected the whole request"))
            else:
                self.transport.close()
        elif parser.partial is not None:
            self._read_body(parser.partial)
        elif parser.begun and self.phase is not Phase.HEAD:
            self.phase = Phase.HEAD
            self._deadline = self._server.now() + self._server.limits.header_seconds

    def _read_body(self, request: Request) -> None:
        limits = self._server.limits
        size = max(request.declared or 0, request.body.size)
        if size > limits.ask_above and not request.admitted:
            self._be_busy()
            self._server.ask(self, request)
            return
        if self.phase is not Phase.BODY:
            self.phase, self._began = Phase.BODY, self._server.now()
            if request.expects_continue and not request.admitted:
                self.transport.write(CONTINUE)
        self._deadline = self._began + limits.body_seconds + request.body.size / SLOWEST

    def _be_busy(self) -> None:
        self.phase, self._deadline = Phase.BUSY, inf
        self._server.admission.serves(self)

    def _refuse(self, error: RefusedError) -> None:
        """Answers without the application. Nothing of the request was done."""
        if self._parser.partial is not None:
            self._parser.partial.body.close()
        self._log("request.refused", status=error.status.value, reason=str(error))
        self._send(wsgi.refusal(error))

    def _log(self, event: str, **values: object) -> None:
        log.info(event, **values, address=self.peers.address)

    def _send(self, response: Answer) -> None:
        self.phase, self._last = Phase.WRITING, response.closes
        self._server.admission.waits(self)
        self.transport.write(response.data)
        if self._blocked:
            self._await_reading()
        else:
            self._sent()

    def _await_reading(self) -> None:
        self._left = self.transport.get_write_buffer_size()
        self._deadline = self._server.now() + self._server.limits.body_seconds

    def _reads(self) -> bool:
        """Whether the client has read as much as it must since the deadline was set."""
        least = self._server.limits.body_seconds * SLOWEST
        return self._left - self.transport.get_write_buffer_size() >= least

    def _sent(self) -> None:
        now = self._server.now()
        if not self._last:
            self.phase, self._deadline = Phase.IDLE, now + self._server.limits.idle_seconds
            self._read_on()
        elif self._half_closed:
            self.transport.close()
        else:
            self.phase, self._deadline = Phase.LINGER, now + LINGER_SECONDS
            self._unread = b""
            self.transport.write_eof()
            self.transport.resume_reading()

    def _read_on(self) -> None:
        data, self._unread = self._unread, b""
        if data:
            self._feed(data)
        self._go_on()
        if self.phase not in (Phase.BUSY, Phase.WRITING):
            self.transport.resume_reading()

    def _forget(self) -> None:
        if self._gone:
            return
        self._gone, self._deadline = True, inf
        self._server.connections.discard(self)
        self._server.admission.leave(self)
        for request in (*self._parser.complete, self._parser.partial):
            if request is not None:
                request.body.close()
