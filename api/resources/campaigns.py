"""/campaigns: one message to every lead that matches at the scheduled instant."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

import msgspec

from api.http import approved_templates
from api.http.blueprints import Blueprint
from api.http.context import (
    actor,
    check_pool,
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
)
from api.schemas.fields import Nothing, fill_max_delay, page_of
from domain import content_check, values
from domain.campaign.definition import BRAKE, Brake, Definition, earliest
from domain.campaign.variants import Variant, texts
from projections.queries.preview import preview

blueprint = Blueprint("campaigns", __name__, url_prefix="/api/v1/campaigns")


# The time zone of a campaign that everybody gets at the same time of the own clock.
RECIPIENT = "recipient"


def _show(campaign_id: UUID) -> Any:
    return resource("campaign", campaign_id, serializers.campaign)


def _checked(data: dict[str, Any]) -> dict[str, Any]:
    """``data`` with tuples for lists, as ``Definition`` has them. Raises InvalidInputError for
    devices that are not in service."""
    check_pool(data)
    if data.get("brake") is not None:
        data["brake"] = Brake(**data["brake"])
    if "variants" in data:
        data["variants"] = tuple(Variant(**each) for each in data["variants"])
        if data["variants"]:
            data.setdefault("body", data["variants"][0].body)
    return data | {name: tuple(data[name]) for name in ("windows", "niche") if name in data}


def _check_length(definition: Definition, gateways: Iterable[str]) -> None:
    """Raises InvalidInputError for a text that is too long for every gateway."""
    gateways = list(gateways)
    for number, written in enumerate(texts(definition, definition.variants), start=1):
        field = f"variants[{number}].body" if definition.variants else "body"
        content_check.check_length(field, written, gateways)


def _instant(data: dict[str, Any], present: Definition | None = None) -> dict[str, Any]:
    """The fields of ``Definition`` that say when it is, from ``data`` and, for what is not given,
    from the ``present`` definition. A local time of recipients is no zone; it stays one where
    another time is given alone, and is that time in another zone where one is given alone."""
    own = None if present is None else present.timezone
    local = None if present is None else present.local_time
    zone = data.get("timezone", RECIPIENT if local else own)
    if zone == RECIPIENT and not data.keys() & {"timezone", "scheduled_at"}:
        return {}
    if present is None and "scheduled_at" not in data and zone != RECIPIENT:
        return {"timezone": zone}
    if zone == RECIPIENT:
        at = values.parse_local(data.get("scheduled_at", local or ""), "scheduled_at")
        local = at.isoformat(timespec="minutes")
        return {"timezone": None, "local_time": local, "scheduled_at": earliest(at)}
    said = data.get("scheduled_at", local if "timezone" in data else None)
    if said is None:
        return {"timezone": zone}
    found = values.parse_instant(said, "scheduled_at", zone)
    return {"timezone": zone, "local_time": None, "scheduled_at": found}


@blueprint.post("", needs="operator")
@blueprint.arguments(NewCampaign)
@blueprint.response(201, Campaign)
def schedule(data: dict[str, Any]) -> Any:
    """Schedule a campaign, or keep a draft of one"""
    keep = outreach().draft_campaign if data.pop("draft") else outreach().schedule_campaign
    data.setdefault("undo_seconds", container().settings.undo_seconds)
    data.setdefault("brake", msgspec.structs.asdict(BRAKE))
    fill_max_delay(data, default=0.0)
    definition = Definition(**_checked(data) | _instant(data))
    _check_length(definition, gateways_in_service())
    return _show(keep(definition, actor=actor()).id)


@blueprint.post("/<uuid:campaign_id>/schedule", needs="operator")
@blueprint.arguments(CampaignTime, required=False)
@blueprint.response(200, Campaign)
def schedule_draft(data: dict[str, Any], campaign_id: UUID) -> Any:
    """Plan a draft, for its own time or for the one that is given"""

    def change(definition: Definition) -> Definition:
        changed = msgspec.structs.replace(definition, **_instant(data, definition))
        _check_length(changed, gateways_in_service())
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
    """Change a campaign; audience, devices and instant only before it is triggered"""
    data = _checked(data)
    gateways = gateways_in_service() if data.keys() & {"body", "variants"} else ()

    def change(definition: Definition) -> Definition:
        fields = data | _instant(data, definition)
        fill_max_delay(fields, default=definition.max_delay_seconds)
        changed = msgspec.structs.replace(definition, **fields)
        _check_length(changed, gateways)
        return changed

    outreach().revise_campaign(campaign_id, change, actor=actor())
    return _show(campaign_id)


@blueprint.get("/<uuid:campaign_id>/preview", needs="viewer")
@blueprint.response(200, Preview)
def preview_(campaign_id: UUID) -> Any:
    """Who gets it, who does not and why, what it says, and when the last leaves"""
    written = outreach().get_campaign(campaign_id).definition
    with container().database.transaction() as connection:
        found = preview(connection, campaign_id, now(), outreach().house)
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


_action(
    "approve",
    lambda id_: outreach().approve_campaign(id_, actor=actor()),
    "Say that exactly this may go out; not by who wrote it or changed it last",
)
_action("pause", lambda id_: outreach().pause_campaign(id_, actor=actor()), "Hold every message")
_action("resume", lambda id_: outreach().resume_campaign(id_, actor=actor()), "Go on")
_action(
    "cancel",
    lambda id_: outreach().cancel_campaign(id_, actor=actor()),
    "For good; what is pending is cancelled",
)
