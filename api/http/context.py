"""What a request handler uses: the container, the clock, the API key, one resource or a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from flask import current_app, g
from flask_smorest import abort

from domain import phones
from domain.application.outreach import Outreach
from domain.errors import InvalidInputError, NotFoundError
from projections.container import Container
from projections.queries import named, pages
from projections.readmodels import devices, segments
from projections.readmodels.segment_conditions import compiled
from projections.records.api_keys import Key

EXTENSION = "sendtrail"
# Takes a connection, and rows of ``pages``; gives them as JSON.
SerializeAll = Callable[[Any, list[Any]], list[dict[str, Any]]]


def container() -> Container:
    """The application's container; 503 for an application that has none."""
    installed = current_app.extensions[EXTENSION]
    if installed is None:
        abort(503, message="this process has no database")
    return cast(Container, installed)


def outreach() -> Outreach:
    """The commands; 503 for an application without a container."""
    return container().outreach


def now() -> datetime:
    """The present instant by the container's clock, aware and in UTC."""
    return container().outreach.clock()


def key() -> Key:
    """The API key that this request came with."""
    return cast(Key, g.key)


def actor() -> str:
    """The actor of this request's events: ``api:<key name>``."""
    return f"api:{key().name}"


def gateways_in_service() -> set[str]:
    """The gateways of the devices that are not retired."""
    with container().database.transaction() as connection:
        return {row.gateway for row in devices.in_service(connection)}


@contextmanager
def within(field: str) -> Iterator[None]:
    """What is wrong in the block is wrong inside ``field`` of the body."""
    try:
        yield
    except InvalidInputError as error:
        raise InvalidInputError(f"{field}.{error.field}", error.expected) from None


def check_device(device_id: UUID | None) -> None:
    """Raises InvalidInputError unless the device exists, or none is named."""
    if device_id is None:
        return
    try:
        outreach().get_device(device_id)
    except NotFoundError:
        raise InvalidInputError("device_id", "the id of a device") from None


def looked_up(query: dict[str, Any]) -> dict[str, Any]:
    """A filter of leads with the id of the lead whose phone it asks for, and with what the segment
    asks that it names. Raises InvalidInputError for a segment that there is not."""
    if "phone" in query:
        phone = phones.parse(query.pop("phone"), container().settings.default_region)
        query["lead_id"] = outreach().lead_id(phone)
    if "segment_id" in query:
        with container().database.transaction() as connection:
            segment = segments.by_id(connection, query.pop("segment_id"))
        if segment is None:
            raise InvalidInputError("segment_id", "the id of a segment")
        query["segment"] = compiled(segment, now(), lead="r")
    return query


def check_pool(data: dict[str, Any]) -> None:
    """Makes a tuple of the list ``device_ids`` of ``data``, if there is one. Raises
    InvalidInputError unless all of them are devices in service."""
    if "device_ids" not in data:
        return
    data["device_ids"] = tuple(data["device_ids"])
    with container().database.transaction() as connection:
        there = {row.device_id for row in devices.in_service(connection)}
    if not there.issuperset(data["device_ids"]):
        raise InvalidInputError("device_ids", "ids of devices that are in service")


def resource(what: str, resource_id: UUID, serialize: Callable[[Any], dict[str, Any]]) -> Any:
    """One resource as it is now, as JSON; ``what`` is a name of ``pages.SOURCES``, and
    ``serialize`` takes its row. Raises NotFoundError."""
    return resource_of(what, resource_id, lambda _, rows: [serialize(row) for row in rows])


def resource_of(what: str, resource_id: UUID, serialize: SerializeAll) -> Any:
    """The same as ``resource``, where what is shown of a row is not all in it."""
    with container().database.reading() as connection:
        return serialize(connection, [pages.one(connection, what, resource_id)])[0]


def page(
    what: str, query: dict[str, Any], serialize: Callable[[Any], dict[str, Any]]
) -> dict[str, Any]:
    """The page that ``query`` asks for, as JSON: ``limit``, ``cursor``, and columns to filter by.
    ``what`` is a name of ``pages.SOURCES``, and ``serialize`` takes one row. Raises
    InvalidInputError for a bad cursor, and for an id of something that there is not."""
    return page_of(what, query, lambda _, rows: [serialize(row) for row in rows])


def check_named(asked: dict[str, Any]) -> None:
    """Raises InvalidInputError for an id, among filters, of something that there is not."""
    with container().database.transaction() as connection:
        named.check(connection, asked)


def page_of(what: str, query: dict[str, Any], serialize: SerializeAll) -> dict[str, Any]:
    """The same as ``page``, where what is shown of a row is not all in it."""
    filters = {k: v for k, v in query.items() if k not in ("limit", "cursor", "order")}
    # A resource's own id among them was looked up: that of somebody with a phone, or nobody's.
    asked = {name: value for name, value in filters.items() if name != f"{what}_id"}
    with container().database.transaction() as connection:
        named.check(connection, asked)
        rows, next_cursor = pages.page(
            connection,
            what,
            limit=query["limit"],
            cursor=query.get("cursor"),
            filters=filters,
            newest_first=query.get("order") == "newest",
        )
        return {"items": serialize(connection, rows), "next_cursor": next_cursor}
