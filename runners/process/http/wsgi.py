"""A request through the WSGI application: its environment, and the whole response as bytes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from io import BytesIO
from time import time
from typing import IO, Any, NamedTuple
from urllib.parse import unquote_to_bytes

import httptools
import structlog

from runners.process.http.parser import RefusedError, Request

log = structlog.get_logger()

WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

# In the environment of a question: may this request send a body larger than usual? The
# application answers 100, or what it answers to the request.
ASKS = "sendtrail.asks"


class Peers(NamedTuple):
    """Who is connected, and to what."""

    address: str
    port: int
    server_address: str
    server_port: int


class Answer(NamedTuple):
    """A response, as it is sent."""

    status: int
    data: bytes
    closes: bool


def ask(application: WsgiApplication, request: Request, peers: Peers) -> Answer:
    """The application's answer to whether the request's body may come: 100, or a response after
    which the connection is closed. Never raises."""
    environ = _environ(request, peers, BytesIO())
    environ[ASKS] = True
    return _call(application, request, environ, closes=True)


def answer(application: WsgiApplication, request: Request, peers: Peers, closes: bool) -> Answer:
    """The application's response to a complete request. Closes the request's body. Never raises."""
    try:
        environ = _environ(request, peers, request.body.stream())
        if request.declared is not None or request.chunked:
            environ["CONTENT_LENGTH"] = str(request.body.size)
        return _call(application, request, environ, closes)
    except OSError:
        return refusal(
            RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "no room for a body; try again")
        )
    finally:
        request.body.close()


# What browsers are told with an answer that does not come from the application, which has more.
_GUARDS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cache-Control", "no-store"),
)


def refusal(error: RefusedError) -> Answer:
    """The response to a request that the application does not get. Ends the connection."""
    status = error.status
    document = {"code": status.value, "status": status.phrase, "message": str(error)}
    body = json.dumps(document).encode()
    head = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *_GUARDS]
    return Answer(status, _head(f"{status.value} {status.phrase}", head, True) + body, True)


def _call(
    application: WsgiApplication, request: Request, environ: dict[str, Any], closes: bool
) -> Answer:
    started: list[tuple[str, list[tuple[str, str]]]] = []
    parts: list[bytes] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], None]:
        started[:] = [(status, headers)]
        return parts.append

    try:
        result = application(environ, start_response)
        try:
            parts.extend(result)
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()
        status, headers = started[0]
        return _response(request, status, headers, b"".join(parts), closes)
    except Exception as error:  # the application answers its own faults
        log.error("request.failed", error=type(error).__name__)
        fault = RefusedError(HTTPStatus.INTERNAL_SERVER_ERROR, "a fault of ours; it was logged")
        return refusal(fault)


def _response(
    request: Request, status: str, headers: list[tuple[str, str]], body: bytes, closes: bool
) -> Answer:
    code = int(status[:3])
    closes = closes or not request.keep_alive
    named = {name.lower() for name, _ in headers}
    if code >= 200 and code not in (204, 304) and "content-length" not in named:
        headers = [*headers, ("Content-Length", str(len(body)))]
    if request.method == "HEAD" or code in (204, 304):
        body = b""
    return Answer(code, _head(status, headers, closes) + body, closes)


def _head(status: str, headers: list[tuple[str, str]], closes: bool) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Date: {_date(int(time()))}"]
    lines += [f"{name}: {value}" for name, value in headers]
    lines += ["Connection: close" if closes else "Connection: keep-alive", "", ""]
    return "\r\n".join(lines).encode("latin-1")


@lru_cache(maxsize=2)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


def _environ(request: Request, peers: Peers, body: IO[bytes]) -> dict[str, Any]:
    """The environment of PEP 3333. Headers with an underscore are left out: they would be taken
    for those with a hyphen."""
    path, query = _split(request.target)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "REQUEST_URI": request.target.decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{request.version}",
        "SERVER_NAME": peers.server_address,
        "SERVER_PORT": str(peers.server_port),
        "REMOTE_ADDR": peers.address,
        "REMOTE_PORT": str(peers.port),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in request.headers:
        if b"_" in name or name == b"transfer-encoding":
            continue
        key = name.decode("latin-1").upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        text = value.decode("latin-1")
        before = environ.get(key)
        if before is not None:
            text = f"{before}{'; ' if name == b'cookie' else ','}{text}"
        environ[key] = text
    return environ


def _split(target: bytes) -> tuple[bytes, bytes]:
    """Path and query of a request's target, which may be a whole URL."""
    if not target.startswith(b"/"):
        try:
            url = httptools.parse_url(target)
        except httptools.HttpParserInvalidURLError:  # the * of OPTIONS
            return target, b""
        return url.path or b"/", url.query or b""
    path, _, query = target.partition(b"#")[0].partition(b"?")
    return path, query
