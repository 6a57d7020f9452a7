"""What all operations of the OpenAPI document share: the errors that they may answer, and the
header of idempotent requests."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import flask_smorest
from apispec import BasePlugin
from flask import Flask
from marshmallow import Schema, fields

from api.http.blueprints import ROLE
from api.http.idempotency import ALLOWED, HEADER, LONGEST

SECONDS = {"schema": {"type": "integer"}, "description": "seconds after which to ask again"}
RETRY_AFTER = {"Retry-After": SECONDS}
CHALLENGE = {"WWW-Authenticate": {"schema": {"type": "string"}}}

# Descriptions of the errors that many operations may answer, and the headers that they always have.
ERRORS: dict[int, tuple[str, dict[str, Any]]] = {
    400: ("the body is not all there, or is no JSON", {}),
    401: ("no key, a wrong one, or one that was revoked", CHALLENGE),
    403: ("the key's role is not enough", {}),
    404: ("there is nothing of that id", {}),
    409: (
        "the present state does not allow it; errors.state names the state, if there is one;"
        " under_way (with Retry-After): a request with the same Idempotency-Key",
        {},
    ),
    413: ("the body is too large", {}),
    415: ("the body has another content type", {}),
    422: ("fields says what is wrong; or the Idempotency-Key had another request", {}),
    429: ("too many wrong keys", RETRY_AFTER),
    431: ("its line and headers are larger than the server takes: 32 KiB", {}),
    500: ("a fault of ours; it was logged", {}),
    503: ("the database does not answer, or takes nothing", {}),
}

JSON = "application/json"
CONTENT = {JSON: {"schema": {"$ref": "#/components/schemas/Error"}}}

IDEMPOTENCY_KEY = {
    "name": HEADER,
    "in": "header",
    "schema": {"type": "string", "pattern": ALLOWED, "minLength": 1, "maxLength": LONGEST},
    "description": "the same request with the same key is done once, and answered alike for a day;"
    " while the first is under way for long, 409 with Retry-After",
}


class WrongField(Schema):
    """One field that is wrong."""

    field = fields.String(
        required=True,
        metadata={
            "description": "as in steps[2].body, where items count from 1; body: all of it; else"
            " the name of a parameter or a header"
        },
    )
    message = fields.String(required=True, metadata={"description": "what was expected"})


class Error(Schema):
    """What every error looks like."""

    code = fields.Integer(required=True, metadata={"description": "the HTTP status"})
    status = fields.String(required=True, metadata={"description": "the status in words"})
    message = fields.String(required=True, metadata={"description": "what is wrong, as a sentence"})
    errors = fields.Dict(
        keys=fields.String(),
        metadata={
            "description": "by json, query, form or path: what is wrong with which field, nested as"
            " the request is; or a detail of a 409, such as state, id or pending"
        },
    )
    wrong = fields.List(
        fields.Nested(WrongField),
        data_key="fields",
        metadata={
            "description": "with every 422: the same as one flat list, in the words of message;"
            " the first 1000"
        },
    )


class Common(BasePlugin):
    """Adds to each operation what it does not say itself."""

    def operation_helper(self, path: Any = None, operations: Any = None, **kwargs: Any) -> None:
        """What apispec calls with the operations of one path, by their methods."""
        for method, operation in (operations or {}).items():
            _complete(str(path), method, operation)


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    role = operation.get(ROLE)
    if role is not None and method == "post":
        operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
    responses = operation.setdefault("responses", {})
    for code in sorted(_statuses(path, method, operation, role)):
        # flask-smorest names a response of its own for 422.
        if not isinstance(responses.get(code), dict):
            responses[code] = _name(code)
    for code, said in responses.items():
        # An error that an operation describes in its own words.
        if int(code) >= 400 and isinstance(said, dict):
            said["content"] = CONTENT
        elif isinstance(said, dict) and JSON in said.get("content", {}):
            # Programs that make clients take the first one.
            said["content"] = {JSON: said["content"][JSON], **said["content"]}


def _statuses(path: str, method: str, operation: dict[str, Any], role: str | None) -> set[int]:
    """The errors that such an operation may answer."""
    statuses = {431, 500, 503}
    if "{" in path:
        statuses.add(404)
    if role is not None:
        statuses |= {401, 429}
        statuses |= {403} if role != "viewer" else set()
        statuses |= {409} if method != "get" else set()
    if "requestBody" in operation:
        statuses |= {400, 413}
    if role is not None:  # a parameter that it does not know, if nothing else
        statuses.add(422)
    if role is not None and "requestBody" in operation:
        statuses.add(415)
    return statuses


def _name(code: int) -> str:
    """The name of the response among the components."""
    return HTTPStatus(code).phrase.replace(" ", "")


class Api(flask_smorest.Api):  # type: ignore[misc]
    """flask-smorest's, whose document names every status that there is, instead of "default"."""

    ERROR_SCHEMA = Error
    DEFAULT_ERROR_RESPONSE_NAME = None

    def __init__(self, app: Flask) -> None:
        super().__init__(app, spec_kwargs={"extra_plugins": [Common()]})
        for code, (description, headers) in ERRORS.items():
            response = {"description": description, "headers": headers}
            if code != HTTPStatus.REQUEST_URI_TOO_LONG:
                response["content"] = CONTENT
            self.spec.components.response(_name(code), response, lazy=True)
