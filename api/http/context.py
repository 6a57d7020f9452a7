"""What a request handler has at hand: the container, who asks, and a page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from flask import current_app, g
from flask_smorest import abort

from domain.application.outreach import Outreach
from projections.container import Container
from projections.queries import pages
from projections.records.api_keys import Key

EXTENSION = "sendtrail"


def container() -> Container:
    """The application's container; 503 for an application that has none."""
    found = current_app.extensions[EXTENSION]
    if found is None:
        abort(503, message="this process has no database")
    return cast(Container, found)


def outreach() -> Outreach:
    return container().outreach


def now() -> datetime:
    return container().outreach.clock()


def key() -> Key:
    """The key that this request came with."""
    return cast(Key, g.key)


def actor() -> str:
    """Who this request's events will name."""
    return f"api:{key().name}"


def resource(what: str, resource_id: UUID, present: Callable[[Any], dict[str, Any]]) -> Any:
    """One resource as it is now. Raises NotFoundError."""
    with container().database.transaction() as connection:
        return present(pages.one(connection, what, resource_id))


def page(
    what: str, query: dict[str, Any], present: Callable[[Any], dict[str, Any]]
) -> dict[str, Any]:
    """The page that ``query`` asks for: ``limit``, ``cursor``, and columns to filter by."""
    filters = {k: v for k, v in query.items() if k not in ("limit", "cursor")}
    with container().database.transaction() as connection:
        found, following = pages.page(
            connection, what, limit=query["limit"], cursor=query.get("cursor"), filters=filters
        )
    return {"items": [present(row) for row in found], "next_cursor": following}
