"""Replies: what people wrote, and who they are."""

from __future__ import annotations

from flask import Blueprint

from api.web import asking
from api.web.rendering import render

blueprint = Blueprint("web_replies", __name__)

PAGE = 50


@blueprint.get("/replies")
def index() -> str:
    """A page of replies, the newest first."""
    return render("replies.html", **asking.listed("/replies", PAGE, order="newest"))
