"""Composing a campaign: the form, which keeps a draft; whom it would reach and when it would end;
a test to a phone; and planning it, with the number of people.

While somebody writes, scripts send the form to ``look``, which keeps a draft and answers the part
of the page about its people. Without scripts a button does the same. What is planned already is
changed by its button alone.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, after_this_request, redirect, request, url_for

from api.http.context import now
from api.web import asking, composed, forms
from api.web.asking import ApiError
from api.web.composed import NEW
from api.web.forms import Answer
from api.web.later import foreseen, render_part
from api.web.rendering import offer, render
from api.web.zones import zone

blueprint = Blueprint("web_composing", __name__)

# Statuses in which all of a campaign may be changed, and in which its texts may.
WHOLE = ("draft", "pending")
CHANGEABLE = (*WHOLE, "triggering", "triggered", "paused")
# What a button of the form says beside keeping.
PLAN = "plan"
# More people than this are typed by whoever plans a campaign for them.
TYPED_ABOVE = 1000
# A time that is over for longer is asked about.
PAST = timedelta(hours=1)
# Some more people than were shown may have come meanwhile: this share of them, and so many.
_MORE, _FEW = 0.1, 10
# How many devices and segments a choice offers.
MOST = 500


@blueprint.get("/campaigns/new")
def new() -> str:
    """The form, with the niche and the segment in the address."""
    forms.need("operator")
    asked = {name: request.args[name] for name in ("niche", "segment_id") if name in request.args}
    return _form(None, NEW | asked)


@blueprint.post("/campaigns/new")
def make() -> str | Answer:
    """Keeps what was written as a draft."""
    return _sent(None)


@blueprint.get("/campaigns/<uuid:campaign_id>/edit")
def edit(campaign_id: UUID) -> str:
    """The form with what the campaign says, and whom it would reach."""
    forms.need("operator")
    campaign = _changeable(campaign_id)
    return _form(campaign, composed.of_campaign(campaign))


@blueprint.post("/campaigns/<uuid:campaign_id>/edit")
def change(campaign_id: UUID) -> str | Answer:
    """Keeps what was written."""
    return _sent(campaign_id)


@blueprint.post("/campaigns/look")
def look() -> str:
    """Keeps a draft of what is written so far, and answers whom it would reach. What cannot be kept
    is told."""
    forms.need("operator")
    present = _present(None)
    try:
        campaign = _kept(present)
    except ApiError as error:
        wrong = _refused(error, present)
        _form(None, composed.of_form(), wrong)  # which says what its fields are called
        return render("campaign_look.html", wrong=wrong, alone=False, **_nothing_seen())
    _tell(campaign)
    return render("campaign_look.html", wrong=None, alone=False, **_seen(campaign))


@blueprint.post("/campaigns/<uuid:campaign_id>/trial")
def trial(campaign_id: UUID) -> str | Answer:
    """Sends what was kept to one phone."""
    forms.need("operator")
    body = {"to": forms.text("to"), "lead_id": forms.text("lead_id")}
    body |= {name: forms.text(name) for name in ("device_id", "country") if forms.text(name)}
    campaign = _changeable(campaign_id)
    try:
        result = asking.send("POST", f"/campaigns/{campaign_id}/test", body, forms.once_given())
    except ApiError as error:
        wrong = forms.mendable(error)
        return _form(campaign, composed.of_campaign(campaign), unsent=wrong), error.status
    campaign = _changeable(campaign_id)  # the test has made it another version
    return _form(campaign, composed.of_campaign(campaign), result=result)


@blueprint.get("/campaigns/<uuid:campaign_id>/plan")
def confirm(campaign_id: UUID) -> str:
    """What planning a draft means: for how many, who is first, and when it ends."""
    forms.need("operator")
    return _plan(asking.get(f"/campaigns/{campaign_id}"))


@blueprint.post("/campaigns/<uuid:campaign_id>/plan")
def plan(campaign_id: UUID) -> str | Answer:
    """Plans it, for its own time or for now, where the number of people is the one that was
    confirmed."""
    forms.need("operator")
    campaign = asking.get(f"/campaigns/{campaign_id}")
    if campaign["status"] != "draft":  # somebody went back, or has another tab
        return _plan(campaign), 409
    people = asking.get(f"/campaigns/{campaign_id}/preview")["audience"]
    shown = int(forms.text("people")) if forms.text("people").isdecimal() else 0
    typed = "".join(filter(str.isdecimal, forms.text("typed")))
    if people > shown * (1 + _MORE) + _FEW or people > TYPED_ABOVE >= shown:
        return _plan(campaign, ApiError(409, {"message": _grown(people)})), 409
    if shown > TYPED_ABOVE and typed != str(shown):
        message = f"typed: expected {shown}, the number of people"
        return _plan(campaign, ApiError(422, {"message": message})), 422
    if _is_past(campaign) and "past" not in request.form:
        wrong = {"message": "past: expected a tick, or another time"}
        return _plan(campaign, ApiError(422, wrong)), 422
    body = {} if campaign["scheduled_at"] else {"scheduled_at": now().isoformat()}
    try:
        asking.send("POST", f"/campaigns/{campaign_id}/schedule", body, forms.once_given())
    except ApiError as error:
        wrong_now = forms.mendable(error)
        return _plan(asking.get(f"/campaigns/{campaign_id}"), wrong_now), error.status
    return redirect(url_for("web_campaigns.show", campaign_id=campaign_id), 303)


@blueprint.post("/campaigns/<uuid:campaign_id>/copy")
def copy(campaign_id: UUID) -> Answer:
    """Makes a draft of it, and goes on to write there."""
    forms.need("operator")
    made = asking.send("POST", f"/campaigns/{campaign_id}/copy", {}, forms.once_given())
    return redirect(url_for(".edit", campaign_id=made["id"]), 303)


def _refused(error: ApiError, present: dict[str, Any] | None) -> ApiError:
    """What the form shows of the refusal of a change of the ``present`` campaign."""
    wrong = forms.mendable(error)
    if present is None:
        return wrong
    address = url_for(".edit", campaign_id=present["id"])
    return forms.overtaken(wrong, f"/campaigns/{present['id']}", address)


def _tell(campaign: dict[str, Any]) -> None:
    """Says to the form what was kept of it, wherever the part of the page is put: the form is of
    that campaign and of that version from now on."""
    kept = {"campaign_id": campaign["id"], "version": campaign["version"]}

    @after_this_request
    def _(answer: Response) -> Response:
        answer.headers["HX-Trigger"] = json.dumps({"kept": kept})
        return answer


def _grown(people: int) -> str:
    return f"people: there are {people} now, which is more than were shown"


def _changeable(campaign_id: UUID) -> dict[str, Any]:
    """The campaign. Raises ApiError for one that cannot be changed any more."""
    campaign: dict[str, Any] = asking.get(f"/campaigns/{campaign_id}")
    if campaign["status"] not in CHANGEABLE:
        raise ApiError(409, {"message": f"cannot change this campaign: it is {campaign['status']}"})
    return campaign


def _sent(campaign_id: UUID | None) -> str | Answer:
    forms.need("operator")
    present = _present(campaign_id)
    try:
        campaign = _kept(present)
    except ApiError as error:
        return _form(present, composed.of_form(), _refused(error, present)), error.status
    if request.form.get("do") == PLAN:
        return redirect(url_for(".confirm", campaign_id=campaign["id"]), 303)
    after = ".edit" if campaign["status"] == "draft" else "web_campaigns.show"
    return redirect(url_for(after, campaign_id=campaign["id"]), 303)


def _present(campaign_id: UUID | None) -> dict[str, Any] | None:
    """The campaign that the form is about: that of its address, else the draft that was made of
    it while it was written."""
    wanted = campaign_id or forms.text("campaign_id")
    try:
        return asking.get(f"/campaigns/{UUID(str(wanted))}") if wanted else None
    except ValueError:
        raise ApiError(422, {"message": "campaign_id: expected an id"}) from None


def _kept(present: dict[str, Any] | None) -> dict[str, Any]:
    """The campaign, new or as it was ``present``, with what was written. Raises ApiError."""
    if present is None:
        body = composed.given(whole=True) | {"draft": True}
        # The form is sent again and again while it is written; what says something else is no
        # repetition.
        said = hashlib.sha256(repr(body).encode()).hexdigest()[:16]
        once = f"{forms.once_given()}-{said}"
        made: dict[str, Any] = asking.send("POST", "/campaigns", body, once)
        return made
    whole = present["status"] in WHOLE
    body = composed.given(whole=whole)
    if not whole:  # shares are written in percent, and have to stay exactly as they are
        for written, had in zip(body["variants"], present["variants"], strict=False):
            written["share"] = had["share"]
    body |= forms.seen()
    changed: dict[str, Any] = asking.send("PATCH", f"/campaigns/{present['id']}", body)
    return changed


def _form(
    campaign: dict[str, Any] | None,
    written: dict[str, Any],
    wrong: ApiError | None = None,
    **outcome: Any,
) -> str:
    seen = _nothing_seen() if campaign is None else _seen(campaign)
    whole = campaign is None or campaign["status"] in WHOLE
    # After the start there are as many variants as there were.
    spare = composed.SPARE_VARIANTS if whole else 0
    return render_part(
        "campaign_form.html",
        "campaign_look.html",
        written=written,
        wrong=wrong,
        whole=whole,
        is_draft=campaign is None or campaign["status"] == "draft",
        clocks=composed.clocks(),
        days=composed.days(),
        window_rows=[*written["windows"], *[composed.ROW] * composed.SPARE_WINDOWS],
        variant_rows=[*written["variants"], *[composed.VARIANT] * spare],
        **{**seen, **outcome},
    )


def _nothing_seen() -> dict[str, Any]:
    return {
        "campaign": None,
        "preview": None,
        "devices": _devices(),
        "result": None,
        "unsent": None,
    }


def _seen(campaign: dict[str, Any]) -> dict[str, Any]:
    """What the part of the page about people shows."""
    return {**_nothing_seen(), "campaign": campaign, "preview": foreseen(campaign["id"])}


def _devices() -> list[dict[str, Any]]:
    """Those in service."""
    found = asking.get("/devices", limit=MOST)["items"]
    return [each for each in found if each["status"] != "retired"]


def _is_past(campaign: dict[str, Any]) -> bool:
    """Whether its time is over so long that it may not be meant."""
    at = campaign["scheduled_at"]
    return bool(at) and datetime.fromisoformat(at) < now() - PAST


def _plan(campaign: dict[str, Any], wrong: ApiError | None = None) -> str:
    """What planning it means; of what is no draft any more, what it is."""
    if campaign["status"] != "draft":
        return render("campaign_planned.html", campaign=campaign)
    return render_part(
        "campaign_plan.html",
        "campaign_plan_foreseen.html",
        campaign=campaign,
        preview=foreseen(campaign["id"]),
        typed_above=TYPED_ABOVE,
        is_past=_is_past(campaign),
        wrong=wrong,
    )


def _over_days(campaign: dict[str, Any], ends: str | None) -> int | None:
    """Over how many days, by the reader's calendar, it goes from its start to ``ends``."""
    if ends is None:
        return None
    starts = datetime.fromisoformat(campaign["scheduled_at"] or now().isoformat())
    first = max(starts, now()).astimezone(zone()).date()
    return max((datetime.fromisoformat(ends).astimezone(zone()).date() - first).days + 1, 1)


offer(over_days=_over_days)
