"""/replies: what people wrote, those too whom nobody can be found for."""

from __future__ import annotations

from functools import partial
from typing import Any

from api.http.blueprints import Blueprint
from api.http.context import key, page
from api.schemas import serializers
from api.schemas.fields import page_of
from api.schemas.replies import Reply, ReplyQuery

blueprint = Blueprint("replies", __name__, url_prefix="/api/v1/replies")


@blueprint.get("", needs="viewer")
@blueprint.arguments(ReplyQuery, location="query")
@blueprint.response(200, page_of(Reply))
def index(query: dict[str, Any]) -> Any:
    """List replies, in the order in which they came"""
    masked = not key().may("operator")
    return page("reply", query, partial(serializers.reply, masked=masked))
