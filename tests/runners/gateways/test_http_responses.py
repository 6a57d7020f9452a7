"""What comes over the wire is one response within bounds, or it is none."""

from __future__ import annotations

import pytest

from runners.gateways.http_connection import (
    LARGEST_HEAD,
    MOST_BYTES_PER_BYTE,
    BrokenResponseError,
    RawResponse,
    ResponseReader,
)

LONGEST = 100
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def read(*parts: bytes, ends: bool = False) -> tuple[RawResponse | None, bool]:
    """The response in these parts, if it is complete, and whether another one may follow."""
    reader = ResponseReader(LONGEST)
    for part in parts:
        reader.feed(part)
    if ends:
        reader.feed_end()
    return reader.response, reader.can_go_on


def both_ways(data: bytes, *, ends: bool = False) -> tuple[RawResponse | None, bool]:
    """``data`` at once, which gives the same as byte by byte."""
    whole = read(data, ends=ends)
    assert read(*(bytes([byte]) for byte in data), ends=ends) == whole
    return whole


@pytest.mark.parametrize(
    ("data", "body", "can_go_on"),
    [
        (OK + b"Content-Length: 5\r\n\r\nhello", b"hello", True),
        (OK + b"Content-Length: 0\r\n\r\n", b"", True),
        (OK + b"Content-Length: 5\r\nConnection: close\r\n\r\nhello", b"hello", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello", False),
        (CHUNKED + b"2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nTrailer: 1\r\n\r\n", b"hello", True),
        # What Apache says of HTTP/2 to everybody.
        (
            OK + b"Upgrade: h2\r\nConnection: Upgrade\r\nContent-Length: 5\r\n\r\nhello",
            b"hello",
            True,
        ),
        (
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
            + OK
            + b"Content-Length: 5\r\n\r\nhello",
            b"hello",
            True,
        ),
        (OK + b"Content-Length: 100\r\n\r\n" + b"x" * LONGEST, b"x" * LONGEST, True),
    ],
)
def test_a_response_ends_where_it_says(data: bytes, body: bytes, can_go_on: bool) -> None:
    assert both_ways(data) == (RawResponse(200, None, body), can_go_on)
    assert read(data[:-1])[0] is None


def test_one_without_a_length_ends_with_its_connection() -> None:
    assert both_ways(OK + b"\r\nhello") == (None, False)
    assert both_ways(OK + b"\r\nhello", ends=True) == (RawResponse(200, None, b"hello"), False)


def test_some_have_no_body() -> None:
    assert both_ways(b"HTTP/1.1 204 No Content\r\n\r\n") == (RawResponse(204, None, b""), True)


def test_the_first_retry_after_of_the_final_response_counts() -> None:
    data = (
        b"HTTP/1.1 100 Continue\r\nRetry-After: 1\r\n\r\nHTTP/1.1 429 Too Many\r\n"
        b"retry-after: 7\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n"
    )
    assert both_ways(data)[0] == RawResponse(429, "7", b"")


def test_more_than_was_asked_for_ends_the_connection() -> None:
    """A second response would become that of the next request."""
    one = OK + b"Content-Length: 5\r\n\r\nhello"
    for more in (one, b"x", b"HTTP"):
        assert both_ways(one + more) == (RawResponse(200, None, b"hello"), False)


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        OK + b"Content-Length: five\r\n\r\n",
        OK + b"Content-Length: -1\r\n\r\n",
        OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
        # Two readers could find two different ends.
        OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        CHUNKED + b"zz\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nxxxx",
        OK + b"X: " + b"x" * LARGEST_HEAD,
        OK + b"X: x\r\n" * (LARGEST_HEAD // 5),
        b"HTTP/1.1 100 Continue\r\n\r\n" * (LARGEST_HEAD // 20),
    ],
)
def test_what_is_no_response_is_refused(data: bytes) -> None:
    with pytest.raises(BrokenResponseError, match="ClientResponseError"):
        both_ways(data)


@pytest.mark.parametrize(
    ("data", "reason", "is_untouched"),
    [
        (b"", "ServerDisconnectedError", True),
        (b"HTTP/1.1 2", "ServerDisconnectedError", False),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "ServerDisconnectedError", False),
        (OK + b"Content-Length: 5\r\n\r\nhell", "ClientPayloadError", False),
        (CHUNKED + b"5\r\nhello\r\n", "ClientPayloadError", False),
    ],
)
def test_one_that_was_cut_off_is_none(data: bytes, reason: str, is_untouched: bool) -> None:
    with pytest.raises(BrokenResponseError, match=reason) as error:
        both_ways(data, ends=True)
    assert error.value.is_untouched is is_untouched


@pytest.mark.parametrize(
    "data",
    [
        OK + b"Content-Length: 101\r\n\r\n" + b"x" * 101,
        CHUNKED + b"65\r\n" + b"x" * 101,
        OK + b"\r\n" + b"x" * 101,
        # A body of a few bytes, in chunks with far more around them, and the same after its end.
        CHUNKED + (b"1;" + b"x" * 30_000 + b"\r\nx\r\n") * 3,
        CHUNKED + b"0\r\nX: " + b"x" * (LARGEST_HEAD + MOST_BYTES_PER_BYTE * LONGEST),
    ],
)
def test_one_that_is_too_long_counts_as_empty_and_is_the_last(data: bytes) -> None:
    assert both_ways(data) == (RawResponse(200, None, b""), False)
