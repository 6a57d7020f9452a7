"""/sequences: ordered steps that a lead enters by a trigger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec

from api.http.blueprints import Blueprint
from api.http.context import actor, check_pool, gateways_in_service, outreach, page, resource
from api.schemas import serializers
from api.schemas.fields import Nothing, Seen, fill_max_delay, page_of
from api.schemas.sequences import (
    AddedStep,
    ChangedSequence,
    CheckedSequence,
    CopyOfSequence,
    NewSequence,
    Sequence,
    SequenceQuery,
    SequenceRevision,
    StepChange,
)
from domain import content_check, sequence
from domain.application.sequence_edits import Replanned
from domain.planning import Step

blueprint = Blueprint("sequences", __name__, url_prefix="/api/v1/sequences")


def _show(sequence_id: UUID) -> Any:
    return resource("sequence", sequence_id, serializers.sequence)


def _show_checked(sequence_id: UUID) -> Any:
    return {**_show(sequence_id), "warnings": outreach().warnings_about_sequence(sequence_id)}


def _show_changed(sequence_id: UUID, replanned: Replanned) -> Any:
    """The sequence after a change of it, and what that did to those under way."""
    return {**_show_checked(sequence_id), **replanned._asdict()}


@blueprint.post("", needs="operator")
@blueprint.arguments(NewSequence)
@blueprint.response(201, CheckedSequence)
def define(data: dict[str, Any]) -> Any:
    """Define a sequence, as a draft

    Sequences that hand people over to each other in a cycle without any delay are refused with 409.
    """
    steps = data.pop("steps")
    windows = tuple(data.pop("windows", ()))
    data["niche"] = tuple(data.get("niche", ()))
    check_pool(data)
    fill_max_delay(data, default=0.0)
    gateways = gateways_in_service()

    def definition(sequence_id: UUID) -> sequence.Definition:
        defined = tuple(
            sequence.step(sequence_id, 1, number, **step)
            for number, step in enumerate(steps, start=1)
        )
        for number, step in enumerate(defined, start=1):
            content_check.check_length(f"steps[{number}].body", step, gateways)
        return sequence.Definition(**data, windows=windows, steps=defined)

    return _show_checked(outreach().define_sequence(definition, actor=actor()).id)


@blueprint.get("", needs="viewer")
@blueprint.arguments(SequenceQuery, location="query")
@blueprint.response(200, page_of(Sequence))
def index(query: dict[str, Any]) -> Any:
    """List sequences"""
    return page("sequence", query, serializers.sequence)


@blueprint.get("/<uuid:sequence_id>", needs="viewer")
@blueprint.response(200, Sequence)
def show(sequence_id: UUID) -> Any:
    """Show a sequence"""
    return _show(sequence_id)


@blueprint.patch("/<uuid:sequence_id>", needs="operator")
@blueprint.arguments(SequenceRevision, required=False)
@blueprint.response(200, ChangedSequence)
def revise(data: dict[str, Any], sequence_id: UUID) -> Any:
    """Change a sequence

    Other windows, or another time zone or first delay, plan what is pending anew. The trigger stays
    as it is. A changed niche, target status, segment or re-entry policy is for those who come from
    now on. Naming the segment again takes over what became of it meanwhile.
    """
    seen = data.pop("version", None)
    for name in ("windows", "niche"):
        if name in data:
            data[name] = tuple(data[name])
    check_pool(data)

    def change(definition: sequence.Definition) -> sequence.Definition:
        fill_max_delay(data, default=definition.max_delay_seconds)
        anew = {"segment": None} if "segment_id" in data else {}
        return msgspec.structs.replace(definition, **data, **anew)

    replanned = outreach().revise_sequence(sequence_id, change, seen=seen, actor=actor())
    return _show_changed(sequence_id, replanned)


@blueprint.post("/<uuid:sequence_id>/approve", needs="operator")
@blueprint.arguments(Seen, required=False)
@blueprint.response(200, ChangedSequence)
def approve(data: dict[str, Any], sequence_id: UUID) -> Any:
    """Approve a draft, or carry out what was proposed; not by who wrote it"""
    seen = data.get("version")
    replanned = outreach().approve_sequence(sequence_id, seen=seen, actor=actor())
    return _show_changed(sequence_id, replanned)


@blueprint.post("/<uuid:sequence_id>/discard", needs="operator")
@blueprint.arguments(Nothing, required=False)
@blueprint.response(200, Sequence)
def discard(_: dict[str, Any], sequence_id: UUID) -> Any:
    """Do nothing of what was proposed"""
    outreach().discard_proposals(sequence_id, actor=actor())
    return _show(sequence_id)


@blueprint.delete("/<uuid:sequence_id>", needs="admin")
@blueprint.response(204)
def delete(sequence_id: UUID) -> None:
    """Delete a draft; needs a key of role admin

    What is no draft any more is refused with 409: it can be deactivated or stopped.
    """
    outreach().delete_sequence(sequence_id, actor=actor())


@blueprint.post("/<uuid:sequence_id>/copy", needs="operator")
@blueprint.arguments(CopyOfSequence, required=False)
@blueprint.response(201, CheckedSequence)
def copy(data: dict[str, Any], sequence_id: UUID) -> Any:
    """Copy a sequence of any status, as a draft

    The steps of the copy are numbered from 1 in their order.
    """
    return _show_checked(outreach().copy_sequence(sequence_id, **data, actor=actor()).id)


@blueprint.patch("/<uuid:sequence_id>/steps/<int:number>", needs="operator")
@blueprint.arguments(StepChange, required=False)
@blueprint.response(200, ChangedSequence)
def revise_step(data: dict[str, Any], sequence_id: UUID, number: int) -> Any:
    """Change a step for every message that is not dispatched yet

    Another delay or time plans what is pending of it, and of the steps after it, anew.
    """
    by = {"seen": data.pop("version", None), "actor": actor()}
    says = data.keys() & {"body", "media_url", "template"}
    gateways = gateways_in_service() if says else ()

    def check(step: Step) -> None:
        content_check.check_length("body", step, gateways)

    replanned = outreach().revise_step(sequence_id, number, check=check, **data, **by)
    return _show_changed(sequence_id, replanned)


@blueprint.post("/<uuid:sequence_id>/steps", needs="operator")
@blueprint.arguments(AddedStep)
@blueprint.response(201, ChangedSequence)
def add_step(data: dict[str, Any], sequence_id: UUID) -> Any:
    """Add a step, at the end or before another

    Those under way get it too, but for whom a later step was sent already. It is called by the next
    number that no step had; no other step changes its number.
    """
    before = data.pop("at", None)
    gateways = gateways_in_service()
    number = outreach().get_sequence(sequence_id).steps_ever + 1
    written = sequence.step(sequence_id, 1, number, place="", **data)
    content_check.check_length("body", written, gateways)
    replanned = outreach().add_step(sequence_id, before, **data, actor=actor())
    return _show_changed(sequence_id, replanned)


@blueprint.delete("/<uuid:sequence_id>/steps/<int:number>", needs="admin")
@blueprint.response(200, ChangedSequence)
def remove_step(sequence_id: UUID, number: int) -> Any:
    """Take a step away; needs a key of role admin

    What is pending of it is cancelled as step_removed. The next step keeps its own delay after the
    one sent last. The number is given to no other step.
    """
    replanned = outreach().remove_step(sequence_id, number, actor=actor())
    return _show_changed(sequence_id, replanned)


def _action(
    name: str, command: Callable[[UUID], object], summary: str, *, checked: bool = False
) -> None:
    """Registers ``POST /sequences/{id}/<name>``, which calls ``command`` and shows the sequence,
    with warnings if it is ``checked``."""

    def act(_: dict[str, Any], sequence_id: UUID) -> Any:
        command(sequence_id)
        return _show_checked(sequence_id) if checked else _show(sequence_id)

    act.__name__ = name
    act.__doc__ = summary
    answered = blueprint.response(200, CheckedSequence if checked else Sequence)(act)
    blueprint.post(f"/<uuid:sequence_id>/{name}", needs="operator")(
        blueprint.arguments(Nothing, required=False)(answered)
    )


_action(
    "activate",
    lambda id_: outreach().activate_sequence(id_, actor=actor()),
    "Let leads enter",
    checked=True,
)
_action(
    "pause",
    lambda id_: outreach().pause_sequence(id_, actor=actor()),
    "Enroll nobody, and hold what is pending",
)
_action(
    "resume",
    lambda id_: outreach().resume_sequence(id_, actor=actor()),
    "Go on",
)
_action(
    "deactivate",
    lambda id_: outreach().deactivate_sequence(id_, actor=actor()),
    "Enroll nobody any more; what is pending goes",
)
_action(
    "stop",
    lambda id_: outreach().deactivate_sequence(id_, cancel_pending=True, actor=actor()),
    "Enroll nobody any more, and cancel what is pending",
)
