"""/enrollments: who is on a journey through a sequence, and who has left it and why."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.http.blueprints import Blueprint
from api.http.context import actor, outreach, page, resource
from api.schemas import serializers
from api.schemas.enrollments import Enrollment, EnrollmentQuery, NewEnrollment
from api.schemas.fields import Nothing, page_of

blueprint = Blueprint("enrollments", __name__, url_prefix="/api/v1/enrollments")


def _show(enrollment_id: UUID) -> Any:
    return resource("enrollment", enrollment_id, serializers.enrollment)


@blueprint.post("", needs="operator")
@blueprint.arguments(NewEnrollment)
@blueprint.response(201, Enrollment)
@blueprint.alt_response(404, description="there is no such lead or sequence")
def enroll(data: dict[str, Any]) -> Any:
    """Let one lead enter an active sequence now, whatever its triggers and niche"""
    began = outreach().enroll_lead(data["lead_id"], data["sequence_id"], actor=actor())
    return _show(began.id)


@blueprint.get("", needs="viewer")
@blueprint.arguments(EnrollmentQuery, location="query")
@blueprint.response(200, page_of(Enrollment))
def index(query: dict[str, Any]) -> Any:
    """List enrollments"""
    return page("enrollment", query, serializers.enrollment)


@blueprint.get("/<uuid:enrollment_id>", needs="viewer")
@blueprint.response(200, Enrollment)
def show(enrollment_id: UUID) -> Any:
    """Show an enrollment"""
    return _show(enrollment_id)


@blueprint.post("/<uuid:enrollment_id>/stop", needs="operator")
@blueprint.arguments(Nothing, required=False)
@blueprint.response(200, Enrollment)
def stop(_: dict[str, Any], enrollment_id: UUID) -> Any:
    """Stop it, and cancel what is not dispatched yet"""
    outreach().stop_enrollment(enrollment_id, actor=actor())
    return _show(enrollment_id)
