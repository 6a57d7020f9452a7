"""The log: every event, in its order."""

from __future__ import annotations

from flask import Blueprint

from api.web import asking, later

blueprint = Blueprint("web_audit", __name__)

PAGE = 100
# Events that are looked at before the page is shown: what is rare may be anywhere.
AT_ONCE = 20_000


@blueprint.get("/audit")
def index() -> str:
    """A page of the log."""
    found = asking.listed("/audit/events", PAGE, most=later.most(AT_ONCE))
    is_part = len(found["items"]) < PAGE and found["next_cursor"] is not None
    return later.render_part("audit.html", "audit_events.html", is_part=is_part, **found)
