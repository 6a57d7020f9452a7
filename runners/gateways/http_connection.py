"""One connection to a provider: a request goes out, its response is read within bounds.

llhttp, by httptools, reads what comes. The connection serves one request after the other and is
used again only after a response that ended where the next one can begin.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

import httptools

# Bytes of a response's status line and headers, together with those of interim responses.
LARGEST_HEAD = 64 * 1024
# A response may come in chunks of one byte, each with a length and two line ends.
MOST_BYTES_PER_BYTE = 8


class RawResponse(NamedTuple):
    """A response as it came. ``retry_after`` is that header's text, None where there is none.
    ``body`` is empty where it would be longer than was wanted."""

    status: int
    retry_after: str | None
    body: bytes


class BrokenResponseError(Exception):
    """No response came, or none that can be read. ``str`` is the reason that is recorded.

    ``is_untouched`` says that the connection ended without a single byte.
    """

    def __init__(self, reason: str, *, is_untouched: bool = False) -> None:
        super().__init__(reason)
        self.is_untouched = is_untouched


class ResponseReader:
    """Reads one response of which at most ``longest`` bytes of the body are wanted.

    ``response`` is there as soon as nothing more has to be read. ``can_go_on`` then says whether
    another response may follow on the connection.
    """

    def __init__(self, longest: int) -> None:
        self.response: RawResponse | None = None
        self.can_go_on = False
        self._longest = longest
        self._parser = httptools.HttpResponseParser(self)
        self._fed = 0
        self._has_head = False
        self._body = bytearray()
        self._begin()

    def _begin(self) -> None:
        self._retry_after: bytes | None = None
        # Whether the end of the connection is the end of the body.
        self._ends_with_connection = True

    def is_complete(self) -> bool:
        """Whether nothing more has to be read."""
        return self.response is not None

    def feed(self, data: bytes) -> None:
        """Reads ``data``. Raises BrokenResponseError for what is no response."""
        self._fed += len(data)
        if self.is_complete():
            self.can_go_on = False  # nobody asked for more
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.can_go_on = False
            if not self.is_complete():
                raise BrokenResponseError("ClientResponseError") from None
        if self.is_complete():
            return
        if not self._has_head and self._fed > LARGEST_HEAD:
            raise BrokenResponseError("ClientResponseError")
        if self._fed > LARGEST_HEAD + MOST_BYTES_PER_BYTE * self._longest:
            self._end(b"")

    def feed_end(self) -> None:
        """The connection has ended. Raises BrokenResponseError unless the response is complete."""
        self.can_go_on = False
        if self.response is not None:
            return
        if not self._has_head:
            raise BrokenResponseError("ServerDisconnectedError", is_untouched=self._fed == 0)
        if not self._ends_with_connection:
            raise BrokenResponseError("ClientPayloadError")
        self._end(bytes(self._body))

    # Called by httptools

    def on_message_begin(self) -> None:
        """A response begins: the first, the next after an interim one, or one too many."""
        if self.response is not None:
            self.can_go_on = False
        self._begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keeps what is needed of a header."""
        match name.lower():
            case b"retry-after" if self._retry_after is None:
                self._retry_after = value
            case b"content-length":
                self._ends_with_connection = False
            case b"transfer-encoding" if b"chunked" in value.lower():
                self._ends_with_connection = False

    def on_headers_complete(self) -> None:
        """The body follows, unless the response is an interim one."""
        self._has_head = self._parser.get_status_code() >= 200

    def on_body(self, data: bytes) -> None:
        """Keeps a part of the body."""
        if self.response is None:
            self._body += data
            if len(self._body) > self._longest:
                self._end(b"")

    def on_message_complete(self) -> None:
        """The response is complete, unless it is an interim one."""
        if self.response is None and self._has_head:
            self._end(bytes(self._body))
            self.can_go_on = self._parser.should_keep_alive()

    def _end(self, body: bytes) -> None:
        retry_after = None if self._retry_after is None else self._retry_after.decode("latin-1")
        self.response = RawResponse(self._parser.get_status_code(), retry_after, body)


class Connection(asyncio.Protocol):
    """One connection, for one request at a time. ``ended`` is done when it is gone.

    ``idle_since`` is when its last response was complete, by the loop's clock.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self.idle_since = 0.0
        self._transport: asyncio.Transport | None = None
        self._reader: ResponseReader | None = None
        self._waiter: asyncio.Future[None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether a request may be sent, as far as this side knows."""
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, request: bytes, longest: int) -> RawResponse:
        """Sends a whole request and gives its response; see ``ResponseReader``.

        Raises BrokenResponseError. The connection is closed then, and whenever it may not be used
        again.
        """
        transport = self._transport
        assert transport is not None and self._reader is None  # noqa: S101, PT018 - one at a time
        reader = self._reader = ResponseReader(longest)
        self._waiter = self._loop.create_future()
        try:
            transport.write(request)
            await self._waiter
            assert reader.response is not None  # noqa: S101 - or it would have been raised
            if not reader.can_go_on:
                transport.abort()
            return reader.response
        except BaseException:
            # Its response may still come, and must not be the next request's.
            transport.abort()
            raise
        finally:
            self._reader = self._waiter = None
            self.idle_since = self._loop.time()

    def abort(self) -> None:
        """Closes the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    # Called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the transport to send on."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - this is a stream
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Reads on. What nobody asked for ends the connection."""
        reader = self._reader
        if reader is None:
            self.abort()
            return
        try:
            reader.feed(data)
        except BrokenResponseError as error:
            self._wake(error)
        else:
            if reader.response is not None:
                self._wake(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """What was read so far is all there is."""
        if not self.ended.done():
            self.ended.set_result(None)
        if self._reader is None:
            return
        try:
            self._reader.feed_end()
        except BrokenResponseError as error:
            self._wake(error if exc is None else BrokenResponseError("ClientOSError"))
        else:
            self._wake(None)

    def _wake(self, error: BrokenResponseError | None) -> None:
        waiter = self._waiter
        if waiter is None or waiter.done():
            return
        if error is None:
            waiter.set_result(None)
        else:
            waiter.set_exception(error)
