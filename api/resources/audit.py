"""/audit: why a message was sent or not, what happened to a person, and the raw log."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from msgspec.structs import asdict

from api.http.blueprints import Blueprint
from api.http.context import container, now, outreach
from api.schemas import serializers
from api.schemas.audit import (
    AsOf,
    EventQuery,
    LeadTrail,
    LoggedEvent,
    MessageTrail,
    WhyNot,
    WhyNotQuery,
)
from api.schemas.fields import page_of
from domain import values
from domain.errors import InvalidInputError
from projections.audit import event_log, message_trail
from projections.audit.lead_timeline import lead_timeline
from projections.audit.why_not import why_not_campaign, why_not_sequence
from projections.queries import named, waiting

blueprint = Blueprint("audit", __name__, url_prefix="/api/v1/audit")


@blueprint.get("/messages/<uuid:message_id>", needs="viewer")
@blueprint.response(200, MessageTrail)
def message(message_id: UUID) -> Any:
    """Why this message, and what became of it: the whole chain, its text proven"""
    database, settings = container().database, container().settings
    trail = message_trail.message_trail(outreach(), database, message_id)
    waits = waiting.of_ids(database, settings, [message_id], now())
    return {**asdict(trail), "waits_for": serializers.waits_for(waits.get(message_id))}


@blueprint.get("/leads/<uuid:lead_id>", needs="viewer")
@blueprint.arguments(AsOf, location="query")
@blueprint.response(200, LeadTrail)
def lead(query: dict[str, Any], lead_id: UUID) -> Any:
    """All that touched a person, and how things stood at an instant"""
    as_of = values.parse_instant(query["as_of"], "as_of") if "as_of" in query else None
    database, settings = container().database, container().settings
    timeline = lead_timeline(database, lead_id, as_of)
    # What a message waited for at an earlier instant is not known.
    ids = [state.id for state in timeline.messages] if as_of is None else []
    waits = waiting.of_ids(database, settings, ids, now())
    return {
        "lead_id": timeline.lead_id,
        "as_of": timeline.as_of,
        "state": None
        if timeline.state is None
        else serializers.lead_state(timeline.state, timeline.consents),
        "enrollments": timeline.enrollments,
        "messages": [
            serializers.message_state(state, waits.get(state.id)) for state in timeline.messages
        ],
        "entries": timeline.entries,
    }


@blueprint.get("/why-not", needs="viewer")
@blueprint.arguments(WhyNotQuery, location="query")
@blueprint.response(200, WhyNot)
@blueprint.alt_response(404, description="there is no such lead, campaign or sequence")
def why_not(query: dict[str, Any]) -> Any:
    """Why this person was not sent this campaign, or this sequence"""
    lead_id, campaign_id = query["lead_id"], query.get("campaign_id")
    sequence_id = query.get("sequence_id")
    if (campaign_id is None) == (sequence_id is None):
        raise InvalidInputError("campaign_id", "either this or sequence_id")
    database, settings = container().database, container().settings
    if campaign_id is not None:
        return why_not_campaign(outreach(), database, settings, lead_id, campaign_id)
    assert sequence_id is not None  # noqa: S101 - one of the two is given
    return why_not_sequence(outreach(), database, settings, lead_id, sequence_id)


@blueprint.get("/events", needs="viewer")
@blueprint.arguments(EventQuery, location="query")
@blueprint.response(200, page_of(LoggedEvent))
def events(query: dict[str, Any]) -> Any:
    """The raw log, in its order; next_cursor goes on as after does"""
    limit, cursor, most = query.pop("limit"), query.pop("cursor", "0"), query.pop("most", None)
    query["after"] = max(int(cursor), query["after"])
    for name in ("since", "until"):
        if name in query:
            query[name] = values.parse_instant(query[name], name)
    with container().database.transaction() as connection:
        named.check(connection, query)
        rows, looked_at = event_log.page(connection, event_log.Filter(**query), limit + 1, most)
    if rows:
        # Who follows the log remembers where it was. The place of an event that a crash takes back
        # may be given again.
        container().database.flush()
    next_ = rows[limit - 1].notification_id if len(rows) > limit else looked_at
    return {"items": rows[:limit], "next_cursor": None if next_ is None else str(next_)}
