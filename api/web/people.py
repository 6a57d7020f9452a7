"""People: the list of leads, and all that is known of one, as of any instant."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from api.web import asking, forms
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
    return _person(lead_id)


@blueprint.post("/leads/<uuid:lead_id>/messages")
def write(lead_id: UUID) -> Response | tuple[str, int]:
    """Writes to this one person, and leads to the message's proof."""
    forms.need("operator")
    given = {name: request.form.get(name, "").strip() for name in ("body", "media_url")}
    body = {name: value for name, value in given.items() if value or name == "body"}
    try:
        made = asking.send("POST", f"/leads/{lead_id}/messages", body, forms.once_given())
    except ApiError as error:
        return _person(lead_id, given, forms.mendable(error)), error.status
    return redirect(url_for("web_messages.show", message_id=made["id"]), 303)


def _person(
    lead_id: UUID, written: dict[str, str] | None = None, wrong: ApiError | None = None
) -> str:
    """``written`` is what the form was sent with, and ``wrong`` why it was refused."""
    as_of = request.args.get("as_of", "")
    try:
        instant = datetime.fromisoformat(as_of).replace(tzinfo=zone()).isoformat() if as_of else ""
    except ValueError:
        raise ApiError(422, {"message": "as_of: expected such as 2026-03-02T09:00"}) from None
    trail = asking.get(f"/audit/leads/{lead_id}", as_of=instant)
    return render(
        "lead.html",
        lead_id=lead_id,
        trail=trail,
        state=trail["state"],
        as_of=as_of,
        written=written or {},
        wrong=wrong,
    )
