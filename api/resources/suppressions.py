"""/suppressions: addresses that said no and belong to no lead yet."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.http.blueprints import Blueprint
from api.http.context import actor, container, key, outreach, page, resource
from api.schemas import serializers
from api.schemas.fields import PageQuery, page_of
from api.schemas.replies import NewSuppression, Suppression
from domain import addresses, phones
from domain.addresses import Address
from domain.errors import InvalidInputError

blueprint = Blueprint("suppressions", __name__, url_prefix="/api/v1/suppressions")


def _serialize(row: Any) -> dict[str, Any]:
    return serializers.suppression(row, masked=not key().may("operator"))


@blueprint.get("", needs="viewer")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_of(Suppression))
def index(query: dict[str, Any]) -> Any:
    """List the addresses that said no"""
    return page("suppression", query, _serialize)


@blueprint.post("", needs="operator")
@blueprint.arguments(NewSuppression)
@blueprint.response(201, Suppression)
def suppress(data: dict[str, Any]) -> Any:
    """Remember that an address said no; a lead that has it is opted out"""
    address = _address(data["kind"], data["value"])
    suppression_id = outreach().suppress(address, data["evidence"], actor=actor())
    return resource("suppression", suppression_id, _serialize)


@blueprint.delete("/<uuid:suppression_id>", needs="admin")
@blueprint.response(204)
def release(suppression_id: UUID) -> None:
    """Forget that the address said no; needs a key of role admin"""
    outreach().release_suppression(suppression_id, "released by an operator", actor=actor())


def _address(kind: str, value: str) -> Address:
    """The address as it is kept. Raises InvalidInputError if it is none of that kind."""
    found: Address | None
    match kind:
        case "phone":
            phone = phones.parse(value, container().settings.default_region, "value")
            found = Address("phone", phones.canonical(phone))
        case "wa_id":
            found = addresses.wa_id(value)
        case "lid":
            found = next((a for a in addresses.from_jid(value) if a.kind == "lid"), None)
        case _:
            found = addresses.user_id(value)
    if found is None:
        raise InvalidInputError("value", f"a {kind}, as providers write it")
    return found
