"""Campaigns: the list, one with its progress and who was left out, and holding or ending it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from api.web import asking, forms
from api.web.asking import ApiError
from api.web.rendering import render

blueprint = Blueprint("web_campaigns", __name__)

PAGE = 50
# While its numbers change by themselves.
MOVING = ("pending", "triggering", "triggered")
# What a person may do to a campaign, by its status.
ACTIONS = {
    "pending": ("pause", "cancel"),
    "triggering": ("pause", "cancel"),
    "triggered": ("pause", "cancel"),
    "paused": ("resume", "cancel"),
}


@blueprint.get("/campaigns")
def index() -> str:
    """A page of campaigns."""
    return render("campaigns.html", **asking.listed("/campaigns", PAGE))


@blueprint.get("/campaigns/<uuid:campaign_id>")
def show(campaign_id: UUID) -> str:
    """One campaign."""
    return _page(campaign_id)


@blueprint.get("/campaigns/<uuid:campaign_id>/progress")
def progress(campaign_id: UUID) -> str:
    """The counts alone, to be asked for again and again."""
    report = asking.get(f"/reports/campaigns/{campaign_id}")
    return render("campaign_progress.html", report=report)


@blueprint.post("/campaigns/<uuid:campaign_id>/<any(pause, resume, cancel):action>")
def change(campaign_id: UUID, action: str) -> Response | tuple[str, int]:
    """Holds it, lets it go on, or ends it."""
    forms.need("operator")
    try:
        asking.send("POST", f"/campaigns/{campaign_id}/{action}", once=forms.once_given())
    except ApiError as error:
        return _page(campaign_id, forms.mendable(error)), error.status
    return redirect(url_for("web_campaigns.show", campaign_id=campaign_id), 303)


def _page(campaign_id: UUID, wrong: ApiError | None = None) -> str:
    campaign: dict[str, Any] = asking.get(f"/campaigns/{campaign_id}")
    return render(
        "campaign.html",
        campaign=campaign,
        report=asking.get(f"/reports/campaigns/{campaign_id}"),
        preview=asking.get(f"/campaigns/{campaign_id}/preview"),
        moving=MOVING,
        actions=ACTIONS.get(campaign["status"], ()),
        wrong=wrong,
    )
