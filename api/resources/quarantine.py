"""/quarantine: what could not be recorded and was put aside, until a person releases it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.http.blueprints import Blueprint
from api.http.context import container
from api.schemas.fields import page_of
from api.schemas.quarantine import Quarantined, QuarantineQuery, Release, Released
from projections.queries import quarantined
from projections.records import quarantine

blueprint = Blueprint("quarantine", __name__, url_prefix="/api/v1/quarantine")


@blueprint.get("", needs="viewer")
@blueprint.arguments(QuarantineQuery, location="query")
@blueprint.response(200, page_of(Quarantined))
def index(query: dict[str, Any]) -> Any:
    """List what is in quarantine, in the order of kind and id"""
    with container().database.transaction() as connection:
        items, next_cursor = quarantined.page(connection, **query)
    return {"items": items, "next_cursor": next_cursor}


@blueprint.post("/<uuid:quarantined_id>/release", needs="operator")
@blueprint.arguments(Release, required=False)
@blueprint.response(200, Released)
def release(data: dict[str, Any], quarantined_id: UUID) -> Any:
    """Let the runners try again what has that id"""
    with container().database.transaction() as connection:
        return {"released": quarantine.let_go(connection, quarantined_id, **data)}
