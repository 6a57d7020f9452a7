"""/chatwoot: what agents type in Chatwoot goes to the person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask_smorest import abort

from api.http.blueprints import Blueprint
from api.http.context import container, gateways_in_service, now, outreach
from api.schemas.chatwoot import ChatwootAnswer, ChatwootMessage, ChatwootQuery
from domain import content_check
from domain.content import Content
from projections.outbox import chatwoot

blueprint = Blueprint("chatwoot", __name__, url_prefix="/api/v1/chatwoot")

ACTOR = "webhook:chatwoot"
# What a message of an agent is called, in words and as a number.
FROM_AGENT = ("outgoing", 1)


# Chatwoot has no key: the secret in the URL proves it.
@blueprint.post("/<uuid:subscription_id>", needs="anybody")
@blueprint.arguments(ChatwootQuery, location="query")
@blueprint.arguments(ChatwootMessage)
@blueprint.response(200, ChatwootAnswer)
@blueprint.alt_response(403, description="not the subscription's secret")
@blueprint.alt_response(404, description="a conversation that was not begun from here")
@blueprint.alt_response(
    409, description="nobody may write to the person: errors.state says why; or no device can"
)
def take(query: dict[str, Any], data: dict[str, Any], subscription_id: UUID) -> Any:
    """Send what an agent typed to the person, as one text; the same again sends nothing

    It counts as written by hand.
    """
    at = now()
    with container().database.transaction("command") as connection:
        inbox = chatwoot.proven(connection, subscription_id, query["secret"], container().secrets)
        if inbox is None:
            return abort(403, message="expected the secret of a subscription of the kind chatwoot")
        if not _is_for_the_person(data, inbox):
            return {"message_id": None}
        lead_id = chatwoot.take(
            connection, subscription_id, data["conversation"].get("id", 0), data["id"], at
        )
        if lead_id is None:
            return {"message_id": None}
        with container().database.joined(connection):
            return {"message_id": _write(lead_id, data)}


def _is_for_the_person(data: dict[str, Any], inbox: chatwoot.Inbox) -> bool:
    """Whether it is a new message of an agent, with a text, in this inbox."""
    return (
        data["event"] == "message_created"
        and data["message_type"] in FROM_AGENT
        and not data["private"]
        and bool((data["content"] or "").strip())
        and "id" in data
        and data["account"].get("id") == inbox.account_id
        and data["inbox"].get("id") == inbox.inbox_id
    )


def _write(lead_id: UUID, data: dict[str, Any]) -> UUID:
    # What an agent types is no template: a brace is a brace.
    body = data["content"].strip().replace("{", "\\{").replace("}", "\\}")
    written = Content(body=body)
    content_check.check_length("content", written, gateways_in_service())
    return outreach().answer_by_hand(lead_id, written, f"chatwoot:{data['id']}", actor=ACTOR)
