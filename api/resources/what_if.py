"""/what-if: who would get a campaign or a sequence that nobody saved, and when."""

from __future__ import annotations

from typing import Any

import msgspec

from api.http import definitions
from api.http.blueprints import Blueprint
from api.http.context import container, now, outreach
from api.schemas.fields import PageQuery
from api.schemas.what_if import Question, WhatIf
from projections.what_if import campaign
from projections.what_if.pages import page
from projections.what_if.snapshot import snapshot

blueprint = Blueprint("what-if", __name__, url_prefix="/api/v1/what-if")


@blueprint.post("", needs="viewer")
@blueprint.arguments(Question)
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, WhatIf)
def ask(data: dict[str, Any], query: dict[str, Any]) -> Any:
    """Who would get it, from which device and when, and who would not; nothing is saved

    A page has up to `limit` people, in the order of leads; the counts are of all. Each page
    computes the answer anew: `computed.digest` says whether it is still the same one.
    """
    data["campaign"].pop("draft")
    definition = definitions.new(data["campaign"])
    settings = container().settings
    with snapshot(container().database, now(), data.get("as_of")) as seen:
        found = campaign.what_if(seen, definition, outreach().house, settings.lead_daily_cap)
    shown = page(found, query["limit"], query.get("cursor"))
    return {**msgspec.structs.asdict(found), **shown._asdict()}
