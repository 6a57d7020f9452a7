"""Pages and their files go out compressed, where the client takes that.

Data does not: a client that wants it small has a proxy, and compressing costs more than the answer.
"""

from __future__ import annotations

import gzip

from flask import Flask, Response, request

KINDS = ("text/html", "text/css", "text/javascript", "text/csv", "image/svg+xml")
# Bytes. Less is not worth the headers.
LEAST = 1000
LEVEL = 6


def install(app: Flask) -> None:
    """Compresses answers of these kinds."""

    @app.after_request
    def compress(response: Response) -> Response:
        if response.mimetype not in KINDS or response.direct_passthrough:
            return response
        response.vary.add("Accept-Encoding")
        if "Content-Encoding" in response.headers or not _takes_gzip() or response.is_streamed:
            return response
        body = response.get_data()
        if len(body) >= LEAST:
            response.set_data(gzip.compress(body, LEVEL, mtime=0))
            response.headers["Content-Encoding"] = "gzip"
        return response


def _takes_gzip() -> bool:
    return request.accept_encodings["gzip"] > 0
