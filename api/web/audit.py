"""The log: every event, in its order."""

from __future__ import annotations

from flask import Blueprint

from api.web import asking
from api.web.rendering import render

blueprint = Blueprint("web_audit", __name__)

PAGE = 100


@blueprint.get("/audit")
def index() -> str:
    """A page of the log."""
    return render("audit.html", **asking.listed("/audit/events", PAGE))
