"""/leads/bulk and /messages/bulk: one wish for all that a filter finds, or for ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask_smorest import abort

from api.http.blueprints import Blueprint
from api.http.context import (
    actor,
    check_device,
    check_named,
    container,
    key,
    looked_up,
    outreach,
    within,
)
from api.schemas.bulk import BulkLeads, BulkMessages, BulkSummary
from api.schemas.leads import SAID_SO as SAID_BY_LEADS
from api.schemas.messages import SAID_SO as SAID_OF_MESSAGES
from domain import lead, values
from domain.application.bulk import Done, LeadWish, MessageWish
from projections.intake import bulk

blueprint = Blueprint("bulk", __name__, url_prefix="/api/v1")


@blueprint.post("/leads/bulk", needs="operator")
@blueprint.arguments(BulkLeads)
@blueprint.response(200, BulkSummary)
def leads(data: dict[str, Any]) -> Any:
    """Change many leads, each by itself; to repeat it changes nothing more. To erase them needs a
    key of role admin"""
    if data["do"] == "erase" and key().role != "admin":
        abort(403, message=f"do: expected a key of role admin to erase; this is {key().role}")
    changes = data.get("set", {})
    with within("set"):
        check_device(changes.get("device_id"))
        lead.profile(**changes)
    if "trigger" in data:
        values.tokens("trigger", [data["trigger"]])
    wish = LeadWish(
        do=data["do"],
        trigger=data.get("trigger", ""),
        evidence=data.get("evidence", SAID_BY_LEADS),
        changes=changes,
    )

    def change(ids: Sequence[UUID]) -> Done:
        return outreach().change_leads(ids, wish, dry_run=data["dry_run"], actor=actor())

    if "ids" in data:
        return bulk.change_listed(data["ids"], change)
    with within("filter"):
        check_named(data["filter"])
        wanted = looked_up(data["filter"])
    return bulk.change_found(container().database, "lead", wanted, change)


@blueprint.post("/messages/bulk", needs="operator")
@blueprint.arguments(BulkMessages)
@blueprint.response(200, BulkSummary)
def messages(data: dict[str, Any]) -> Any:
    """Retry, cancel or resolve many messages, each by itself; to repeat it changes nothing more"""
    wish = MessageWish(
        do=data["do"],
        resolution=data.get("resolution", "sent"),
        reason=data.get("reason", SAID_OF_MESSAGES),
    )

    def change(ids: Sequence[UUID]) -> Done:
        return outreach().change_messages(ids, wish, dry_run=data["dry_run"], actor=actor())

    if "ids" in data:
        return bulk.change_listed(data["ids"], change)
    with within("filter"):
        check_named(data["filter"])
    return bulk.change_found(container().database, "message", data["filter"], change)
