"""What people did with what was sent: by device, by hour of their day, and by content."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, request

from api.web import asking, later
from api.web.zones import with_offsets, zone

blueprint = Blueprint("web_signals", __name__)

FILTERS = ("since", "until")
# Messages that are counted before the page is shown.
AT_ONCE = 3000
# Of the days that a page shows which is not asked for any.
SPAN = timedelta(days=30)
# Messages that were sent of which the one that was planned for last is looked for.
LATEST = 50


@blueprint.get("/signals")
def show() -> str:
    """The signals of a time, of the last 30 days if none is given."""
    asked = {name: request.args[name] for name in FILTERS if request.args.get(name)}
    most = later.most(AT_ONCE)
    query: dict[str, Any] = {**with_offsets(asked), "most": most}
    found, wrong = asking.filtered("/reports/signals", query, None)
    return later.render_part(
        "signals.html",
        "signals_found.html",
        found=found,
        asked=asked,
        is_part=found is not None and most is not None and not found["whole"],
        latest=None if found is None or found["devices"] else _latest(),
        wrong=wrong,
    )


def _latest() -> tuple[str, str, str] | None:
    """The days to look at where these have nothing: the first, the one after the last, and the last
    for which anything was planned that was sent lately. None where nothing ever was."""
    sent = asking.get("/messages", status="sent", order="newest", limit=LATEST)["items"]
    if not sent:
        return None
    planned = max(datetime.fromisoformat(each["scheduled_at"]) for each in sent)
    last = planned.astimezone(zone()).date()
    until = last + timedelta(days=1)
    return f"{until - SPAN}", f"{until}", f"{last}"
