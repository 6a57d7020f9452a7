"""Changes to one person: consent, triggers, what is said of them, and forgetting them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from uuid import UUID

from flask import Blueprint, redirect, request, url_for

from api.web import asking, forms, people, zones
from api.web.asking import ApiError
from api.web.forms import Answer
from api.web.texts import gettext as _

blueprint = Blueprint("web_person", __name__)


def _done(lead_id: UUID, method: str, path: str = "", body: dict[str, Any] | None = None) -> Answer:
    """Sends the change, and shows the person, with the refusal if there is one."""
    return forms.change(
        method,
        f"/leads/{lead_id}{path}",
        body,
        url_for("web_people.show", lead_id=lead_id),
        lambda wrong: people.page(lead_id, wrong=wrong),
    )


@blueprint.post("/leads/<uuid:lead_id>/<any('opt-out', 'opt-in'):wish>")
def consent(lead_id: UUID, wish: str) -> Answer:
    """The person wants no messages any more, or wants them again; with what proves it."""
    forms.need("operator")
    return _done(lead_id, "POST", f"/{wish}", {"evidence": forms.text("evidence")})


@blueprint.post("/leads/<uuid:lead_id>/consents")
def agree(lead_id: UUID) -> Answer:
    """Records what the person agreed to; without a time it is of now."""
    forms.need("operator")
    given = {name: forms.text(name) for name in ("purpose", "source", "words", "given_at")}
    body = given | {"given_at": zones.instant(given["given_at"])}
    return forms.change(
        "POST",
        f"/leads/{lead_id}/consents",
        {name: value for name, value in body.items() if value},
        url_for("web_people.show", lead_id=lead_id),
        lambda wrong: people.page(lead_id, wrong=wrong),
    )


@blueprint.post("/leads/<uuid:lead_id>/consents/withdraw")
def withdraw(lead_id: UUID) -> Answer:
    """The person agrees no more to one purpose."""
    forms.need("operator")
    purpose = quote(forms.text("purpose"), safe="")
    return _done(lead_id, "DELETE", f"/consents/{purpose}", {"evidence": forms.text("evidence")})


@blueprint.post("/leads/<uuid:lead_id>/messages")
def write(lead_id: UUID) -> Answer:
    """Writes to this one person, and leads to the message's proof."""
    forms.need("operator")
    given = {name: forms.text(name) for name in ("body", "media_url")}
    body = {name: value for name, value in given.items() if value or name == "body"}
    try:
        made = asking.send("POST", f"/leads/{lead_id}/messages", body, forms.once_given())
    except ApiError as error:
        return people.page(lead_id, wrong=forms.mendable(error)), error.status
    return redirect(url_for("web_messages.show", message_id=made["id"]), 303)


@blueprint.post("/leads/<uuid:lead_id>/triggers")
def add_trigger(lead_id: UUID) -> Answer:
    """Gives the person a trigger."""
    forms.need("operator")
    return _done(lead_id, "POST", "/triggers", {"trigger": forms.text("trigger")})


@blueprint.post("/leads/<uuid:lead_id>/edit")
def edit(lead_id: UUID) -> Answer:
    """Changes what was written anew of what is said of the person, so that the rest stays as
    another one has it by now; a new phone has what proves it."""
    forms.need("operator")
    try:
        body: dict[str, Any] = {
            "name": forms.text("name"),
            "niche": forms.words("niche"),
            "target_status": forms.text("target_status"),
            "device_id": forms.text("device_id") or None,
            "timezone": forms.text("timezone") or None,
            "attributes": forms.pairs("attributes"),
        }
    except ApiError as error:
        return people.page(lead_id, wrong=error), error.status
    body = {name: value for name, value in body.items() if _is_new(name)}
    if _is_new("phone"):
        body["phone"] = forms.text("phone")
        if forms.text("evidence"):
            body["evidence"] = forms.text("evidence")
    return _done(lead_id, "PATCH", body=body)


def _is_new(name: str) -> bool:
    """Whether a field has something else than the form had when it was shown."""
    before = request.form.get(f"{name}_before")
    return before is None or before.split() != forms.text(name).split()


@blueprint.post("/leads/<uuid:lead_id>/erase")
def erase(lead_id: UUID) -> Answer:
    """Forgets who this was, once the person's phone was typed."""
    forms.need("admin")
    typed = forms.text("phone")
    try:
        found = asking.get("/leads", phone=typed)["items"] if typed else []
    except ApiError as error:
        return people.page(lead_id, wrong=forms.mendable(error)), error.status
    if [each["id"] for each in found] != [str(lead_id)]:
        message = _("expected the phone of this person; nobody was erased")
        wrong = ApiError(422, {"message": f"phone: {message}"})
        return people.page(lead_id, wrong=wrong), wrong.status
    return _done(lead_id, "DELETE")


@blueprint.post("/leads/<uuid:lead_id>/triggers/remove")
def remove_trigger(lead_id: UUID) -> Answer:
    """Takes a trigger away; whoever is under way by it goes on."""
    forms.need("operator")
    return _done(lead_id, "DELETE", f"/triggers/{quote(forms.text('trigger'), safe='')}")
