"""flask-smorest's blueprint with a stricter reader of bodies."""

from __future__ import annotations

import json
from typing import Any

import flask_smorest
from flask import Request
from flask_smorest import abort
from marshmallow import RAISE
from webargs.flaskparser import FlaskParser

from api.http import uploads


class Parser(FlaskParser):
    """Bodies that are JSON but cannot be held (nested too deep, numbers too long) are bad requests,
    and so is anything that says it is not JSON."""

    DEFAULT_VALIDATION_STATUS = 422
    # A misspelt filter must not answer with everything.
    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": RAISE,
    }

    def load_json(self, req: Request, schema: Any) -> Any:
        body = uploads.body()
        if body and not req.is_json:
            abort(415, message="expected Content-Type: application/json")
        try:
            json.loads(body or b"null", parse_constant=_refuse)
            return super().load_json(req, schema)
        except (RecursionError, ValueError):
            abort(400, message="expected JSON, of ordinary depth and numbers")


def _refuse(constant: str) -> None:
    """NaN and the infinities are no JSON, though Python reads them."""
    raise ValueError(constant)


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]
    ARGUMENTS_PARSER = Parser()
