"""/sequences: ordered steps that a lead enters by a trigger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from api.http.blueprints import Blueprint
from api.http.context import actor, gateways_in_service, outreach, page, resource
from api.schemas import serializers
from api.schemas.fields import Nothing, PageQuery, fill_max_delay, page_of
from api.schemas.sequences import NewSequence, Sequence, StepFields
from domain import content_check, sequence
from domain.planning import WEEKDAYS, Window

blueprint = Blueprint("sequences", __name__, url_prefix="/api/v1/sequences")


def _show(sequence_id: UUID) -> Any:
    return resource("sequence", sequence_id, serializers.sequence)


@blueprint.post("")
@blueprint.arguments(NewSequence)
@blueprint.response(201, Sequence)
def define(data: dict[str, Any]) -> Any:
    """Define a sequence, as a draft"""
    steps = data.pop("steps")
    windows = tuple(
        Window(**{**window, "weekdays": tuple(window.get("weekdays", WEEKDAYS))})
        for window in data.pop("windows", [])
    )
    data["niche"] = tuple(data.get("niche", ()))
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

    return _show(outreach().define_sequence(definition, actor=actor()).id)


@blueprint.get("")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_of(Sequence))
def index(query: dict[str, Any]) -> Any:
    """List sequences"""
    return page("sequence", query, serializers.sequence)


@blueprint.get("/<uuid:sequence_id>")
@blueprint.response(200, Sequence)
def show(sequence_id: UUID) -> Any:
    """Show a sequence"""
    return _show(sequence_id)


@blueprint.patch("/<uuid:sequence_id>/steps/<int:number>")
@blueprint.arguments(StepFields, required=False)
@blueprint.response(200, Sequence)
def revise_step(data: dict[str, Any], sequence_id: UUID, number: int) -> Any:
    """Change a step for every message that is not dispatched yet"""
    outreach().revise_step(sequence_id, number, **data, actor=actor())
    return _show(sequence_id)


def _action(name: str, command: Callable[[UUID], object], summary: str) -> None:
    """Registers ``POST /sequences/{id}/<name>``, which calls ``command`` and shows the sequence."""

    def act(_: dict[str, Any], sequence_id: UUID) -> Any:
        command(sequence_id)
        return _show(sequence_id)

    act.__name__ = name
    act.__doc__ = summary
    answered = blueprint.response(200, Sequence)(act)
    blueprint.post(f"/<uuid:sequence_id>/{name}")(
        blueprint.arguments(Nothing, required=False)(answered)
    )


_action(
    "activate",
    lambda id_: outreach().activate_sequence(id_, actor=actor()),
    "Let leads enter",
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
