"""What people did with what was sent: by device, by hour of their day, and by content."""

from __future__ import annotations

from flask import Blueprint, request

from api.web import asking, later
from api.web.zones import with_offsets

blueprint = Blueprint("web_signals", __name__)

FILTERS = ("since", "until")
# Messages that are counted before the page is shown.
AT_ONCE = 3000


@blueprint.get("/signals")
def show() -> str:
    """The signals of a time, of the last 30 days if none is given."""
    asked = {name: request.args[name] for name in FILTERS if request.args.get(name)}
    most = later.most(AT_ONCE)
    found = asking.get("/reports/signals", **with_offsets(asked), most=most)
    is_part = most is not None and not found["whole"]
    return later.render_part(
        "signals.html", "signals_found.html", found=found, asked=asked, is_part=is_part
    )
