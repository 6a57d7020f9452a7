"""Why not: one person, one campaign or sequence, one answer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, request

from api.web import asking
from api.web.asking import ApiError
from api.web.rendering import render
from domain import phones
from domain.errors import InvalidInputError

blueprint = Blueprint("web_why_not", __name__)

CHOICES = 200


@blueprint.get("/why-not")
def show() -> str | tuple[str, int]:
    """The question, and its answer once it is asked."""
    asked = request.args.to_dict()
    answer, wrong = None, None
    try:
        lead_id = asked.get("lead_id") or _lead_of(asked)
        kind, _, chosen = asked.get("of", "").partition(":")
        if lead_id and chosen:
            answer = asking.get("/audit/why-not", lead_id=lead_id, **{f"{kind}_id": chosen})
    except ApiError as error:
        if error.status not in (404, 422):
            raise
        wrong = error
    return render(
        "why_not.html",
        asked=asked,
        person=_person(asked.get("lead_id", "")),
        answer=answer,
        wrong=wrong,
        campaigns=asking.get("/campaigns", limit=CHOICES)["items"],
        sequences=asking.get("/sequences", limit=CHOICES)["items"],
    ), 200 if wrong is None else wrong.status


def _person(lead_id: str) -> str:
    """What the person with that id is called; nothing for somebody who is not there."""
    try:
        lead = asking.get(f"/leads/{UUID(lead_id)}")
    except (ApiError, ValueError):
        return ""
    return str(lead["name"] or lead["phone"] or "")


def _lead_of(asked: dict[str, str]) -> str:
    """The id of the person with the phone that is asked for, of the country that is chosen if it
    says none. Raises ApiError where there is none."""
    phone, country = asked.get("phone", ""), asked.get("country", "")
    if not phone:
        return ""
    try:
        phone = phones.parse(phone, country) if country else phone
    except InvalidInputError as error:
        raise ApiError(422, {"message": str(error)}) from None
    found: list[dict[str, Any]] = asking.get("/leads", phone=phone)["items"]
    if not found:
        raise ApiError(404, {"message": "nobody has that phone"})
    return str(found[0]["id"])
