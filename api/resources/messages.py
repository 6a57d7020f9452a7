"""/messages: what is sent to whom, and what became of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.http.blueprints import Blueprint
from api.http.context import actor, container, now, outreach, page_of, resource_of
from api.schemas import serializers
from api.schemas.fields import Nothing
from api.schemas.fields import page_of as schema_of_page
from api.schemas.messages import Message, MessageQuery, NewResolution
from projections.queries import waiting

blueprint = Blueprint("messages", __name__, url_prefix="/api/v1/messages")


def _show(message_id: UUID) -> Any:
    return resource_of("message", message_id, _serialized)


def _serialized(connection: Any, rows: list[Any]) -> list[dict[str, Any]]:
    """Rows of messages, each with what it waits for."""
    waits = waiting.of_rows(connection, container().settings, rows, now())
    return [serializers.message(row, waits.get(row.message_id)) for row in rows]


@blueprint.get("", needs="viewer")
@blueprint.arguments(MessageQuery, location="query")
@blueprint.response(200, schema_of_page(Message))
def index(query: dict[str, Any]) -> Any:
    """List messages"""
    return page_of("message", query, _serialized)


@blueprint.get("/<uuid:message_id>", needs="viewer")
@blueprint.response(200, Message)
def show(message_id: UUID) -> Any:
    """Show a message"""
    return _show(message_id)


@blueprint.post("/<uuid:message_id>/retry", needs="operator")
@blueprint.arguments(Nothing, required=False)
@blueprint.response(200, Message)
def retry(_: dict[str, Any], message_id: UUID) -> Any:
    """Send a failed message again"""
    outreach().retry_message(message_id, actor=actor())
    return _show(message_id)


@blueprint.post("/<uuid:message_id>/cancel", needs="operator")
@blueprint.arguments(Nothing, required=False)
@blueprint.response(200, Message)
def cancel(_: dict[str, Any], message_id: UUID) -> Any:
    """Do not send it; possible until it is dispatched"""
    outreach().cancel_message(message_id, actor=actor())
    return _show(message_id)


@blueprint.post("/<uuid:message_id>/resolve", needs="operator")
@blueprint.arguments(NewResolution)
@blueprint.response(200, Message)
def resolve(data: dict[str, Any], message_id: UUID) -> Any:
    """Say what became of a message whose outcome is unknown"""
    outreach().resolve_message(message_id, data["resolution"], data["reason"], actor=actor())
    return _show(message_id)
