"""The overview: what needs a person today, what was sent, what waits and why."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import Blueprint

from api.web import asking, later
from api.web.rendering import render
from api.web.texts import ngettext

blueprint = Blueprint("web_overview", __name__)

# So many of what waits for somebody are named.
SHOWN = 5
# Messages of which it is summed up at once what they wait for.
WAITING = 5000
# Of the chart.
DAYS = 30
COUNTS = ("sent", "failed", "unknown")


class Todo(NamedTuple):
    """So many of something that a person has to decide, and where they are: the list, and the first
    ones by their names."""

    number: int
    text: str
    address: str
    named: list[tuple[str, str]]
    has_more: bool


@blueprint.get("/")
def show() -> str:
    """Everything at a glance."""
    overview = asking.get("/reports/overview", most=later.most(WAITING))
    return later.render_part(
        "overview.html",
        "overview_waiting.html",
        overview=overview,
        todo=_todo(),
        is_new=not any(overview["devices"].values()),
        ready=asking.readiness(),
        days=_days(),
    )


@blueprint.get("/overview/messages")
def messages() -> str:
    """The counts of messages alone, to be asked for again and again."""
    return render("overview_messages.html", overview=asking.get("/reports/overview", most=0))


@blueprint.get("/overview/runners")
def runners() -> str:
    """Who works, to be asked for again and again."""
    return render("runners.html", ready=asking.readiness())


def _days() -> list[dict[str, Any]]:
    """What all devices did, day by day; each counts the days of its own zone."""
    found: dict[str, dict[str, Any]] = {}
    for device in asking.get("/reports/devices", days=DAYS)["items"]:
        for each in device["days"]:
            day = found.setdefault(each["day"], {"day": each["day"], **dict.fromkeys(COUNTS, 0)})
            for name in COUNTS:
                day[name] += each[name]
    return [found[day] for day in sorted(found)][-DAYS:]


def _todo() -> list[Todo]:
    """What a person has to decide, by its kind: how many, and the first of those that have a
    name."""
    found: dict[str, list[dict[str, Any]]] = {}
    for each in asking.get("/reports/attention")["items"]:
        found.setdefault(each["kind"], []).append(each)
    todo = []
    for kind, lines in found.items():
        number = sum(each["count"] for each in lines)
        text, address, of_one = _said(kind, number)
        named = [(each["name"], f"{of_one}/{each['id']}") for each in lines if each["id"]]
        todo.append(Todo(number, text, address, named[:SHOWN], len(named) > SHOWN))
    return todo


def _said(kind: str, count: int) -> tuple[str, str, str]:
    """Of so many of a kind: what is said, where they are, and the address below which one of them
    has its page."""
    match kind:
        case "unknown":
            text = ngettext(
                "message may have been sent or not", "messages may have been sent or not", count
            )
            return text, "/messages?status=unknown", ""
        case "failed":
            text = ngettext("message failed", "messages failed", count)
            return text, "/messages?status=failed", ""
        case "campaign_approval":
            text = ngettext(
                "campaign waits for an approval", "campaigns wait for an approval", count
            )
            return text, "/campaigns", "/campaigns"
        case "sequence_approval":
            text = ngettext(
                "sequence has a change that waits for an approval",
                "sequences have changes that wait for an approval",
                count,
            )
            return text, "/sequences", "/sequences"
        case "braked":
            text = ngettext("campaign paused itself", "campaigns paused themselves", count)
            return text, "/campaigns?status=paused", "/campaigns"
        case "device_offline":
            text = ngettext("device is offline", "devices are offline", count)
            return text, "/devices", "/devices"
        case _:  # "unattributed"
            text = ngettext(
                "reply of somebody whom nobody knows",
                "replies of people whom nobody knows",
                count,
            )
            return text, "/replies?attributed=false", ""
