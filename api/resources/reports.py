"""/reports: counts that always add up."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from api.http.blueprints import Blueprint
from api.http.context import container
from api.schemas.reports import CampaignReport, DeviceReports, Overview, SequenceReport
from projections.queries import reports

blueprint = Blueprint("reports", __name__, url_prefix="/api/v1/reports")


def _connection() -> Any:
    return container().database.transaction()


@blueprint.get("/overview")
@blueprint.response(200, Overview)
def overview() -> Any:
    """Everything at a glance"""
    with _connection() as connection:
        return reports.overview(connection)


@blueprint.get("/campaigns/<uuid:campaign_id>")
@blueprint.response(200, CampaignReport)
def campaign(campaign_id: UUID) -> Any:
    """What became of a campaign"""
    with _connection() as connection:
        return reports.campaign(connection, campaign_id)


@blueprint.get("/sequences/<uuid:sequence_id>")
@blueprint.response(200, SequenceReport)
def sequence(sequence_id: UUID) -> Any:
    """A sequence's funnel, step by step"""
    with _connection() as connection:
        return reports.sequence(connection, sequence_id)


@blueprint.get("/devices")
@blueprint.response(200, DeviceReports)
def devices() -> Any:
    """What each device did, day by day"""
    with _connection() as connection:
        return {"items": _devices(connection)}


def _devices(connection: Connection) -> list[dict[str, Any]]:
    names = ("day", "claimed", "sent", "failed", "unknown")
    return [
        {
            "device_id": found.device_id,
            "name": found.name,
            "status": found.status,
            "days": [dict(zip(names, day, strict=True)) for day in found.days],
        }
        for found in reports.devices(connection)
    ]
