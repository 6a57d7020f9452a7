"""What people did with what was sent: by device, by hour of their day, and by content."""

from __future__ import annotations

from flask import Blueprint, request

from api.web import asking
from api.web.rendering import render
from api.web.zones import with_offsets

blueprint = Blueprint("web_signals", __name__)

FILTERS = ("since", "until")


@blueprint.get("/signals")
def show() -> str:
    """The signals of a time, of the last 30 days if none is given."""
    asked = {name: request.args[name] for name in FILTERS if request.args.get(name)}
    found = asking.get("/reports/signals", **with_offsets(asked))
    return render("signals.html", found=found, asked=asked)
