"""/replies: what people wrote, those too whom nobody can be found for."""

from __future__ import annotations

from typing import Any

from api.http.blueprints import Blueprint
from api.http.context import key
from api.http.context import page_of as listed
from api.schemas import serializers
from api.schemas.fields import page_of
from api.schemas.replies import ListedReply, ReplyQuery
from projections.queries import people

blueprint = Blueprint("replies", __name__, url_prefix="/api/v1/replies")


@blueprint.get("", needs="viewer")
@blueprint.arguments(ReplyQuery, location="query")
@blueprint.response(200, page_of(ListedReply))
def index(query: dict[str, Any]) -> Any:
    """List replies, in the order in which they came"""
    masked = not key().may("operator")

    def named(connection: Any, rows: list[Any]) -> list[dict[str, Any]]:
        called = people.called(connection, {row.lead_id for row in rows if row.lead_id})
        return [
            {
                **serializers.reply(row, masked=masked),
                "name": called[row.lead_id][0] if row.lead_id in called else None,
            }
            for row in rows
        ]

    return listed("reply", query, named)
