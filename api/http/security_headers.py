"""What browsers are told with every answer, so that no answer is more to them than it is.

An answer is neither guessed to be of another type, nor shown within a stranger's page, nor kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from flask import Flask, Response, request

# Of data and errors a browser shall run and load nothing; of a page only what is ours and a file of
# its own. Its forms are sent to nobody else.
DATA_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
# In seconds: a year. Subdomains are not ours to speak of.
STRICT_TRANSPORT = "max-age=31536000"


def install(app: Flask) -> None:
    """Gives these headers to every answer, errors too. Must come first, so that it is the last to
    see an answer."""

    @app.after_request
    def protect(response: Response) -> Response:
        given = of(response.mimetype == "text/html", request.is_secure)
        # A file of a page says itself how it may be kept.
        kept = response.headers.get("Cache-Control")
        response.headers.update(given)
        if kept is not None:
            response.headers["Cache-Control"] = kept
        return response


def of(is_page: bool, is_secure: bool) -> Sequence[tuple[str, str]]:
    """The headers of an answer: a page or data, over HTTPS or not."""
    return _OF[is_page, is_secure]


def _of(is_page: bool, is_secure: bool) -> Sequence[tuple[str, str]]:
    headers = {
        **HEADERS,
        "Content-Security-Policy": PAGE_POLICY if is_page else DATA_POLICY,
        "Cache-Control": "no-store",
    }
    if is_secure:
        headers["Strict-Transport-Security"] = STRICT_TRANSPORT
    return tuple(headers.items())


_OF = {key: _of(*key) for key in product((False, True), repeat=2)}
