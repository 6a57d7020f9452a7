"""/messages: what is sent to whom, and what became of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.http.blueprints import Blueprint
from api.http.context import actor, outreach, page, resource
from api.schemas import serializers
from api.schemas.fields import Nothing, page_of
from api.schemas.messages import Message, MessageQuery, NewResolution

blueprint = Blueprint("messages", __name__, url_prefix="/api/v1/messages")


def _show(message_id: UUID) -> Any:
    return resource("message", message_id, serializers.message)


@blueprint.get("")
@blueprint.arguments(MessageQuery, location="query")
@blueprint.response(200, page_of(Message))
def index(query: dict[str, Any]) -> Any:
    """List messages"""
    return page("message", query, serializers.message)


@blueprint.get("/<uuid:message_id>")
@blueprint.response(200, Message)
def show(message_id: UUID) -> Any:
    """Show a message"""
    return _show(message_id)


@blueprint.post("/<uuid:message_id>/retry")
@blueprint.arguments(Nothing, required=False)
@blueprint.response(200, Message)
def retry(_: dict[str, Any], message_id: UUID) -> Any:
    """Send a failed message again"""
    outreach().retry_message(message_id, actor=actor())
    return _show(message_id)


@blueprint.post("/<uuid:message_id>/cancel")
@blueprint.arguments(Nothing, required=False)
@blueprint.response(200, Message)
def cancel(_: dict[str, Any], message_id: UUID) -> Any:
    """Do not send it; possible until it is dispatched"""
    outreach().cancel_message(message_id, actor=actor())
    return _show(message_id)


@blueprint.post("/<uuid:message_id>/resolve")
@blueprint.arguments(NewResolution)
@blueprint.response(200, Message)
def resolve(data: dict[str, Any], message_id: UUID) -> Any:
    """Say what became of a message whose outcome is unknown"""
    outreach().resolve_message(message_id, data["resolution"], data["reason"], actor=actor())
    return _show(message_id)
