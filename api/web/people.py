"""People: the list of leads, and all that is known of one, as of any instant."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from flask import Blueprint, request

from api.web import asking
from api.web.asking import ApiError
from api.web.rendering import render, zone

blueprint = Blueprint("web_people", __name__)

PAGE = 50


@blueprint.get("/leads")
def index() -> str | tuple[str, int]:
    """A page of leads."""
    asked = request.args.to_dict()
    try:
        found = asking.get("/leads", **{"limit": PAGE} | asked)
    except ApiError as error:
        if error.status != 422:
            raise
        return render(
            "leads.html", leads=[], next_cursor=None, asked=asked, wrong=error.message
        ), 422
    return render(
        "leads.html", leads=found["items"], next_cursor=found["next_cursor"], asked=asked, wrong=""
    )


@blueprint.get("/leads/<uuid:lead_id>")
def show(lead_id: UUID) -> str:
    """One person, today or at ``as_of``, which is of the reader's zone."""
    as_of = request.args.get("as_of", "")
    try:
        instant = datetime.fromisoformat(as_of).replace(tzinfo=zone()).isoformat() if as_of else ""
    except ValueError:
        raise ApiError(422, {"message": "as_of: expected such as 2026-03-02T09:00"}) from None
    trail = asking.get(f"/audit/leads/{lead_id}", as_of=instant)
    return render("lead.html", lead_id=lead_id, trail=trail, state=trail["state"], as_of=as_of)
