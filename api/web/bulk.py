"""Changes to many leads or messages at once: by the filters of their list, or to those that were
ticked. First what would become of them is shown, with the number, and nothing is written."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, redirect, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from api.web import asking, forms, zones
from api.web.asking import ApiError
from api.web.rendering import render
from api.web.texts import gettext as _
from projections.records.api_keys import Role

blueprint = Blueprint("web_bulk", __name__)

# What may be done to many, by their list, with the role that it needs.
VERBS: dict[str, dict[str, Role]] = {
    "leads": {
        "add_trigger": "operator",
        "remove_trigger": "operator",
        "set": "operator",
        "opt_out": "operator",
        "erase": "admin",
    },
    "messages": {"retry": "operator", "cancel": "operator", "resolve": "operator"},
}
# The beginning of the names of fields that hold a filter of the list.
FILTER = "filter."
# What a list's address has beside its filters.
_NO_FILTERS = ("limit", "cursor", "order")
# What was refused, on the page.
SHOWN = 50


def offered(kind: str) -> list[str]:
    """What who is signed in may do to many of that list."""
    return [verb for verb, role in VERBS[kind].items() if forms.may(role)]


def filters() -> list[tuple[str, str]]:
    """The filters in this page's address."""
    return [(k, v) for k, v in request.args.items() if v and k not in _NO_FILTERS]


@blueprint.post("/<any(leads, messages):kind>/bulk/check")
def check(kind: str) -> str | tuple[str, int]:
    """How many are meant, and what would become of them."""
    body = _body(kind)
    try:
        _tick(body)
        summary = asking.send("POST", f"/{kind}/bulk", {**body, "dry_run": True})
    except ApiError as error:
        return _page(kind, wrong=forms.mendable(error)), error.status
    return _page(kind, summary=summary)


@blueprint.post("/<any(leads, messages):kind>/bulk")
def do(kind: str) -> str | Response | tuple[str, int]:
    """Does it."""
    body = _body(kind)
    try:
        summary = asking.send("POST", f"/{kind}/bulk", body, forms.once_given())
    except ApiError as error:
        return _page(kind, wrong=forms.mendable(error)), error.status
    if not summary["refused"]:
        return redirect(_back(kind), 303)
    return _page(kind, done=summary)


def _body(kind: str) -> dict[str, Any]:
    """What was asked for, as the API takes it."""
    verb = forms.text("do")
    forms.need(VERBS[kind].get(verb, "admin"))
    body: dict[str, Any] = {"do": verb}
    if request.form.get("whom") == "ticked":
        body["ids"] = request.form.getlist("ids")
    else:
        body["filter"] = zones.with_offsets(dict(_given_filters()))
        if not body["filter"]:
            body["all"] = True
    if verb in ("add_trigger", "remove_trigger"):
        body["trigger"] = forms.text("trigger")
    elif verb == "opt_out":
        body["evidence"] = forms.text("evidence")
    elif verb == "set":
        wanted = {"niche": forms.words("niche"), "target_status": forms.text("target_status")}
        body["set"] = {name: value for name, value in wanted.items() if value}
    elif verb == "resolve":
        body["resolution"] = forms.text("resolution")
        if forms.text("reason"):
            body["reason"] = forms.text("reason")
    return body


def _tick(body: dict[str, Any]) -> None:
    """Raises ApiError where those are meant that are ticked, and none is."""
    if body.get("ids") == []:
        raise ApiError(422, {"message": _("Nothing is ticked: tick at least one in the list.")})


def _given_filters() -> list[tuple[str, str]]:
    return [
        (name.removeprefix(FILTER), value)
        for name, value in request.form.items()
        if name.startswith(FILTER) and value
    ]


def _back(kind: str) -> str:
    """The list, with its filters."""
    return f"/{kind}?{urlencode(_given_filters())}"


def _page(kind: str, **values: Any) -> str:
    again: MultiDict[str, str] = MultiDict(
        (name, value)
        for name, value in request.form.items(multi=True)
        if name not in ("proof", forms.ONCE)
    )
    shown = {"summary": None, "done": None, "wrong": None, **values}
    return render(
        "bulk.html",
        kind=kind,
        verb=forms.text("do"),
        again=list(again.items(multi=True)),
        back=_back(kind),
        offered=offered(kind),
        filters=_given_filters(),
        shown=SHOWN,
        **shown,
    )
