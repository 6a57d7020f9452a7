"""The log: every event, in its order."""

from __future__ import annotations

from flask import Blueprint, request

from api.web import asking
from api.web.rendering import render

blueprint = Blueprint("web_audit", __name__)

PAGE = 100


@blueprint.get("/audit")
def index() -> str:
    """A page of the log."""
    asked = request.args.to_dict()
    found = asking.get("/audit/events", **{"limit": PAGE} | asked)
    return render(
        "audit.html", events=found["items"], next_cursor=found["next_cursor"], asked=asked
    )
