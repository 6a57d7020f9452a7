"""Replies: what people wrote, and who they are."""

from __future__ import annotations

from flask import Blueprint, request

from api.web import asking
from api.web.rendering import render

blueprint = Blueprint("web_replies", __name__)

PAGE = 50


@blueprint.get("/replies")
def index() -> str:
    """A page of replies."""
    asked = request.args.to_dict()
    found = asking.get("/replies", **{"limit": PAGE} | asked)
    return render(
        "replies.html", replies=found["items"], next_cursor=found["next_cursor"], asked=asked
    )
