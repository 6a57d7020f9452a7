"""/what-if: who would get a campaign or a sequence that nobody saved, and when."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import msgspec

from api.http import definitions
from api.http.blueprints import Blueprint
from api.http.context import check_pool, container, now, outreach, within
from api.schemas.fields import PageQuery
from api.schemas.what_if import Question, WhatIf
from domain import values
from projections.queries import people
from projections.what_if import campaign, sequence
from projections.what_if.answer import Answer, LeftOut, Recipient
from projections.what_if.pages import page
from projections.what_if.snapshot import snapshot

blueprint = Blueprint("what-if", __name__, url_prefix="/api/v1/what-if")


@blueprint.post("", needs="viewer")
@blueprint.arguments(Question)
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, WhatIf)
@blueprint.alt_response(
    503,
    description="as many questions about the past as may be are being answered, or the database"
    " does not answer",
)
def ask(data: dict[str, Any], query: dict[str, Any]) -> Any:
    """Who would get it, from which device and when, and who would not; nothing is saved

    A page has up to `limit` people, in the order of leads; the counts are of all. The pages after
    the first are of the same answer for ten minutes, or of one that is computed anew:
    `computed.digest` says whether it is the same.
    """
    question = sha256(msgspec.json.encode(data, order="deterministic")).hexdigest()
    kept, at = container().answers, now()
    found = kept.find(question, at) if "cursor" in query else None
    if found is None:
        found = _of_campaign(data) if "campaign" in data else _of_sequence(data)
        kept.keep(question, found, at)
    shown = page(found, query["limit"], query.get("cursor"))
    ids = {each.lead_id for each in shown.recipients} | {each.lead_id for each in shown.left_out}
    with container().database.reading() as connection:
        called = people.called(connection, ids)

    def named(each: Recipient | LeftOut) -> dict[str, Any]:
        name, phone = called.get(each.lead_id, ("", None))
        return {**each._asdict(), "name": name, "phone": phone}

    return {
        **msgspec.structs.asdict(found),
        "audience": len(found.recipients),
        "recipients": [named(each) for each in shown.recipients],
        "left_out": [named(each) for each in shown.left_out],
        "next_cursor": shown.next_cursor,
    }


def _of_campaign(data: dict[str, Any]) -> Answer:
    data["campaign"].pop("draft")
    with within("campaign"):
        definition = definitions.new(data["campaign"])
    at = data.get("as_of")
    if at is not None:
        values.in_the_calendar("as_of", at)
    with snapshot(container().database, now(), at, takes_turn=at is not None) as seen:
        cap = container().settings.lead_daily_cap
        with within("campaign"):
            return campaign.what_if(seen, definition, outreach().house, cap)


def _of_sequence(data: dict[str, Any]) -> Answer:
    for name in {"since", "until"} & data.keys():
        values.in_the_calendar(name, data[name])
    over = sequence.span(now(), data.get("days"), data.get("since"), data.get("until"))
    asked = data["sequence"]
    id_ = asked.pop("id", None)
    with within("sequence"):
        check_pool(asked)
    changes = {
        name: tuple(value) if isinstance(value, list) else value for name, value in asked.items()
    }
    with snapshot(container().database, now(), takes_turn=True) as seen:
        with within("sequence"):
            id_, definition = sequence.definition(seen, id_, changes)
        return sequence.what_if(
            container().database,
            seen,
            id_,
            definition,
            over,
            outreach().house,
            container().settings.lead_daily_cap,
        )
