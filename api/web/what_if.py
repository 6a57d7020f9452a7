"""What if: a campaign that nobody saved, or a sequence over the last days."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from api.web import asking
from api.web.asking import ApiError
from api.web.rendering import render
from api.web.zones import instant

blueprint = Blueprint("web_what_if", __name__)

CHOICES = 200


@blueprint.get("/what-if")
def show() -> str | tuple[str, int]:
    """The question, and its answer once it is asked."""
    asked = request.args.to_dict()
    answer, wrong = None, None
    try:
        if question := _question(asked):
            answer = asking.send("POST", "/what-if", question, cursor=asked.get("cursor"))
    except ApiError as error:
        if error.status not in (404, 422):
            raise
        wrong = error
    return render(
        "what_if.html",
        asked=asked,
        answer=answer,
        wrong=wrong,
        sequences=_items("/sequences"),
        devices={
            each["id"]: each["name"] for each in asking.get("/devices", limit=CHOICES)["items"]
        },
    ), 200 if wrong is None else wrong.status


def _question(asked: dict[str, str]) -> dict[str, Any] | None:
    """What the form asks; None while it asks nothing."""
    if asked.get("sequence_id"):
        days = asked.get("days", "30")
        over = int(days) if days.isdecimal() else days
        return {"sequence": {"id": asked["sequence_id"]}, "days": over}
    if not asked.get("body"):
        return None
    campaign: dict[str, Any] = {"name": "What if", "body": asked["body"]}
    if niche := [each.strip() for each in asked.get("niche", "").split(",") if each.strip()]:
        campaign["niche"] = niche
    if asked.get("scheduled_at"):
        campaign["scheduled_at"] = instant(asked["scheduled_at"])
    past = {"as_of": instant(asked["as_of"])} if asked.get("as_of") else {}
    return {"campaign": campaign, **past}


def _items(path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = asking.get(path, limit=CHOICES)["items"]
    return found
