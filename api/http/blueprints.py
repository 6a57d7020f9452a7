"""flask-smorest's blueprint with a stricter parser of requests, with routes that say who may use
them, and with lists as CSV."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, Literal

import flask_smorest
from flask import Request, g, request
from flask_smorest import abort
from marshmallow import RAISE, Schema
from webargs.flaskparser import FlaskParser

from api.http import csv_answers, uploads
from domain.foreign_json import is_deep
from projections.records.api_keys import Role

Decorator = Callable[[Any], Any]

# Who may use a route: keys of that role and above, or anybody, without a key.
Access = Role | Literal["anybody"]
# The name of a route's access in the OpenAPI document.
ROLE = "x-role"

# What marks a field of an answer as a secret, in its metadata and in the OpenAPI description: the
# first answer shows it, and a repeated one has null.
SHOWN_ONCE = "x-shown-once"


class Parser(FlaskParser):
    """Refuses what webargs accepts or fails on: unknown query parameters and such as come twice
    (422), bodies that are not declared as JSON (415), and JSON that is nested too deep or has
    numbers that are too long (400)."""

    DEFAULT_VALIDATION_STATUS = 422
    # A misspelt filter must not list everything.
    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": RAISE,
    }

    def load_querystring(self, req: Request, schema: Any) -> Any:
        """The parameters of the request. Of two of one name the first would be read alone."""
        found = super().load_querystring(req, schema)
        again = {
            name: ["Expected once, not several times."]
            for name, values in req.args.lists()
            if len(values) > 1 and name not in found.multiple_keys
        }
        if again:
            abort(422, errors={"query": again})
        return found

    def load_json(self, req: Request, schema: Any) -> Any:
        """The body of the request, decoded."""
        body = uploads.body()
        if body and not req.is_json:
            abort(415, message="expected Content-Type: application/json")
        try:
            if is_deep(body):
                raise ValueError
            json.loads(body or b"null", parse_constant=_refuse)
            return super().load_json(req, schema)
        except ValueError:
            abort(400, message="expected JSON, of ordinary depth and numbers")


def _refuse(constant: str) -> None:
    """Python reads NaN and the infinities, which are not JSON."""
    raise ValueError(constant)


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]
    """What every described resource registers its handlers on."""

    ARGUMENTS_PARSER = Parser()

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Any = None,
        provide_automatic_options: bool | None = None,
        *,
        needs: Access,
        **options: Any,
    ) -> None:
        """Registers a handler, for whom ``needs`` says. ``auth`` enforces it, the OpenAPI document
        shows it. Every route has to say it: ``@blueprint.get("", needs="viewer")``."""
        shown: dict[str, Any] = {"security": []} if needs == "anybody" else {ROLE: needs}
        # What a provider adds to the address of its webhook is the provider's affair.
        is_open = needs == "anybody" or _takes_query(view_func)
        view = self.doc(**shown)(view_func if is_open else _bare(view_func))
        view.needs = needs
        super().add_url_rule(rule, endpoint, view, provide_automatic_options, **options)

    def arguments(self, schema: Any, **options: Any) -> Any:
        """As flask-smorest's decorator, but of a class one schema is made and not one for each
        request: that takes longer than reading a request by it. Reading changes no schema."""
        return super().arguments(schema() if isinstance(schema, type) else schema, **options)

    def response(self, status_code: int, schema: Any = None, **options: Any) -> Any:
        """As flask-smorest's decorator. Which fields of the answer are secrets is noted in
        ``g.shown_once``, for ``api/http/idempotency``. A schema with ``items`` is that of a list,
        which is answered as CSV, too, and described so."""
        decorate: Decorator = super().response(status_code, schema, **options)
        if secrets := _shown_once(schema):
            return _noting(secrets, decorate)
        item = csv_answers.item_of(schema)
        if item is None:
            return decorate
        describe = self.alt_response(
            status_code, schema={"type": "string"}, content_type=csv_answers.CSV, description="OK"
        )
        paths = csv_answers.columns(item)
        return lambda view: describe(csv_answers.listing(decorate(view), paths))


def _takes_query(view: Any) -> bool:
    """Whether a schema says which parameters it takes."""
    described = getattr(view, "_apidoc", {}).get("arguments", {})
    return any(each["in"] == "query" for each in described.get("parameters", ()))


def _bare(view: Callable[..., Any]) -> Callable[..., Any]:
    """The view, which takes no query parameter: any is refused as one that a schema does not have.
    ``?dry_run=true`` where there is no such thing must not do what it says."""

    @wraps(view)
    def refusing(*arguments: Any, **named: Any) -> Any:
        if request.args:
            abort(422, errors={"query": {name: ["Unknown field."] for name in request.args}})
        return view(*arguments, **named)

    return refusing


def _shown_once(schema: Any) -> list[str]:
    """The fields of a schema that are shown once."""
    known = schema().fields if isinstance(schema, type) and issubclass(schema, Schema) else {}
    return [
        field.data_key or name for name, field in known.items() if field.metadata.get(SHOWN_ONCE)
    ]


def _noting(secrets: list[str], decorate: Decorator) -> Decorator:
    def mark(handler: Callable[..., Any]) -> Any:
        @wraps(handler)
        def noting(*arguments: Any, **named: Any) -> Any:
            g.shown_once = secrets
            return handler(*arguments, **named)

        return decorate(noting)

    return mark
