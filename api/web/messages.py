"""Messages: the list, the proof of one, and what a person may do about it."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from api.web import asking, bulk, forms, texts
from api.web.asking import ApiError
from api.web.rendering import render

blueprint = Blueprint("web_messages", __name__)

PAGE = 50
CHOICES = 100
# What is done to many messages of a status.
BULK = {"failed": "retry", "pending": "cancel", "unknown": "resolve"}
STATUSES = ("pending", "processing", "queued", "sent", "failed", "unknown", "cancelled")
# What a person may do to a message, by its status: how the API calls it.
ACTIONS = {"pending": ("cancel",), "failed": ("retry",), "unknown": ("resolve",)}


class Node(NamedTuple):
    """One point of the chain. ``topic`` says what kind of thing it was."""

    topic: str
    at: str
    story: str
    actor: str
    words: str | None
    place: int


@blueprint.get("/messages")
def index() -> str:
    """A page of messages: first those of the campaign, or of who entered a sequence, that came
    last."""
    found = asking.listed("/messages", PAGE, order="newest")
    status = found["asked"].get("status", "")
    return render(
        "messages.html",
        statuses=[(each, texts.word(each)) for each in STATUSES],
        devices=_named("/devices"),
        campaigns=_named("/campaigns"),
        sequences=_named("/sequences"),
        verbs=bulk.offered("messages"),
        chosen=BULK.get(status, ""),
        filters=bulk.filters(),
        **found,
    )


@blueprint.get("/messages/<uuid:message_id>")
def show(message_id: UUID) -> str:
    """The proof of one message."""
    return _proof(message_id)


@blueprint.post("/messages/<uuid:message_id>/<any(retry, cancel, resolve):action>")
def change(message_id: UUID, action: str) -> Response | tuple[str, int]:
    """Retries, cancels or resolves it."""
    forms.need("operator")
    body: dict[str, Any] = {}
    if action == "resolve":
        body = {"resolution": request.form.get("resolution"), "reason": request.form.get("reason")}
    try:
        asking.send("POST", f"/messages/{message_id}/{action}", body, forms.once_given())
    except ApiError as error:
        return _proof(message_id, wrong=forms.mendable(error)), error.status
    return redirect(url_for("web_messages.show", message_id=message_id), 303)


def _named(path: str) -> list[tuple[str, str]]:
    """The first of a list, to choose from."""
    return [(each["id"], each["name"]) for each in asking.get(path, limit=CHOICES)["items"]]


def _proof(message_id: UUID, wrong: ApiError | None = None) -> str:
    trail = asking.get(f"/audit/messages/{message_id}")
    return render(
        "message.html",
        trail=trail,
        nodes=_chain(trail),
        handed_over=trail["hand_overs"][-1] if trail["hand_overs"] else None,
        actions=ACTIONS.get(trail["status"], ()),
        wrong=wrong,
    )


def _chain(trail: dict[str, Any]) -> list[Node]:
    """From the cause to the last thing that happened."""
    return [
        Node(
            entry["topic"],
            entry["timestamp"],
            entry["story"],
            entry["actor"],
            entry["words"],
            entry["notification_id"],
        )
        for entry in trail["entries"]
    ]
