"""One line of JSON per request: id, key name, method, route, status, milliseconds. No line holds a
body or a query."""

from __future__ import annotations

import re
import secrets
from time import perf_counter

import structlog
from flask import Flask, Response, g, request

from api.http.auth import SIGNED_IN

log = structlog.get_logger()


HEADER = "X-Request-Id"
# The W3C's "Trace Context": the trace that the client's request is part of, in hexadecimal digits.
TRACE = "traceparent"
_TRACE = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def install(app: Flask) -> None:
    """Gives every request an id, which is logged and sent back as ``X-Request-Id``."""

    @app.before_request
    def begin() -> None:
        g.began = perf_counter()
        g.request_id = new_id()

    @app.after_request
    def end(response: Response) -> Response:
        response.headers[HEADER] = g.request_id
        key = g.get("key")
        if SIGNED_IN in request.environ:
            return response  # a part of a page, which has a line of its own
        # The rule and not the path, whose query may name a person.
        route = None if request.url_rule is None else request.url_rule.rule
        key_name = None if key is None else key.name
        note(
            g.request_id,
            key_name,
            request.method,
            route,
            response.status_code,
            g.began,
            request.headers.get(TRACE),
        )
        return response


def new_id() -> str:
    """The id of another request."""
    return secrets.token_hex(8)


def note(
    request_id: str,
    key_name: str | None,
    method: str,
    route: str | None,
    status: int,
    began: float,
    trace: str | None = None,
) -> None:
    """Log a request that was answered. ``route`` is a rule and no path; ``began`` is an instant of
    ``perf_counter``; ``trace`` is what the client's header ``traceparent`` says."""
    # A client could write anything there.
    facts = {"trace": trace} if trace is not None and _TRACE.fullmatch(trace) else {}
    log.info(
        "request",
        request_id=request_id,
        key=key_name,
        method=method,
        route=route,
        status=status,
        ms=round((perf_counter() - began) * 1000, 1),
        **facts,
    )
