"""Asks the API within this process, as the key that is signed in.

A page has no rights, rules or errors of its own: roles, validation, idempotency and actors are the
API's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
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
# So many wrong fields are told above a form.
TOLD = 5
# A field of the API within a sentence, such as hold_out, warm_up.from and windows[1].start.
_FIELD = re.compile(r"[a-z]+(?:_[a-z]+|\.[a-z]+|\[[0-9]+\])+")

# What the API says of JSON, and what of that is meant for whoever writes in a form.
_OF_FORMS = (
    ("a value that is not null", "something here"),
    ("a value, which is required", "something here"),
    ("shares that make 1 together", "shares that make 100 % together"),
    ("a sequence with stop_on_reply false", "a sequence without the rule “A reply stops it”"),
    ("a valid integer", "a whole number"),
    ("a valid number", "a number"),
    ("null", "nothing"),
)


class ApiError(Exception):
    """The API refused. ``status`` is that of HTTP, ``message`` its sentence. ``faults`` say what
    was expected of each field of the request, by its path, such as ``windows[1].start``.

    The form that was sent says by ``call`` what its fields are called, and then the sentence and
    the faults name them so. ``again`` is where to look at what the refusal is about.
    """

    def __init__(self, status: int, body: Mapping[str, Any], again: str = "") -> None:
        super().__init__(f"the API answered {status}")
        self.status = status
        self.again = again
        self.message = str(body.get("message", ""))
        self.errors: Mapping[str, Any] = body.get("errors") or {}
        self.faults = _faults(self.message, body.get("fields", ()) if self.errors else ())
        self._labels: dict[str, str] = {}

    def renamed(self, name: Callable[[str], str]) -> ApiError:
        """The same where ``name`` says what each path of a fault is in the form."""
        same = ApiError(self.status, {"message": self.message, "errors": self.errors}, self.again)
        same.faults = {name(path): text for path, text in self.faults.items()}
        return same

    def call(self, path: str, label: str) -> None:
        """The field with that path, and what is below it, has this label in the form."""
        self._labels[path] = label

    def fault(self, path: str) -> str:
        """What was expected of that field, or of what is below it and has no label of its own;
        empty if nothing is wrong there."""
        found = [text for each, text in self.faults.items() if self._labelled(each) == path]
        return "; ".join(map(self._worded, found))

    def is_of(self, *paths: str) -> bool:
        """Whether one of these fields, or what is below it, is wrong."""
        return any(re.match(rf"{re.escape(p)}(?![a-z_])", f) for p in paths for f in self.faults)

    def sentence(self) -> str:
        """What is wrong, each field by its label."""
        if not self.faults:
            return self.message
        found = [f"{self._name(path)}: {self._worded(self.faults[path])}" for path in self.faults]
        return "; ".join(found[:TOLD]) + ("; …" if len(found) > TOLD else "")

    def _labelled(self, path: str) -> str:
        """The path itself, or the nearest above it, that has a label; empty if none has."""
        above = (each for each in self._labels if re.match(rf"{re.escape(each)}(?![a-z_])", path))
        return max(above, key=len, default="")

    def _name(self, path: str) -> str:
        known = self._labelled(path)
        number = re.match(r"\[([0-9]+)\]", path[len(known) :])
        if not known:  # of no form on this page
            return re.sub(r"[_.]", " ", path).capitalize()
        return " ".join([self._labels[known], *([number[1]] if number else [])])

    def _worded(self, text: str) -> str:
        for of_json, in_form in _OF_FORMS:
            text = text.replace(of_json, in_form)
        return _FIELD.sub(
            lambda found: f"“{self._labels[found[0]]}”" if found[0] in self._labels else found[0],
            text,
        )


def _faults(message: str, listed: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """What was expected, by the path of the field: as the API lists it, else of the one that the
    ``message`` begins with."""
    faults: dict[str, str] = {}
    for each in listed:
        before = faults.get(each["field"])
        faults[each["field"]] = f"{before}; {each['message']}" if before else each["message"]
    field, colon, expected = message.partition(": ")
    if not faults and colon and " " not in field:
        faults[field] = expected
    return faults


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
