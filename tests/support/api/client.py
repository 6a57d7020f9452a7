"""An HTTP client of the application, with or without a key."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import Flask
from werkzeug.test import TestResponse

BASE = "/api/v1"
JSON = "application/json"
# What a server that streams says of a body whose length the client does not say.
CHUNKED = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}


class Answer(NamedTuple):
    status: int
    json: Any


class Client:
    """Asks for paths below ``/api/v1`` with its key, and gives status and JSON."""

    def __init__(self, app: Flask, key: str | None = None) -> None:
        self.app = app
        self.key = key

    def get(self, path: str, **query: Any) -> Answer:
        return self.json("GET", path, query_string=query)

    def post(self, path: str, body: Any = None, *, idempotency_key: str | None = None) -> Answer:
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        given = {} if body is None else {"json": body}
        return self.json("POST", path, headers=headers, **given)

    def patch(self, path: str, body: Any) -> Answer:
        return self.json("PATCH", path, json=body)

    def csv(self, text: str | bytes, **headers: str) -> Answer:
        """Imports ``text``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.json("POST", "/leads/import", data=text, content_type="text/csv", headers=named)

    def json(self, method: str, path: str, **options: Any) -> Answer:
        response = self.open(method, path, **options)
        return Answer(response.status_code, response.get_json())

    def open(self, method: str, path: str, **options: Any) -> TestResponse:
        """The whole response, with its headers."""
        headers = dict(options.pop("headers", {}))
        if self.key is not None:
            headers.setdefault("Authorization", f"Bearer {self.key}")
        return self.app.test_client().open(BASE + path, method=method, headers=headers, **options)

    def create(self, path: str, body: Any) -> Any:
        """The resource that this POST makes."""
        status, made = self.post(path, body)
        assert status == 201, made
        return made

    def items(self, path: str, **query: Any) -> list[Any]:
        """What one page lists."""
        status, page = self.get(path, **query)
        assert status == 200, page
        found: list[Any] = page["items"]
        return found


def fields(answer: Answer) -> list[str]:
    """The fields that a 422 names, each by its own name and not by what is inside it; of another
    answer its status."""
    if answer.status != 422:
        return [f"status {answer.status}"]
    errors = answer.json["errors"]
    named = [name for place in ("json", "query") for name in errors.get(place, {})]
    return sorted({name.partition(".")[0].partition("[")[0] for name in named})
