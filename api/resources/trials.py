"""Tests: one message that a person sends to a phone of their choice, through a device or of a
campaign."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.http import trials
from api.http.blueprints import Blueprint
from api.http.context import container, outreach
from api.schemas.trials import CampaignTest, DeviceTest, TestResult
from domain import content, phones
from domain.campaign import definition as campaign_definition
from domain.campaign import variants
from domain.content import Content

blueprint = Blueprint("tests", __name__, url_prefix="/api/v1")

REFUSED = (
    "errors.state: opted_out, suppressed or erased if the phone is such a person's; throttled if"
    " the device may not send for some seconds, until errors.until"
)


def _phone(data: dict[str, Any]) -> str:
    country = data.get("country") or container().settings.default_region
    return phones.parse(data["to"], country, "to")


@blueprint.post("/devices/<uuid:device_id>/test", needs="operator")
@blueprint.arguments(DeviceTest)
@blueprint.response(200, TestResult)
@blueprint.alt_response(409, description=REFUSED)
def of_device(data: dict[str, Any], device_id: UUID) -> Any:
    """Send one message through a device now, outside the queue, and say what became of it"""
    written = content.checked(Content(body=data["body"]))
    person = trials.person(data.get("lead_id"))
    return trials.run(device_id, _phone(data), written, person)


@blueprint.post("/campaigns/<uuid:campaign_id>/test", needs="operator")
@blueprint.arguments(CampaignTest)
@blueprint.response(200, TestResult)
@blueprint.alt_response(409, description=REFUSED)
def of_campaign(data: dict[str, Any], campaign_id: UUID) -> Any:
    """Send a campaign's text to a phone of your choice now, as a lead would get it"""
    written = outreach().get_campaign(campaign_id).definition
    phone, person = _phone(data), trials.person(data["lead_id"])
    wanted = data.get("device_id")
    device_id = outreach().device_for(data["lead_id"], wanted, written.device_ids)
    # What that lead would get; of one that is held out, the first text.
    groups = campaign_definition.groups(campaign_id, written)
    text = groups.content(data["lead_id"]) or variants.texts(written, written.variants)[0]
    return trials.run(device_id, phone, text, person, campaign_id)
