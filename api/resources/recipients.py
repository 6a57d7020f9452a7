"""/campaigns/{id}/recipients: who got a campaign, and who was left out."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.http.blueprints import Blueprint
from api.http.context import container, now, outreach, page
from api.schemas.fields import page_of
from api.schemas.recipients import Recipient, RecipientQuery
from domain.errors import InvalidInputError
from projections.queries import left_out, pages

blueprint = Blueprint("recipients", __name__, url_prefix="/api/v1/campaigns")

_OF_MESSAGE = ("status", "message_id", "device_id", "sent_at", "reason")


@blueprint.get("/<uuid:campaign_id>/recipients", needs="viewer")
@blueprint.arguments(RecipientQuery, location="query")
@blueprint.response(200, page_of(Recipient))
def index(query: dict[str, Any], campaign_id: UUID) -> Any:
    """Who has a message of it, with what became of that; or who was left out, and why

    Who is left out is found by the rule that the campaigner uses, as of now: those who match, and
    have no message. A page of these may have few items, or none, and others after it.
    """
    state = outreach().get_campaign(campaign_id)
    reason, most = query.pop("excluded", None), query.pop("most", None)
    if reason is None:
        return page("recipient", {**query, "campaign_id": campaign_id}, _recipient)
    if "status" in query:
        raise InvalidInputError("excluded", "either this or status")
    cursor = query.get("cursor")
    after = pages.decode_cursor(cursor) if cursor else None
    with container().database.transaction() as connection:
        found = left_out.page(connection, state, reason, after, query["limit"], now(), most)
    return {
        "items": [_excluded(row, reason) for row in found.leads],
        "next_cursor": None if found.after is None else pages.encode_cursor(found.after),
    }


def _recipient(row: Any) -> dict[str, Any]:
    of_message = {name: getattr(row, name) for name in _OF_MESSAGE}
    return {**_person(row), **of_message, "excluded": None}


def _excluded(row: Any, reason: str) -> dict[str, Any]:
    return {**_person(row), **dict.fromkeys(_OF_MESSAGE), "excluded": reason}


def _person(row: Any) -> dict[str, Any]:
    return {"lead_id": row.lead_id, "phone": row.phone, "name": row.name}
