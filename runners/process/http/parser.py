"""From bytes to requests, by httptools; it refuses what is malformed or may be read in two ways."""

from __future__ import annotations

from collections import deque
from http import HTTPStatus
from typing import NoReturn

import httptools

from runners.process.http.body import Body
from runners.process.http.limits import LARGEST_HEAD, MOST_PIPELINED


class RefusedError(Exception):
    """A request that is answered with ``status`` without asking the application. ``str`` says what
    was expected, and repeats nothing of the request."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class Request:
    """A request, whose body may still be on its way."""

    def __init__(self, method: str, target: bytes, version: str) -> None:
        self.method = method
        self.target = target
        self.version = version
        # Names in lower case.
        self.headers: list[tuple[bytes, bytes]] = []
        self.declared: int | None = None  # bytes of the body, by Content-Length
        self.chunked = False
        self.keep_alive = False
        self.expects_continue = False
        # Whether the application admitted a body of any size.
        self.admitted = False
        self.body = Body()


class Parser:
    """The requests in the bytes of one connection.

    ``complete`` are those that are all there, in their order; ``partial`` is one whose headers are
    there; ``begun`` says whether any byte of an incomplete request is there. What comes after a
    request that ends the connection is ignored.
    """

    def __init__(self, largest: int) -> None:
        self.complete: deque[Request] = deque()
        self.partial: Request | None = None
        self.begun = False
        self._over = False
        self._largest = largest
        self._parser = httptools.HttpRequestParser(self)
        self._refused: RefusedError | None = None
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        # Of the head that is being read: bytes of the fields in it, bytes fed since it began.
        self._fields = 0
        self._fed = 0
        self._replayed: Request | None = None

    def feed(self, data: bytes) -> None:
        """Reads ``data``. Raises RefusedError, after which nothing more can be fed."""
        if self._is_over():
            return
        self._fed += len(data)
        try:
            self._feed(data)
        except httptools.HttpParserError:
            if self._is_over():  # what came after the last request
                return
            raise self._refused or RefusedError(
                HTTPStatus.BAD_REQUEST, "expected a well-formed request"
            ) from None
        self.begun = self.begun or self.partial is not None
        if self.partial is None and self.begun and self._fed > LARGEST_HEAD:
            self._grow(self._fed)

    def _is_over(self) -> bool:
        return self._over

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            # The parser stops after the headers of a request that asks for another protocol. None
            # is spoken here: the request is read on as if it had not asked.
            request, self._replayed = self._replayed, None
            if request is None:
                self._refuse(HTTPStatus.NOT_IMPLEMENTED, "expected a method other than CONNECT")
            rest = data[upgrade.args[0] :]
            if not request.chunked and not request.declared:
                self._done(request)
            else:
                self.partial = request
                frame = f"Content-Length: {request.declared}"
                frame = "Transfer-Encoding: chunked" if request.chunked else frame
                self._parser.feed_data(f"POST / HTTP/1.1\r\n{frame}\r\n\r\n".encode())
            if rest:
                self._feed(rest)

    # What httptools calls. An exception here ends the parser.

    def on_message_begin(self) -> None:
        """Of a request, or of the head that stands for one that asked for an upgrade."""
        if self._over:
            self._refuse(HTTPStatus.BAD_REQUEST, "expected nothing after the last request")
        self.begun = True
        if self.partial is None:
            self._target = b""
            self._headers = []
            self._fields = 0

    def on_url(self, part: bytes) -> None:
        """A part of the request's target."""
        if self.partial is None:
            self._target += part
            self._grow(len(part))

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer, which is only counted."""
        self._grow(len(name) + len(value) + 4)
        if self.partial is None:
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The end of the headers."""
        if self.partial is not None:  # the head that stands for one that asked for an upgrade
            return
        version = self._parser.get_http_version()
        request = Request(self._parser.get_method().decode("ascii"), self._target, version)
        request.headers = self._headers
        request.keep_alive = self._parser.should_keep_alive()
        self._check(request)
        if self._parser.should_upgrade():
            self._replayed = None if request.method == "CONNECT" else request
        else:
            self.partial = request

    def on_body(self, part: bytes) -> None:
        """A part of the body, without the frame of chunks."""
        if (request := self.partial) is None:
            return
        self._limit(request.body.size + len(part))
        try:
            request.body.write(part)
        except OSError:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "no room for a body; try again")

    def on_message_complete(self) -> None:
        """The end of the body."""
        if (request := self.partial) is not None:
            self.partial = None
            self._done(request)

    def _done(self, request: Request) -> None:
        self.complete.append(request)
        self.begun = False
        self._fed = 0
        if len(self.complete) >= MOST_PIPELINED:
            request.keep_alive = False
        if not request.keep_alive:
            self._over = True

    def _check(self, request: Request) -> None:
        """Refuses what llhttp lets pass, and notes how the body is framed."""
        if request.version not in ("1.0", "1.1"):
            self._refuse(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "expected HTTP/1.0 or HTTP/1.1")
        hosts = 0
        for name, value in request.headers:
            if name == b"content-length":
                request.declared = int(value)
            elif name == b"transfer-encoding":
                request.chunked = True
                if value.lower() != b"chunked":
                    self._refuse(HTTPStatus.NOT_IMPLEMENTED, "Transfer-Encoding: expected chunked")
                if request.version == "1.0":
                    self._refuse(HTTPStatus.BAD_REQUEST, "Transfer-Encoding: expected HTTP/1.1")
            elif name == b"expect":
                request.expects_continue = (
                    value.lower() == b"100-continue" and request.version == "1.1"
                )
            elif name == b"host":
                hosts += 1
        if hosts > 1:
            self._refuse(HTTPStatus.BAD_REQUEST, "Host: expected once")
        self._limit(request.declared or 0)

    def _grow(self, size: int) -> None:
        self._fields += size
        if self._fields > LARGEST_HEAD:
            expected = f"expected a line and headers of at most {LARGEST_HEAD} bytes"
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, expected)

    def _limit(self, size: int) -> None:
        if size > self._largest:
            expected = f"expected a body of at most {self._largest} bytes"
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, expected)

    def _refuse(self, status: HTTPStatus, expected: str) -> NoReturn:
        self._refused = RefusedError(status, expected)
        raise self._refused
