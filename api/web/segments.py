"""Segments: the list, who is in one, and the form in which conditions are rows."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, g, redirect, request, url_for
from werkzeug.wrappers import Response

from api.web import asking, forms, segment_names, segment_rows
from api.web.asking import ApiError
from api.web.rendering import offer, render
from api.web.segment_rows import EMPTY, SPARE, Row
from api.web.texts import gettext as _
from api.web.zones import with_offsets

blueprint = Blueprint("web_segments", __name__)

PAGE = 50
# How many segments a choice offers.
MOST = 500
# What the buttons of the form do beside saving.
COUNT, MORE = "count", "more"


@blueprint.get("/segments")
def index() -> str:
    """A page of segments."""
    return render(
        "segments.html", clauses=segment_rows.clauses(), **asking.listed("/segments", PAGE)
    )


@blueprint.get("/segments/new")
def new() -> str | tuple[str, int]:
    """The form, with the rows in the address, or with the filters of the list of leads."""
    rows = segment_rows.of_form(request.args) or segment_rows.of_filters(
        with_offsets(request.args.to_dict())
    )
    if request.args.get("do") == COUNT:
        return _counted(rows, "")
    return _form(rows)


@blueprint.post("/segments/new")
def make() -> Response | str | tuple[str, int]:
    """Saves a segment; or counts who would be in it, or adds rows to the form."""
    return _sent(None)


@blueprint.get("/segments/<uuid:segment_id>")
def show(segment_id: UUID) -> str:
    """One segment, and a page of who is in it."""
    segment = asking.get(f"/segments/{segment_id}")
    return _page(segment, None)


@blueprint.get("/segments/<uuid:segment_id>/count")
def count(segment_id: UUID) -> str:
    """How many are in it, alone."""
    segment = asking.get(f"/segments/{segment_id}")
    return render("segment_count.html", count=_preview(segment)["count"])


@blueprint.get("/segments/<uuid:segment_id>/edit")
def edit(segment_id: UUID) -> str:
    """The form with what the segment asks."""
    forms.need("operator")
    segment = asking.get(f"/segments/{segment_id}")
    return _form(segment_rows.of_segment(segment), segment["name"], segment_id)


@blueprint.post("/segments/<uuid:segment_id>/edit")
def change(segment_id: UUID) -> Response | str | tuple[str, int]:
    """Saves what it asks from now on; or counts, or adds rows."""
    return _sent(segment_id)


@blueprint.post("/segments/<uuid:segment_id>/delete")
def delete(segment_id: UUID) -> Response | tuple[str, int]:
    """Takes it away."""
    forms.need("admin")
    try:
        asking.send("DELETE", f"/segments/{segment_id}")
    except ApiError as error:
        return _page(asking.get(f"/segments/{segment_id}"), forms.mendable(error)), error.status
    return redirect(url_for("web_segments.index"), 303)


@blueprint.post("/<any(campaigns, sequences):what>/<uuid:id_>/segment")
def choose(what: str, id_: UUID) -> Response:
    """Names the segment of a campaign that has not started, or of a sequence."""
    forms.need("operator")
    chosen = request.form.get("segment_id") or None
    asking.send("PATCH", f"/{what}/{id_}", {"segment_id": chosen})
    return redirect(f"/{what}/{id_}", 303)


def _sent(segment_id: UUID | None) -> Response | str | tuple[str, int]:
    forms.need("operator")
    rows, name = segment_rows.of_form(request.form), request.form.get("name", "")
    if request.form.get("do") == MORE:
        return _form(rows, name, segment_id, spare=2 * SPARE)
    if request.form.get("do") == COUNT:
        return _counted(rows, name, segment_id)
    body = {"name": name, **segment_rows.conditions(rows)}
    try:
        if segment_id is None:
            saved = asking.send("POST", "/segments", body, forms.once_given())
        else:
            saved = asking.send("PATCH", f"/segments/{segment_id}", body)
    except ApiError as error:
        return _form(rows, name, segment_id, forms.mendable(error)), error.status
    return redirect(url_for("web_segments.show", segment_id=saved["id"]), 303)


def _counted(rows: list[Row], name: str, segment_id: UUID | None = None) -> str | tuple[str, int]:
    """The form, and who would be in the segment."""
    try:
        found = _preview(segment_rows.conditions(rows))
    except ApiError as error:
        return _form(rows, name, segment_id, forms.mendable(error)), error.status
    return _form(rows, name, segment_id, found=found)


def _preview(asked: dict[str, Any]) -> Any:
    return asking.send(
        "POST", "/segments/preview", {clause: asked[clause] for clause in ("all", "any", "none")}
    )


def _form(
    rows: list[Row],
    name: str = "",
    segment_id: UUID | None = None,
    wrong: ApiError | None = None,
    *,
    found: Any = None,
    spare: int = SPARE,
) -> str:
    return render(
        "segment_form.html",
        address=f"/segments/{segment_id}/edit" if segment_id else "/segments/new",
        name=name,
        rows=[*rows, *[EMPTY] * spare],
        clauses=segment_rows.clauses(),
        fields=segment_rows.fields(),
        ops=segment_rows.ops(),
        named=segment_names.choices(),
        found=found,
        row_path=segment_rows.row_path,
        wrong=wrong and wrong.renamed(partial(segment_rows.path_in_form, rows)),
    )


def _page(segment: dict[str, Any], wrong: ApiError | None) -> str:
    found = asking.listed(f"/segments/{segment['id']}/leads", PAGE)
    return render(
        "segment.html",
        segment=segment,
        clauses=segment_rows.clauses(),
        **found | {"wrong": wrong or found["wrong"]},
    )


def _words(condition: dict[str, Any]) -> str:
    """A condition for people, without what has to be true of it."""
    (row,) = segment_rows.of_segment({"all": [condition], "any": [], "none": []})
    field = row["attribute"] or dict(segment_rows.fields()).get(row["field"], row["field"])
    if row["op"] != "exists" and row["field"].endswith(("_before", "_after", "_since")):
        return f"{field} {row['value']}"  # the field says it
    return f"{field} {dict(segment_rows.ops())[row['op']]} {row['value']}"


def _choices() -> list[dict[str, Any]]:
    """All of them, asked for once in a page."""
    if "segment_choices" not in g:
        g.segment_choices = asking.get("/segments", limit=MOST)["items"]
    found: list[dict[str, Any]] = g.segment_choices
    return found


def _name(campaign: dict[str, Any]) -> str:
    """What the segment of a campaign is called, or was when the campaign began."""
    if campaign["segment"]:
        return str(campaign["segment"]["name"])
    named = {each["id"]: each["name"] for each in _choices()}
    return str(named.get(campaign["segment_id"], _("Segment")))


def _address() -> str:
    """The form with the filters of the present page."""
    return f"/segments/new?{urlencode(request.args.to_dict())}"


offer(
    segment_words=_words,
    segment_choices=_choices,
    segment_address=_address,
    segment_clauses=segment_rows.clauses,
    segment_name=_name,
)
