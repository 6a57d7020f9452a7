"""The overview: what needs a person today, what was sent, what waits and why."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import Blueprint

from api.web import asking
from api.web.rendering import render
from api.web.texts import ngettext

blueprint = Blueprint("web_overview", __name__)

# Of what is counted by looking at it.
MOST = 100
# Of the chart.
DAYS = 30
COUNTS = ("sent", "failed", "unknown")


class Todo(NamedTuple):
    """So many of something that a person has to decide, and where they are."""

    number: int
    text: str
    address: str


@blueprint.get("/")
def show() -> str:
    """Everything at a glance."""
    overview = asking.get("/reports/overview")
    return render(
        "overview.html",
        overview=overview,
        todo=_todo(overview),
        is_new=not any(overview["devices"].values()),
        ready=asking.readiness(),
        days=_days(),
    )


@blueprint.get("/overview/messages")
def messages() -> str:
    """The counts of messages alone, to be asked for again and again."""
    return render("overview_messages.html", overview=asking.get("/reports/overview"))


@blueprint.get("/overview/runners")
def runners() -> str:
    """Who works, to be asked for again and again."""
    return render("runners.html", ready=asking.readiness())


def _days() -> list[dict[str, Any]]:
    """What all devices did, day by day; each counts the days of its own zone."""
    found: dict[str, dict[str, Any]] = {}
    for device in asking.get("/reports/devices")["items"]:
        for each in device["days"][-DAYS:]:
            day = found.setdefault(each["day"], {"day": each["day"], **dict.fromkeys(COUNTS, 0)})
            for name in COUNTS:
                day[name] += each[name]
    return [found[day] for day in sorted(found)][-DAYS:]


def _todo(overview: dict[str, Any]) -> list[Todo]:
    unknown = overview["messages"].get("unknown", 0)
    failed = overview["messages"].get("failed", 0)
    offline = overview["devices"].get("offline", 0)
    strangers = asking.get("/replies", attributed="false", limit=MOST)["items"]
    maybe = ngettext(
        "message may have been sent or not", "messages may have been sent or not", unknown
    )
    written = ngettext(
        "reply of somebody whom nobody knows",
        "replies of people whom nobody knows",
        len(strangers),
    )
    pending = asking.get("/campaigns", status="pending", limit=MOST)["items"]
    unseen = sum(each["awaits_approval"] for each in pending)
    paused = asking.get("/campaigns", status="paused", limit=MOST)["items"]
    braked = sum(each["braked"] is not None for each in paused)
    not_sent = ngettext("message failed", "messages failed", failed)
    found = [
        Todo(unknown, maybe, "/messages?status=unknown"),
        Todo(failed, not_sent, "/messages?status=failed"),
        Todo(len(strangers), written, "/replies?attributed=false"),
        Todo(
            unseen,
            ngettext("campaign waits for an approval", "campaigns wait for an approval", unseen),
            "/campaigns?status=pending",
        ),
        Todo(
            braked,
            ngettext("campaign paused itself", "campaigns paused themselves", braked),
            "/campaigns?status=paused",
        ),
        Todo(offline, ngettext("device is offline", "devices are offline", offline), "/devices"),
    ]
    return [each for each in found if each.number]
