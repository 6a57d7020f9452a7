"""Lists from their first page to their last, as CSV, for the command line.

The API is asked within this process, so that filters, columns and cells are those of its lists.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple
from urllib.parse import urlencode

from marshmallow import fields, validate
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Response

from api.app import create_app
from api.http.auth import SIGNED_IN
from api.http.csv_answers import CSV
from api.schemas.fields import PageQuery
from api.schemas.leads import LeadQuery
from api.schemas.messages import MessageQuery
from api.schemas.replies import ReplyQuery
from domain.errors import SendtrailError
from projections.container import Container
from projections.records.api_keys import Key

LISTS: Mapping[str, type[PageQuery]] = {
    "leads": LeadQuery,
    "messages": MessageQuery,
    "replies": ReplyQuery,
}
# As many as a page may have.
LIMIT = 500


class Filter(NamedTuple):
    """A filter of a list: its name, whether it takes a truth value, a text or several of them, the
    texts that it may be (empty: any), and what there is to say of it."""

    name: str
    kind: Literal["truth", "text", "texts"]
    choices: Sequence[str]
    help: str


def filters(what: str) -> list[Filter]:
    """The filters of the list ``what``, one of ``LISTS``."""
    return [
        _filter(field.data_key or name, field)
        for name, field in LISTS[what]().fields.items()
        if name not in PageQuery().fields
    ]


def _filter(name: str, field: fields.Field[Any]) -> Filter:
    kind: Literal["truth", "text", "texts"] = "text"
    if isinstance(field, fields.List):
        kind, field = "texts", field.inner
    elif isinstance(field, fields.Boolean):
        kind = "truth"
    choices: Sequence[str] = ()
    for validator in field.validators:
        if isinstance(validator, validate.OneOf):
            choices = [str(choice) for choice in validator.choices]
    return Filter(name, kind, choices, str(field.metadata.get("description", "")))


def whole_list(
    container: Container, what: str, asked: Mapping[str, Any], name: str
) -> Iterator[bytes]:
    """The list ``what`` in pieces of CSV, a page of it in memory at a time; the first begins with
    the header. Nothing is left out or masked.

    ``asked`` are values of its filters, by name. ``name`` is who asks. A page is as of the moment
    when it is read. Raises SendtrailError for a value that a filter does not take.
    """
    app = create_app(container)
    key = Key(name=name, role="admin", created_at=container.outreach.clock())
    cursor: str | None = None
    is_first = True
    while is_first or cursor:
        query = {**asked, "limit": LIMIT} | ({"cursor": cursor} if cursor else {})
        answer = _ask(app, f"/api/v1/{what}", query, key)
        if answer.status_code >= 400:
            raise _refusal(answer)
        text = answer.get_data()
        yield text if is_first else text.partition(b"\r\n")[2]
        cursor, is_first = answer.headers.get("X-Next-Cursor"), False


def _ask(app: Any, path: str, query: Mapping[str, Any], key: Key) -> Response:
    builder = EnvironBuilder(
        path, query_string=urlencode(query, doseq=True), headers=[("Accept", CSV)]
    )
    try:
        environ = builder.get_environ()
    finally:
        builder.close()
    environ[SIGNED_IN] = key
    return Response.from_app(app.wsgi_app, environ, buffered=True)


def _refusal(answer: Response) -> SendtrailError:
    """What the API says: of the first filter that is wrong, or of all."""
    body = json.loads(answer.get_data() or b"{}")
    for of_place in (body.get("errors") or {}).values():
        if isinstance(of_place, dict):
            for name, texts in of_place.items():
                said = " ".join(texts) if isinstance(texts, list) else str(texts)
                return SendtrailError(f"{name}: {said}")
    return SendtrailError(str(body.get("message", "the list was refused")))
