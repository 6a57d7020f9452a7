"""/campaigns: one message to every lead that matches at the scheduled instant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec

from api.http import approved_templates, definitions
from api.http.blueprints import Blueprint
from api.http.context import (
    actor,
    container,
    gateways_in_service,
    now,
    outreach,
    page,
    resource,
)
from api.schemas import serializers
from api.schemas.campaigns import (
    Campaign,
    CampaignChange,
    CampaignQuery,
    CampaignTime,
    CopyOfCampaign,
    NewCampaign,
    Preview,
    PreviewQuery,
)
from api.schemas.fields import Nothing, Seen, fill_max_delay, page_of
from domain.campaign.definition import Definition
from domain.campaign.given import times
from projections.queries.preview import preview

blueprint = Blueprint("campaigns", __name__, url_prefix="/api/v1/campaigns")


def _show(campaign_id: UUID) -> Any:
    return resource("campaign", campaign_id, serializers.campaign)


@blueprint.post("", needs="operator")
@blueprint.arguments(NewCampaign)
@blueprint.response(201, Campaign)
def schedule(data: dict[str, Any]) -> Any:
    """Schedule a campaign, or keep a draft of one"""
    keep = outreach().draft_campaign if data.pop("draft") else outreach().schedule_campaign
    return _show(keep(definitions.new(data), actor=actor()).id)


@blueprint.post("/<uuid:campaign_id>/schedule", needs="operator")
@blueprint.arguments(CampaignTime, required=False)
@blueprint.response(200, Campaign)
def schedule_draft(data: dict[str, Any], campaign_id: UUID) -> Any:
    """Plan a draft, for its own time or for the one that is given"""

    def change(definition: Definition) -> Definition:
        changed = msgspec.structs.replace(definition, **times(data, definition))
        definitions.check_length(changed, gateways_in_service())
        return changed

    outreach().schedule_draft(campaign_id, change, actor=actor())
    return _show(campaign_id)


@blueprint.post("/<uuid:campaign_id>/copy", needs="operator")
@blueprint.arguments(CopyOfCampaign, required=False)
@blueprint.response(201, Campaign)
def copy(data: dict[str, Any], campaign_id: UUID) -> Any:
    """Copy a campaign of any status, as a draft without a time"""
    return _show(outreach().copy_campaign(campaign_id, **data, actor=actor()).id)


@blueprint.get("", needs="viewer")
@blueprint.arguments(CampaignQuery, location="query")
@blueprint.response(200, page_of(Campaign))
def index(query: dict[str, Any]) -> Any:
    """List campaigns"""
    return page("campaign", query, serializers.campaign)


@blueprint.get("/<uuid:campaign_id>", needs="viewer")
@blueprint.response(200, Campaign)
def show(campaign_id: UUID) -> Any:
    """Show a campaign"""
    return _show(campaign_id)


@blueprint.patch("/<uuid:campaign_id>", needs="operator")
@blueprint.arguments(CampaignChange, required=False)
@blueprint.response(200, Campaign)
def revise(data: dict[str, Any], campaign_id: UUID) -> Any:
    """Change a campaign; audience, devices and instant only before it is triggered

    Under four eyes, naming the segment again takes over what became of it meanwhile, unless the
    campaign is approved.
    """
    seen = data.pop("version", None)
    data = definitions.checked(data)
    gateways = gateways_in_service() if data.keys() & {"body", "variants"} else ()

    def change(definition: Definition) -> Definition:
        fields = data | times(data, definition)
        fill_max_delay(fields, default=definition.max_delay_seconds)
        anew = {"segment": None} if "segment_id" in data else {}
        changed = msgspec.structs.replace(definition, **fields, **anew)
        definitions.check_length(changed, gateways)
        return changed

    outreach().revise_campaign(campaign_id, change, seen=seen, actor=actor())
    return _show(campaign_id)


@blueprint.get("/<uuid:campaign_id>/preview", needs="viewer")
@blueprint.arguments(PreviewQuery, location="query")
@blueprint.response(200, Preview)
def preview_(query: dict[str, Any], campaign_id: UUID) -> Any:
    """Who gets it, who does not and why, what it says, and when the last leaves"""
    written = outreach().get_campaign(campaign_id).definition
    with container().database.transaction() as connection:
        found = preview(connection, campaign_id, now(), outreach().house, **query)
    # Outside the transaction: a provider may be slow.
    warnings = [*found.warnings, *approved_templates.warnings(found, written)]
    return msgspec.structs.replace(found, warnings=warnings)


def _action(name: str, command: Callable[[UUID], object], summary: str) -> None:
    """Registers ``POST /campaigns/{id}/<name>``, which calls ``command`` and shows the campaign."""

    def act(_: dict[str, Any], campaign_id: UUID) -> Any:
        command(campaign_id)
        return _show(campaign_id)

    act.__name__ = name
    act.__doc__ = summary
    answered = blueprint.response(200, Campaign)(act)
    blueprint.post(f"/<uuid:campaign_id>/{name}", needs="operator")(
        blueprint.arguments(Nothing, required=False)(answered)
    )


@blueprint.post("/<uuid:campaign_id>/approve", needs="operator")
@blueprint.arguments(Seen, required=False)
@blueprint.response(200, Campaign)
def approve(data: dict[str, Any], campaign_id: UUID) -> Any:
    """Say that exactly this may go out; not by who wrote it or changed it last"""
    outreach().approve_campaign(campaign_id, seen=data.get("version"), actor=actor())
    return _show(campaign_id)


_action("pause", lambda id_: outreach().pause_campaign(id_, actor=actor()), "Hold every message")
_action("resume", lambda id_: outreach().resume_campaign(id_, actor=actor()), "Go on")
_action(
    "cancel",
    lambda id_: outreach().cancel_campaign(id_, actor=actor()),
    "For good; what is pending is cancelled",
)
