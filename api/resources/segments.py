"""/segments: saved questions about leads, which campaigns and sequences may name."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.http.blueprints import Blueprint
from api.http.context import actor, container, now, outreach, page, resource
from api.schemas import serializers
from api.schemas.fields import PageQuery, page_of
from api.schemas.leads import Lead
from api.schemas.segments import (
    Conditions,
    NewSegment,
    Segment,
    SegmentChange,
    SegmentPreview,
)
from domain import segments
from domain.segments import Predicate
from projections.queries import pages
from projections.queries import segments as queries
from projections.readmodels import segments as read_model

blueprint = Blueprint("segments", __name__, url_prefix="/api/v1/segments")

# How many leads a preview shows.
FIRST = 10


def _show(segment_id: UUID) -> Any:
    return resource("segment", segment_id, serializers.segment)


def _checked(data: dict[str, Any], present: Predicate | None = None) -> Predicate:
    """The predicate that ``data`` asks for; what is not given stays as in the ``present`` one.
    Raises InvalidInputError."""
    there = serializers.conditions(present) if present is not None else {}
    given = {
        clause: [
            (each["field"], each["op"], each.get("value"))
            for each in data.get(clause, there.get(clause, []))
        ]
        for clause in segments.CLAUSES
    }
    name = data.get("name", "preview" if present is None else present.name)
    return segments.check(name, given)


@blueprint.get("", needs="viewer")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_of(Segment))
def index(query: dict[str, Any]) -> Any:
    """List segments"""
    return page("segment", query, serializers.segment)


@blueprint.post("", needs="operator")
@blueprint.arguments(NewSegment)
@blueprint.response(201, Segment)
def save(data: dict[str, Any]) -> Any:
    """Save a segment"""
    return _show(outreach().save_segment(_checked(data), actor=actor()))


@blueprint.post("/preview", needs="viewer")
@blueprint.arguments(Conditions)
@blueprint.response(200, SegmentPreview)
def preview(data: dict[str, Any]) -> Any:
    """How many would be in a segment, and the first of them; nothing is saved"""
    asked = _checked(data)
    with container().database.transaction() as connection:
        found, more = queries.page(connection, asked, now(), limit=FIRST)
        count = queries.count(connection, asked, now()) if more else len(found)
    return {"count": count, "leads": [serializers.lead(row) for row in found]}


@blueprint.get("/<uuid:segment_id>", needs="viewer")
@blueprint.response(200, Segment)
def show(segment_id: UUID) -> Any:
    """Show a segment"""
    return _show(segment_id)


@blueprint.patch("/<uuid:segment_id>", needs="operator")
@blueprint.arguments(SegmentChange, required=False)
@blueprint.response(200, Segment)
def change(data: dict[str, Any], segment_id: UUID) -> Any:
    """Change a segment

    A list of conditions replaces the one before. Campaigns that have not started ask the changed
    segment; sequences, and campaigns that have started, keep to what they asked before.
    """
    outreach().change_segment(segment_id, lambda present: _checked(data, present), actor=actor())
    return _show(segment_id)


@blueprint.delete("/<uuid:segment_id>", needs="admin")
@blueprint.response(204)
@blueprint.alt_response(
    409, description="a campaign that has not started, or a sequence, goes by it"
)
def delete(segment_id: UUID) -> None:
    """Delete a segment; needs a key of role admin"""
    outreach().delete_segment(segment_id, actor=actor())


@blueprint.get("/<uuid:segment_id>/leads", needs="viewer")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_of(Lead))
def leads(query: dict[str, Any], segment_id: UUID) -> Any:
    """List the leads that are in a segment now"""
    with container().database.transaction() as connection:
        predicate = read_model.predicate(pages.one(connection, "segment", segment_id))
        found, cursor = queries.page(
            connection, predicate, now(), limit=query["limit"], cursor=query.get("cursor")
        )
    return {"items": [serializers.lead(row) for row in found], "next_cursor": cursor}
