"""One line of JSON per request: id, key name, method, route, status, milliseconds. No line holds a
body or a query."""

from __future__ import annotations

import secrets
from time import perf_counter

import structlog
from flask import Flask, Response, g, request

log = structlog.get_logger()


def install(app: Flask) -> None:
    """Gives every request an id, which is logged and sent back as ``X-Request-Id``."""

    @app.before_request
    def begin() -> None:
        g.began = perf_counter()
        g.request_id = secrets.token_hex(8)

    @app.after_request
    def end(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.request_id
        key = g.get("key")
        log.info(
            "request",
            request_id=g.request_id,
            key=None if key is None else key.name,
            method=request.method,
            # The rule and not the path, whose query may name a person.
            route=None if request.url_rule is None else request.url_rule.rule,
            status=response.status_code,
            ms=round((perf_counter() - g.began) * 1000, 1),
        )
        return response
