"""The shortcut of webhooks: an ordinary request, taken in before Flask makes anything of it.

A sent message brings two or three requests, and Flask's general machinery costs more than the work.
Ordinary is a POST of a JSON object that is proved by a secret which this process knows. Whatever
else comes is left to the routes as it came, so every other answer is theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from io import BytesIO
from time import perf_counter
from typing import Any
from uuid import UUID

import msgspec
from werkzeug.datastructures import EnvironHeaders
from werkzeug.wrappers import Request

from api.http import request_log, security_headers, uploads
from api.webhooks import endpoint
from api.webhooks.protocol import WebhookRequest
from api.webhooks.providers import PROVIDERS
from projections.container import Container

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], object]

# The path has the gateway and the id of the device behind one of these.
_PREFIXES = ("/api/v1/webhooks", "/webhooks")
_ROUTE = "/<string:gateway>/<device:device_id>"
_HEADERS = (
    ("Content-Type", "application/json"),
    ("Content-Length", str(len(endpoint.ACCEPTED))),
)


def answer(
    environ: Environ, start_response: StartResponse, container: Container, largest: int
) -> Iterable[bytes] | None:
    """The answer to an ordinary request of at most ``largest`` bytes; None where the routes have to
    answer, which then find all in ``environ``. Never raises: the routes are told what failed."""
    if environ["REQUEST_METHOD"] != "POST" or uploads.ASKS in environ:
        return None
    began = perf_counter()
    base, gateway, device_id = _named(environ.get("PATH_INFO", ""))
    if base is None or device_id is None:
        return None
    try:
        said = _request(environ, largest)
        if said is None or not endpoint.take_as_known(
            container, gateway, device_id, PROVIDERS[gateway], said, endpoint.json_payload
        ):
            return None
    except Exception as error:
        environ[endpoint.FAILED] = error
        return None
    request_id = request_log.new_id()
    headers = [*_HEADERS, (request_log.HEADER, request_id)]
    headers += security_headers.of(is_page=False, is_secure=environ["wsgi.url_scheme"] == "https")
    request_log.note(request_id, None, "POST", f"{base}{_ROUTE}", 200, began)
    start_response("200 OK", headers)
    return [endpoint.ACCEPTED]


def _named(path: str) -> tuple[str | None, str, UUID | None]:
    """What stands before the gateway in a path of a webhook, the gateway, and the device."""
    base, _, text = path.rpartition("/")
    base, _, gateway = base.rpartition("/")
    if base not in _PREFIXES or gateway not in PROVIDERS:
        return None, "", None
    try:
        return base, gateway, msgspec.convert(text, UUID)
    except (ValueError, msgspec.MsgspecError):
        return None, "", None


def _request(environ: Environ, largest: int) -> WebhookRequest | None:
    """What the provider says. The body stays in ``environ`` for the routes. None where its length
    is not known, or is too large."""
    length = environ.get("CONTENT_LENGTH", "")
    if not (length.isascii() and length.isdigit() and len(length) < 10 and int(length) <= largest):
        return None
    body: bytes = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = BytesIO(body)
    if len(body) < int(length):
        return None
    query = Request(environ).args if environ.get("QUERY_STRING") else {}
    return WebhookRequest(body, EnvironHeaders(environ), query)
