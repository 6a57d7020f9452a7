"""People: the list of leads, and all that is known of one, as of any instant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from api.web import asking, bulk, texts
from api.web.asking import ApiError
from api.web.rendering import render
from api.web.zones import with_offsets, zone
from domain.values import matching

blueprint = Blueprint("web_people", __name__)

PAGE = 50
# Of a person's replies and devices to choose from.
MOST = 100
# Sequences that somebody may enter who has their trigger, sooner or later.
_TAKING = ("active", "paused")
# Why somebody who was in a sequence does not enter it again. Another reason is one of messages.
_KEPT_OUT = (
    "already_enrolled",
    "niche",
    "target_status",
    "segment",
    "opted_out",
    "unreachable",
    "merged",
    "erased",
)
# Filters that are not used every day.
MORE = ("device_id", "created_after", "created_before")
TARGET_STATUSES = ("prospect", "customer")


@blueprint.get("/leads")
def index() -> str | Response:
    """A page of leads."""
    asked = {name: value for name, value in request.args.items() if value}
    if "attribute" in asked:
        # A form names its fields before it knows which attribute is meant.
        name, value = asked.pop("attribute"), asked.pop("value", "")
        query = urlencode(asked | {f"attribute.{name}": value})
        return redirect(f"{url_for('.index')}?{query}", 303)
    asked.pop("value", None)
    filters: dict[str, Any] = {"limit": PAGE} | with_offsets(asked)
    found, wrong = asking.filtered("/leads", filters, {"items": [], "next_cursor": None})
    attributes = [(k.removeprefix("attribute."), v) for k, v in asked.items() if "attribute." in k]
    return render(
        "leads.html",
        leads=found["items"],
        next_cursor=found["next_cursor"],
        asked=asked,
        attribute=attributes[0] if attributes else ("", ""),
        more=bool(attributes or set(asked) & set(MORE)),
        devices=_devices(),
        verbs=bulk.offered("leads"),
        filters=bulk.filters(),
        wrong=wrong,
    )


@blueprint.get("/leads/<uuid:lead_id>")
def show(lead_id: UUID) -> str | Response:
    """One person, today or at ``as_of``, which is of the reader's zone; ``after`` so many of the
    events it goes on to the instant of the last one."""
    after = request.args.get("after", "")
    if not after:
        return _at(lead_id, request.args.get("as_of", ""))
    entries = asking.get(f"/audit/leads/{lead_id}")["entries"]
    if not after.isdecimal() or not 1 <= int(after) <= len(entries):
        asking.refused()
        return page(lead_id, wrong=_expected("after", f"a number from 1 to {len(entries)}"))
    if int(after) == len(entries):
        return redirect(url_for(".show", lead_id=lead_id), 303)
    at = datetime.fromisoformat(entries[int(after) - 1]["timestamp"]).astimezone(zone())
    # Fields for instants know milliseconds at most.
    up = (at + timedelta(milliseconds=1)).replace(tzinfo=None).isoformat(timespec="milliseconds")
    return redirect(url_for(".show", lead_id=lead_id, as_of=up), 303)


def _at(lead_id: UUID, as_of: str) -> str:
    """The person at an instant, as the form has it."""
    try:
        instant = datetime.fromisoformat(as_of).replace(tzinfo=zone()).isoformat() if as_of else ""
    except ValueError:
        asking.refused()
        return page(lead_id, as_of, wrong=_expected("as_of", "such as 2026-03-02T09:00"))
    return page(lead_id, as_of, instant)


def _expected(name: str, expected: str) -> ApiError:
    """The refusal of a field of a form that the API does not know."""
    fault = {"query": {name: [f"Expected {expected}."]}}
    return ApiError(asking.REFUSED, {"message": f"{name}: expected {expected}", "errors": fault})


def page(lead_id: UUID, as_of: str = "", instant: str = "", wrong: ApiError | None = None) -> str:
    """All that is known of a person, now or at an ``instant``, which the form has as ``as_of``;
    ``wrong`` is what was refused."""
    now = asking.get(f"/audit/leads/{lead_id}")
    trail = asking.get(f"/audit/leads/{lead_id}", as_of=instant) if instant else now
    return render(
        "lead.html",
        lead_id=lead_id,
        trail=trail,
        state=trail["state"],
        as_of=as_of,
        events=len(now["entries"]),
        wrong=wrong,
        today=None if instant else _today(lead_id),
    )


def _today(lead_id: UUID) -> dict[str, Any]:
    """What only today has: what is pending and why, the replies, and what forms offer."""
    lead = asking.get(f"/leads/{lead_id}")
    sequences = asking.get("/sequences", limit=MOST)["items"]
    return {
        "lead": lead,
        "entering": list(_entering(lead, sequences)),
        "attributes": "\n".join(f"{k}: {v}" for k, v in (lead["attributes"] or {}).items()),
        "waits_for": {
            each["id"]: each["waits_for"]
            for each in asking.get("/messages", lead_id=lead_id, limit=MOST)["items"]
        },
        "replies": asking.get("/replies", lead_id=lead_id, limit=MOST)["items"],
        "sequences": _names(sequences),
        "campaigns": _names(asking.get("/campaigns", limit=MOST)["items"]),
        "devices": _devices(),
        "statuses": [(each, texts.word(each)) for each in TARGET_STATUSES],
    }


def _entering(lead: dict[str, Any], sequences: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The sequences whose trigger the person has: whether the person ``enters``, and else why
    not."""
    for each in sequences:
        if each["status"] not in _TAKING or matching(each["trigger"], lead["triggers"]) is None:
            continue
        answer = asking.get("/audit/why-not", lead_id=lead["id"], sequence_id=each["id"])
        is_again = bool(answer["message_ids"]) and answer["reason"] not in _KEPT_OUT
        enters = each["status"] == "active" and (is_again or answer["reason"] == "not_reached")
        yield {"sequence": each, "enters": enters, "story": answer["story"]}


def _names(items: list[dict[str, Any]]) -> dict[str, str]:
    return {each["id"]: each["name"] for each in items}


def _devices() -> list[tuple[str, str]]:
    """Those in service, to choose from."""
    return [
        (each["id"], each["name"])
        for each in asking.get("/devices", limit=MOST)["items"]
        if each["status"] != "retired"
    ]
