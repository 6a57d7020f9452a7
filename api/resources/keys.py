"""/keys and /whoami: who may use the API, and who is asking."""

from __future__ import annotations

from typing import Any

from msgspec.structs import asdict

from api.http.blueprints import Blueprint
from api.http.context import actor, container, key, outreach
from api.schemas.keys import CreatedKey, Identity, Keys, NewKey
from domain.ids import keyed
from projections.eventstore import access
from projections.records import api_keys

blueprint = Blueprint("keys", __name__, url_prefix="/api/v1")


def _serialize(each: api_keys.Key) -> dict[str, Any]:
    return {"id": keyed(outreach().identity, f"key {each.name}"), **asdict(each)}


def _all() -> list[dict[str, Any]]:
    with container().database.transaction() as connection:
        return [_serialize(each) for each in api_keys.every(connection)]


@blueprint.get("/keys", needs="admin")
@blueprint.response(200, Keys)
def index() -> Any:
    """List keys, revoked ones too, without the keys themselves"""
    return {"items": _all()}


@blueprint.post("/keys", needs="admin")
@blueprint.arguments(NewKey)
@blueprint.response(201, CreatedKey)
def create(data: dict[str, Any]) -> Any:
    """Make a key; it is shown once"""
    made, secret = access.create_key(container().database, outreach(), **data, actor=actor())
    return {**_serialize(made), "key": secret}


@blueprint.delete("/keys/<path:name>", needs="admin")
@blueprint.response(204)
def revoke(name: str) -> None:
    """Revoke a key, by its name or its id; not the last one of role admin"""
    names = {str(each["id"]): each["name"] for each in _all()}
    known = names.get(name, name)
    # Who asks over HTTP could make no other one. On the machine one can.
    access.revoke_key(container().database, outreach(), known, actor=actor(), keep_admin=True)


@blueprint.get("/whoami", needs="viewer")
@blueprint.response(200, Identity)
def whoami() -> Any:
    """The key of this request"""
    return _serialize(key())
