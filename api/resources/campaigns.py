"""/campaigns: one message to every lead that matches at the scheduled instant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec

from api.http import approved_templates
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
from api.schemas.campaigns import Campaign, CampaignChange, NewCampaign, Preview
from api.schemas.fields import Nothing, PageQuery, fill_max_delay, page_of
from domain import campaign, content_check, values
from projections.queries.preview import preview

blueprint = Blueprint("campaigns", __name__, url_prefix="/api/v1/campaigns")


def _show(campaign_id: UUID) -> Any:
    return resource("campaign", campaign_id, serializers.campaign)


def _definition_fields(data: dict[str, Any]) -> dict[str, Any]:
    """``data`` with the types of ``campaign.Definition``: ``scheduled_at`` as an aware datetime,
    ``niche`` as a tuple. ``timezone`` is removed."""
    zone = data.pop("timezone", None)
    if "scheduled_at" in data:
        data["scheduled_at"] = values.parse_instant(data["scheduled_at"], "scheduled_at", zone)
    if "niche" in data:
        data["niche"] = tuple(data["niche"])
    return data


@blueprint.post("")
@blueprint.arguments(NewCampaign)
@blueprint.response(201, Campaign)
def schedule(data: dict[str, Any]) -> Any:
    """Schedule a campaign"""
    fill_max_delay(data, default=0.0)
    definition = campaign.Definition(**_definition_fields(data))
    content_check.check_length("body", definition, gateways_in_service())
    return _show(outreach().schedule_campaign(definition, actor=actor()).id)


@blueprint.get("")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_of(Campaign))
def index(query: dict[str, Any]) -> Any:
    """List campaigns"""
    return page("campaign", query, serializers.campaign)


@blueprint.get("/<uuid:campaign_id>")
@blueprint.response(200, Campaign)
def show(campaign_id: UUID) -> Any:
    """Show a campaign"""
    return _show(campaign_id)


@blueprint.patch("/<uuid:campaign_id>")
@blueprint.arguments(CampaignChange, required=False)
@blueprint.response(200, Campaign)
def revise(data: dict[str, Any], campaign_id: UUID) -> Any:
    """Change a campaign; audience and instant only before it is triggered"""
    fields = _definition_fields(data)
    gateways = gateways_in_service() if "body" in fields else ()

    def change(definition: campaign.Definition) -> campaign.Definition:
        fill_max_delay(fields, default=definition.max_delay_seconds)
        changed = msgspec.structs.replace(definition, **fields)
        content_check.check_length("body", changed, gateways)
        return changed

    outreach().revise_campaign(campaign_id, change, actor=actor())
    return _show(campaign_id)


@blueprint.get("/<uuid:campaign_id>/preview")
@blueprint.response(200, Preview)
def preview_(campaign_id: UUID) -> Any:
    """Who would get it, who would not and why, what it would say, and when the last would leave"""
    written = outreach().get_campaign(campaign_id).definition
    with container().database.transaction() as connection:
        found = preview(connection, campaign_id, now())
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
    blueprint.post(f"/<uuid:campaign_id>/{name}")(
        blueprint.arguments(Nothing, required=False)(answered)
    )


_action("pause", lambda id_: outreach().pause_campaign(id_, actor=actor()), "Hold every message")
_action("resume", lambda id_: outreach().resume_campaign(id_, actor=actor()), "Go on")
_action(
    "cancel",
    lambda id_: outreach().cancel_campaign(id_, actor=actor()),
    "For good; what is pending is cancelled",
)
