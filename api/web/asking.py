"""Asks the API within this process, as the key that is signed in.

A page has no rights, rules or errors of its own: roles, validation, idempotency and actors are the
API's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import after_this_request, current_app, g, request
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Response

from api.http.auth import SIGNED_IN
from api.web.zones import with_offsets

ROOT = "/api/v1"
# What the address of a page has that waits for all, see ``later``. The API does not know it.
WHOLE = "whole"
# The status of what was asked in a wrong way.
REFUSED = 422


class ApiError(Exception):
    """The API refused. ``status`` is that of HTTP, ``message`` its sentence, ``fields`` what was
    expected of each field of the request, by its name."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(f"the API answered {status}")
        self.status = status
        self.message = str(body.get("message", ""))
        self.errors: Mapping[str, Any] = body.get("errors") or {}
        self.fields = {
            name: " ".join(texts) if isinstance(texts, list) else str(texts)
            for of_place in self.errors.values()
            if isinstance(of_place, Mapping)
            for name, texts in of_place.items()
        }


def get(path: str, /, **query: Any) -> Any:
    """What the API answers to a GET of ``path`` below ``/api/v1``. Values that are None or empty
    are not sent. Raises ApiError."""
    return _json(ask("GET", path, query))


def listed(path: str, limit: int, **more: Any) -> dict[str, Any]:
    """What a page of a list shows: ``items`` and ``next_cursor``, as the API answers to the filters
    in this page's address, and these as ``asked``; ``more`` is said beside them. Of filters that
    are refused there are no items, ``wrong`` is the refusal, and the page has its status. Raises
    ApiError for any other."""
    asked = request.args.to_dict()
    asked.pop(WHOLE, None)
    query: dict[str, Any] = {"limit": limit} | with_offsets(asked) | more
    found, wrong = filtered(path, query, {"items": [], "next_cursor": None})
    return {**found, "asked": asked, "wrong": wrong}


def filtered(path: str, query: Mapping[str, Any], nothing: Any) -> tuple[Any, ApiError | None]:
    """What the API answers to a GET with filters that a person chose, and None; of those that are
    refused ``nothing``, and the refusal, whose status this page then has. Raises ApiError for any
    other."""
    try:
        return get(path, **query), None
    except ApiError as error:
        if error.status != REFUSED:
            raise
        refused()
        return nothing, error


def refused() -> None:
    """Gives this page the status of a request that was refused: it shows its form again."""

    @after_this_request
    def _(answer: Any) -> Any:
        answer.status_code = REFUSED
        return answer


def send(
    method: str, path: str, body: Mapping[str, Any] | None = None, once: str = "", **query: Any
) -> Any:
    """What the API answers to a change. The same ``once`` is the same change, however often it is
    sent. Raises ApiError."""
    content = None if body is None else json.dumps(body).encode()
    kind = None if body is None else "application/json"
    return _json(ask(method, path, query, content=content, content_type=kind, once=once))


def readiness() -> dict[str, Any]:
    """What ``/readyz`` answers: the runners, the warnings, the end of the log. Where the setting
    ``metrics`` closes it, the status alone."""
    found: dict[str, Any] = json.loads(ask("GET", "/readyz", root="").get_data())
    return found


def ask(
    method: str,
    path: str,
    query: Mapping[str, Any] | None = None,
    *,
    content: bytes | None = None,
    content_type: str | None = None,
    once: str = "",
    accept: str = "application/json",
    root: str = ROOT,
) -> Response:
    """The API's answer, whatever it is."""
    asked = {k: v for k, v in (query or {}).items() if v not in (None, "")}
    headers = {"Accept": accept} | ({"Idempotency-Key": once} if once else {})
    builder = EnvironBuilder(
        f"{root}{path}",
        method=method,
        query_string=urlencode(asked, doseq=True),
        headers=headers.items(),
        data=content,
        content_type=content_type,
    )
    try:
        environ = builder.get_environ()
    finally:
        builder.close()
    environ["REMOTE_ADDR"] = request.remote_addr or ""
    environ[SIGNED_IN] = g.key
    # With a context of its own: what the API notes in ``g`` is of that request.
    with current_app.app_context():
        return Response.from_app(current_app.wsgi_app, environ, buffered=True)


def refusal(answer: Response) -> ApiError:
    """What the API says in an answer of 400 and above."""
    body = json.loads(answer.get_data() or b"null")
    return ApiError(answer.status_code, body if isinstance(body, dict) else {})


def _json(answer: Response) -> Any:
    if answer.status_code >= 400:
        raise refusal(answer)
    return json.loads(answer.get_data() or b"null")
