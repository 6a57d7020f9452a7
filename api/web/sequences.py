"""Sequences: the list, one with its steps and funnel, and holding or ending it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from api.web import asking, forms
from api.web.asking import ApiError
from api.web.rendering import render

blueprint = Blueprint("web_sequences", __name__)

PAGE = 50
# What a person may do to a sequence, by its status.
ACTIONS = {
    "draft": ("activate",),
    "active": ("pause", "deactivate"),
    "paused": ("resume",),
}


@blueprint.get("/sequences")
def index() -> str:
    """A page of sequences."""
    return render("sequences.html", **asking.listed("/sequences", PAGE))


@blueprint.get("/sequences/<uuid:sequence_id>")
def show(sequence_id: UUID) -> str:
    """One sequence."""
    return _page(sequence_id)


@blueprint.post("/sequences/<uuid:sequence_id>/<any(activate, pause, resume, deactivate):action>")
def change(sequence_id: UUID, action: str) -> Response | tuple[str, int]:
    """Begins, holds or ends it."""
    forms.need("operator")
    try:
        asking.send("POST", f"/sequences/{sequence_id}/{action}", once=forms.once_given())
    except ApiError as error:
        return _page(sequence_id, forms.mendable(error)), error.status
    return redirect(url_for("web_sequences.show", sequence_id=sequence_id), 303)


@blueprint.post("/sequences/<uuid:sequence_id>/steps/<int:number>")
def edit(sequence_id: UUID, number: int) -> Response | tuple[str, int]:
    """Another text of a step: what was not handed over yet gets it."""
    forms.need("operator")
    body = {"body": request.form.get("body", "")}
    try:
        asking.send("PATCH", f"/sequences/{sequence_id}/steps/{number}", body)
    except ApiError as error:
        return _page(sequence_id, forms.mendable(error)), error.status
    return redirect(url_for("web_sequences.show", sequence_id=sequence_id), 303)


def _page(sequence_id: UUID, wrong: ApiError | None = None) -> str:
    sequence: dict[str, Any] = asking.get(f"/sequences/{sequence_id}")
    report = asking.get(f"/reports/sequences/{sequence_id}")
    return render(
        "sequence.html",
        sequence=sequence,
        report=report,
        funnel={each["step"]: each for each in report["steps"]},
        actions=ACTIONS.get(sequence["status"], ()),
        wrong=wrong,
    )
