"""/leads/{id}/consents and /consents: what people agreed to, and the list for who asks for it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.http.blueprints import Blueprint
from api.http.context import actor, container, outreach, page
from api.schemas import consents as schema
from api.schemas.consents import (
    ConsentQuery,
    NewConsent,
    RecordedConsent,
    Withdrawal,
)
from api.schemas.fields import PageQuery, page_of
from domain import values
from domain.lead import Agreed
from projections.queries import consents, pages

blueprint = Blueprint("consents", __name__, url_prefix="/api/v1")


def _latest(lead_id: UUID, purpose: str) -> dict[str, Any]:
    with container().database.reading() as connection:
        return schema.recorded(consents.latest(connection, lead_id, purpose))


@blueprint.get("/consents", needs="operator")
@blueprint.arguments(ConsentQuery, location="query")
@blueprint.response(200, page_of(RecordedConsent))
def index(query: dict[str, Any]) -> Any:
    """All consents that were recorded, for a regulator, in the order in which they were; needs a
    key of role operator"""
    since, until = (
        values.parse_instant(query[name], name) if name in query else None
        for name in ("since", "until")
    )
    cursor = query.get("cursor")
    after = pages.decode_cursor(cursor) if cursor else None
    with container().database.reading() as connection:
        rows, last = consents.page(
            connection, query.get("purpose"), since, until, after, query["limit"]
        )
    return {
        "items": [schema.recorded(row) for row in rows],
        "next_cursor": None if last is None else pages.encode_cursor(last),
    }


@blueprint.get("/leads/<uuid:lead_id>/consents", needs="viewer")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_of(RecordedConsent))
def of_lead(query: dict[str, Any], lead_id: UUID) -> Any:
    """All that a person agreed to, withdrawn or not, in the order in which it was recorded"""
    outreach().get_lead(lead_id)
    return page("consent", {**query, "lead_id": lead_id}, schema.recorded)


@blueprint.post("/leads/<uuid:lead_id>/consents", needs="operator")
@blueprint.arguments(NewConsent)
@blueprint.response(201, RecordedConsent)
@blueprint.alt_response(409, description="errors.state: the lead is erased, or merged into another")
def give(data: dict[str, Any], lead_id: UUID) -> Any:
    """Record that a person agreed; the very same consent is recorded once

    One that was given before its purpose was withdrawn is recorded, and not in force.
    """
    if "given_at" in data:
        data["given_at"] = values.parse_instant(data["given_at"], "given_at")
    outreach().give_consent(lead_id, Agreed(**data), actor=actor())
    return _latest(lead_id, data["purpose"])


@blueprint.delete("/leads/<uuid:lead_id>/consents/<purpose>", needs="operator")
@blueprint.arguments(Withdrawal, required=False)
@blueprint.response(200, RecordedConsent)
@blueprint.alt_response(409, description="errors.state: it was withdrawn already, or never given")
def withdraw(data: dict[str, Any], lead_id: UUID, purpose: str) -> Any:
    """The person agrees no more to this purpose

    What requires the consent and was not handed over is cancelled, as `no_consent`.
    """
    outreach().withdraw_consent(lead_id, purpose, data["evidence"], actor=actor())
    return _latest(lead_id, purpose)
