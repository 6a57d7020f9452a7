"""flask-smorest's blueprint with a stricter parser of requests, and with lists as CSV."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

import flask_smorest
from flask import Request
from flask_smorest import abort
from marshmallow import RAISE
from webargs.flaskparser import FlaskParser

from api.http import csv_answers, uploads


class Parser(FlaskParser):
    """Refuses what webargs accepts or fails on: unknown query parameters (422), bodies that are not
    declared as JSON (415), and JSON that is nested too deep or has numbers that are too long
    (400)."""

    DEFAULT_VALIDATION_STATUS = 422
    # A misspelt filter must not list everything.
    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": RAISE,
    }

    def load_json(self, req: Request, schema: Any) -> Any:
        """The body of the request, decoded."""
        body = uploads.body()
        if body and not req.is_json:
            abort(415, message="expected Content-Type: application/json")
        try:
            json.loads(body or b"null", parse_constant=_refuse)
            return super().load_json(req, schema)
        except (RecursionError, ValueError):
            abort(400, message="expected JSON, of ordinary depth and numbers")


def _refuse(constant: str) -> None:
    """Python reads NaN and the infinities, which are not JSON."""
    raise ValueError(constant)


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]
    """What every described resource registers its handlers on."""

    ARGUMENTS_PARSER = Parser()

    def response(self, status_code: int, schema: Any = None, **described: Any) -> Any:
        """As flask-smorest's. A schema with ``items`` is that of a list, which is answered as CSV,
        too, and described so."""
        decorate = super().response(status_code, schema, **described)
        item = csv_answers.item_of(schema)
        if item is None:
            return decorate
        paths = csv_answers.columns(item)
        describe = self.alt_response(
            status_code, schema={"type": "string"}, content_type=csv_answers.CSV, description="OK"
        )

        def listing(view: Callable[..., Any]) -> Callable[..., Any]:
            answered = decorate(view)

            @wraps(answered)
            def answer(*args: Any, **kwargs: Any) -> Any:
                response = answered(*args, **kwargs)
                if csv_answers.is_wanted():
                    response = csv_answers.answer(response, paths)
                response.vary.add("Accept")
                return response

            described_view: Callable[..., Any] = describe(answer)
            return described_view

        return listing
