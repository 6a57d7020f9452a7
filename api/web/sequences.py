"""Sequences: the list, one with its steps and funnel, and holding or ending it."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, request, url_for

from api.http.context import container
from api.web import asking, branch_rows, composed, composed_step, forms, texts
from api.web.asking import ApiError
from api.web.forms import Answer
from api.web.rendering import offer, render

blueprint = Blueprint("web_sequences", __name__)

PAGE = 50
PEOPLE = 50
# How many devices a choice offers.
MOST = 500
# What a person may do to a sequence, by its status.
ACTIONS = {
    "draft": ("activate",),
    "active": ("pause", "deactivate", "stop"),
    "paused": ("resume", "deactivate", "stop"),
}

ENROLLMENTS = ("active", "completed", "stopped")
REENTRIES = ("once", "after_completion", "always")


@blueprint.get("/sequences")
def index() -> str:
    """A page of sequences."""
    return render("sequences.html", **asking.listed("/sequences", PAGE))


@blueprint.get("/sequences/new")
def new() -> str:
    """The form for a new sequence and its first step."""
    forms.need("operator")
    return _form()


@blueprint.post("/sequences/new")
def define() -> Answer:
    """Defines it, as a draft: more steps come on its own page."""
    forms.need("operator")
    body: dict[str, Any] = {
        "name": forms.text("name"),
        "trigger": forms.text("trigger"),
        "niche": forms.words("niche"),
        "timezone": forms.text("timezone") or None,
        "requires_consent": forms.text("requires_consent") or None,
        "steps": [composed_step.given()],
    }
    if forms.text("first_delay_minutes"):
        body["first_delay_minutes"] = forms.number("first_delay_minutes")
    try:
        made = asking.send("POST", "/sequences", body, forms.once_given())
    except ApiError as error:
        return _form(_of_step(forms.mendable(error))), error.status
    return redirect(url_for("web_sequences.show", sequence_id=made["id"]), 303)


@blueprint.get("/sequences/<uuid:sequence_id>")
def show(sequence_id: UUID) -> str:
    """One sequence."""
    return _page(sequence_id)


@blueprint.get("/sequences/<uuid:sequence_id>/people")
def people(sequence_id: UUID) -> str:
    """Who is where in it."""
    found = asking.listed("/enrollments", PEOPLE, sequence_id=sequence_id)
    return render(
        "sequence_people.html",
        sequence=asking.get(f"/sequences/{sequence_id}"),
        statuses=[(each, texts.word(each)) for each in ENROLLMENTS],
        **found,
    )


@blueprint.post("/sequences/<uuid:sequence_id>/people/<uuid:enrollment_id>/stop")
def stop_one(sequence_id: UUID, enrollment_id: UUID) -> Answer:
    """Ends the way of one person; what is pending of it is cancelled."""
    forms.need("operator")
    then = url_for("web_sequences.people", sequence_id=sequence_id, status="active")
    path = f"/enrollments/{enrollment_id}/stop"
    return forms.change("POST", path, None, then, lambda wrong: _page(sequence_id, wrong))


@blueprint.post(
    "/sequences/<uuid:sequence_id>"
    "/<any(activate, pause, resume, deactivate, stop, approve, discard):action>"
)
def change(sequence_id: UUID, action: str) -> Answer:
    """Begins, holds or ends it, or decides about what was proposed."""
    forms.need("operator")
    return _done(sequence_id, "POST", f"/{action}", forms.seen() if action == "approve" else None)


@blueprint.post("/sequences/<uuid:sequence_id>/copy")
def copy(sequence_id: UUID) -> Answer:
    """Makes a draft of it, and goes on there."""
    forms.need("operator")
    made = asking.send("POST", f"/sequences/{sequence_id}/copy", {}, forms.once_given())
    return redirect(url_for(".show", sequence_id=made["id"]), 303)


@blueprint.post("/sequences/<uuid:sequence_id>/delete")
def delete(sequence_id: UUID) -> Answer:
    """Takes a draft away."""
    forms.need("admin")
    return forms.change(
        "DELETE",
        f"/sequences/{sequence_id}",
        None,
        url_for(".index"),
        lambda wrong: _page(sequence_id, wrong),
    )


@blueprint.post("/sequences/<uuid:sequence_id>/edit")
def edit(sequence_id: UUID) -> Answer:
    """Another name, or other rules."""
    forms.need("operator")
    body = {
        "name": forms.text("name"),
        "first_delay_minutes": forms.number("first_delay_minutes"),
        "timezone": forms.text("timezone") or None,
        "next_trigger": forms.text("next_trigger") or None,
        "reentry": forms.text("reentry"),
        "stop_on_reply": "stop_on_reply" in request.form,
        "stop_on_manual_message": "stop_on_manual_message" in request.form,
        "niche": forms.words("niche"),
        "target_status": forms.text("target_status"),
        "requires_consent": forms.text("requires_consent") or None,
        "windows": composed.windows(),
        "device_ids": request.form.getlist("device_ids"),
        "min_delay_seconds": forms.number("min_delay_seconds") or 0,
        "max_delay_seconds": forms.number("max_delay_seconds") or 0,
        "ignore_cap": "ignore_cap" in request.form,
    }
    changed = body | forms.seen()
    return _done(sequence_id, "PATCH", "", changed, tried="rules", rules=body)


@blueprint.post("/sequences/<uuid:sequence_id>/steps")
def add_step(sequence_id: UUID) -> Answer:
    """A new step, at the end or before another."""
    forms.need("operator")
    body = composed_step.given()
    if forms.text("at"):
        body["at"] = forms.number("at")
    return _done(sequence_id, "POST", "/steps", body, tried="new")


@blueprint.post("/sequences/<uuid:sequence_id>/steps/<int:number>")
def edit_step(sequence_id: UUID, number: int) -> Answer:
    """Another text or time of a step: what was not handed over yet gets it."""
    forms.need("operator")
    body = composed_step.given() | forms.seen()
    return _done(sequence_id, "PATCH", f"/steps/{number}", body, tried=number)


@blueprint.post("/sequences/<uuid:sequence_id>/steps/<int:number>/remove")
def remove_step(sequence_id: UUID, number: int) -> Answer:
    """Takes a step away; what is pending of it is cancelled."""
    forms.need("admin")
    return _done(sequence_id, "DELETE", f"/steps/{number}")


def _done(
    sequence_id: UUID,
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    **written: Any,
) -> Answer:
    """Sends the change, and shows the sequence, with the refusal if there is one and what was
    ``written`` (``_page``)."""
    return forms.change(
        method,
        f"/sequences/{sequence_id}{path}",
        body,
        url_for("web_sequences.show", sequence_id=sequence_id),
        lambda wrong: _page(sequence_id, _of_step(wrong), **written),
    )


def _of_step(wrong: ApiError) -> ApiError:
    """The refusal of a form that has one step: fields of a step are named without its number."""
    return wrong.renamed(lambda path: re.sub(r"^steps\[[0-9]+\]\.", "", path))


def _form(wrong: ApiError | None = None) -> str:
    first_step = composed_step.NEW if wrong is None else composed_step.of_form()
    return render("sequence_new.html", written=request.form, first_step=first_step, wrong=wrong)


def _page(
    sequence_id: UUID,
    wrong: ApiError | None = None,
    tried: int | str | None = None,
    rules: dict[str, Any] | None = None,
) -> str:
    """One sequence; ``wrong`` is what was refused of a form: that of a step by its number, that of
    a ``new`` one, or that of the ``rules``, whose body it then has."""
    sequence: dict[str, Any] = asking.get(f"/sequences/{sequence_id}")
    report = asking.get(f"/reports/sequences/{sequence_id}")
    steps = {each["number"]: composed_step.of_step(each) for each in sequence["steps"]}
    if tried in steps:
        steps[tried] = composed_step.of_form()
    ruled = {**sequence, **(rules or {})}
    return render(
        "sequence.html",
        sequence=sequence,
        rules=ruled,
        report=report,
        funnel={each["step"]: each for each in report["steps"]},
        actions=ACTIONS.get(sequence["status"], ()),
        window_rows=[
            *composed.window_rows(ruled["windows"]),
            *[composed.ROW] * composed.SPARE_WINDOWS,
        ],
        days=composed.days(),
        devices=asking.get("/devices", limit=MOST)["items"],
        same_trigger=_same_trigger(sequence),
        awaits_approval=_awaits_approval(sequence),
        may_approve=_may_approve(sequence),
        branch_choices=branch_rows.choices(),
        branch_targets=branch_rows.targets,
        reentries=[(each, texts.word(each)) for each in REENTRIES],
        written_steps=steps,
        new_step=composed_step.of_form() if tried == "new" else composed_step.NEW,
        new_step_at=forms.number("at") if tried == "new" else "",
        tried=tried,
        wrong=wrong,
    )


def _same_trigger(sequence: dict[str, Any]) -> list[dict[str, Any]]:
    """Other sequences that people enter by the trigger of this one, while people may enter it."""
    if sequence["status"] not in ("draft", "active", "paused"):
        return []
    own = sequence["trigger"].casefold()
    others = asking.get("/sequences", status="active", limit=MOST)["items"]
    return [
        each
        for each in others
        if each["id"] != sequence["id"] and each["trigger"].casefold() == own
    ]


def _awaits_approval(sequence: dict[str, Any]) -> bool:
    """Whether somebody else has to approve a draft, or what was proposed."""
    if sequence["status"] == "draft":
        return container().settings.house.four_eyes and sequence["approved_by"] is None
    return bool(sequence["proposals"])


def _may_approve(sequence: dict[str, Any]) -> bool:
    """Whether who is signed in may: not who wrote any of it."""
    writers = {sequence["made_by"], sequence["changed_by"]}
    if sequence["status"] != "draft":
        writers = {each["by"] for each in sequence["proposals"]}
    return forms.may("operator") and forms.actor() not in writers


def _next_look() -> str:
    """How long it takes at most until who has a trigger enters."""
    return texts.duration(container().settings.enroll_every)


offer(next_look=_next_look)
