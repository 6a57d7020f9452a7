"""Campaigns: the list, one with its progress and who was left out, and holding or ending it."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any, get_args
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from api.http.context import container, now
from api.web import asking, forms, later, texts
from api.web.asking import ApiError
from api.web.composing import CHANGEABLE
from api.web.rendering import offer, render
from domain.audience import Exclusion
from domain.message import STATUSES

blueprint = Blueprint("web_campaigns", __name__)

PAGE = 50
# People that are looked at before the page of who was left out is shown.
LEFT_OUT = 500
# While its numbers change by themselves.
MOVING = ("pending", "triggering", "triggered")
# What a person may do to a campaign, by its status.
ACTIONS = {
    "draft": ("cancel",),
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
    """The counts, and what somebody may do now, to be asked for again and again."""
    campaign = asking.get(f"/campaigns/{campaign_id}")
    report = asking.get(f"/reports/campaigns/{campaign_id}", variants="false")
    return render("campaign_live.html", campaign=campaign, report=report, **_now(campaign))


@blueprint.get("/campaigns/<uuid:campaign_id>/recipients")
def recipients(campaign_id: UUID) -> str:
    """Who has a message of it, or was left out for the reason in the address."""
    most = later.most(LEFT_OUT) if request.args.get("excluded") else None
    found = asking.listed(f"/campaigns/{campaign_id}/recipients", PAGE, most=most)
    return later.render_part(
        "campaign_recipients.html",
        "campaign_recipients_found.html",
        campaign=asking.get(f"/campaigns/{campaign_id}"),
        statuses=[(each, texts.word(each)) for each in STATUSES],
        reasons=[(each, texts.word(each)) for each in get_args(Exclusion)],
        wanted=request.args.get("excluded", ""),
        is_part=most is not None and len(found["items"]) < PAGE and bool(found["next_cursor"]),
        **found,
    )


@blueprint.post("/campaigns/<uuid:campaign_id>/<any(pause, resume, cancel, approve):action>")
def change(campaign_id: UUID, action: str) -> Response | tuple[str, int]:
    """Holds it, lets it go on, ends it, or says that it may go out."""
    forms.need("operator")
    try:
        body = forms.seen() if action == "approve" else None
        asking.send("POST", f"/campaigns/{campaign_id}/{action}", body, forms.once_given())
    except ApiError as error:
        return _page(campaign_id, forms.mendable(error)), error.status
    return redirect(url_for("web_campaigns.show", campaign_id=campaign_id), 303)


def _page(campaign_id: UUID, wrong: ApiError | None = None) -> str:
    campaign: dict[str, Any] = asking.get(f"/campaigns/{campaign_id}")
    preview = later.foreseen(campaign_id)
    # Texts are compared message by message, too.
    variants = "true" if preview["whole"] else "false"
    return later.render_part(
        "campaign.html",
        "campaign_foreseen.html",
        campaign=campaign,
        report=asking.get(f"/reports/campaigns/{campaign_id}", variants=variants),
        preview=preview,
        moving=MOVING,
        may_edit=campaign["status"] in CHANGEABLE,
        wrong=wrong,
        **_now(campaign),
    )


def _now(campaign: dict[str, Any]) -> dict[str, Any]:
    """What somebody has to know or may do now."""
    return {
        "actions": ACTIONS.get(campaign["status"], ()),
        "awaits_approval": _awaits_approval(campaign),
        "may_approve": _may_approve(campaign),
        "undo_until": _undo_until(campaign),
        "undo_left": _undo_left(campaign),
    }


def _may_approve(campaign: dict[str, Any]) -> bool:
    """Whether who is signed in may say that it may go out: not who wrote it, or changed it last."""
    writers = (campaign["made_by"], campaign["changed_by"])
    return _awaits_approval(campaign) and forms.may("operator") and forms.actor() not in writers


def _awaits_approval(campaign: dict[str, Any]) -> bool:
    """Whether somebody else has to say that it may go out; a draft will have to be approved."""
    if campaign["status"] == "draft":
        return container().settings.house.four_eyes and campaign["approved"] is None
    return bool(campaign["awaits_approval"])


def _undo_until(campaign: dict[str, Any]) -> str | None:
    """Until when it can be called back whole, while it can."""
    until: str | None = campaign["undo_until"]
    over = campaign["status"] not in MOVING or until is None
    return None if over or datetime.fromisoformat(until or "") <= now() else until


def _undo_left(campaign: dict[str, Any]) -> int:
    """For how many seconds from now on."""
    until = _undo_until(campaign)
    left = timedelta() if until is None else datetime.fromisoformat(until) - now()
    return math.ceil(left.total_seconds())


def _ahead(variants: list[dict[str, Any]]) -> str | None:
    """The name of the variant that is replied to more than all others, where that is hardly chance:
    its interval is above theirs."""
    known = [each for each in variants if each["interval"]]
    if len(known) < len(variants):
        return None
    first, *others = sorted(known, key=lambda each: each["interval"][0], reverse=True)
    above = all(each["interval"][1] < first["interval"][0] for each in others)
    return first["name"] if above else None


offer(ahead=_ahead)
