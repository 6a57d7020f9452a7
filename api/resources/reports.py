"""/reports: counts that always add up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from msgspec.structs import asdict

from api.http.blueprints import Blueprint
from api.http.context import container, now
from api.schemas import serializers
from api.schemas.reports import (
    AttentionLines,
    CampaignReport,
    CampaignReportQuery,
    DeviceReports,
    DeviceReportsQuery,
    Overview,
    OverviewQuery,
    SequenceReport,
    Series,
    SeriesQuery,
    Signals,
    SignalsQuery,
)
from domain import values
from projections.queries import named, reports, waiting_summary
from projections.queries.attention import attention
from projections.queries.series import series
from projections.queries.signals import signals

blueprint = Blueprint("reports", __name__, url_prefix="/api/v1/reports")


@blueprint.get("/overview", needs="viewer")
@blueprint.arguments(OverviewQuery, location="query")
@blueprint.response(200, Overview)
def overview(query: dict[str, Any]) -> Any:
    """Everything at a glance"""
    most = query.get("most")
    with container().database.transaction() as connection:
        found = reports.overview(connection)
        pending = found.messages["pending"]
        if most is not None and pending > most:
            return {**asdict(found), "waiting": None, "waiting_total": pending}
        waiting = waiting_summary.summary(connection, container().settings, now())
    return {**asdict(found), "waiting": waiting.lines, "waiting_total": waiting.total}


@blueprint.get("/attention", needs="viewer")
@blueprint.response(200, AttentionLines)
def attention_() -> Any:
    """What a person has to decide, the most pressing first

    Of each kind up to 20 campaigns, sequences or devices are named; one more line counts the rest.
    """
    with container().database.transaction() as connection:
        return {"items": attention(connection, now())}


@blueprint.get("/campaigns/<uuid:campaign_id>", needs="viewer")
@blueprint.arguments(CampaignReportQuery, location="query")
@blueprint.response(200, CampaignReport)
def campaign(query: dict[str, Any], campaign_id: UUID) -> Any:
    """What became of a campaign"""
    with container().database.transaction() as connection:
        return reports.campaign(connection, campaign_id, **query)


@blueprint.get("/sequences/<uuid:sequence_id>", needs="viewer")
@blueprint.response(200, SequenceReport)
def sequence(sequence_id: UUID) -> Any:
    """A sequence's funnel, step by step"""
    with container().database.transaction() as connection:
        return reports.sequence(connection, sequence_id)


@blueprint.get("/devices", needs="viewer")
@blueprint.arguments(DeviceReportsQuery, location="query")
@blueprint.response(200, DeviceReports)
def devices(query: dict[str, Any]) -> Any:
    """What each device did, day by day"""
    with container().database.transaction() as connection:
        named.check(connection, query)
        found = reports.devices(connection, **query)
    return {"items": [serializers.device_report(row) for row in found]}


# How far a series goes back that does not say since when.
SPANS = {"hour": timedelta(hours=24), "day": timedelta(days=30)}


@blueprint.get("/series", needs="viewer")
@blueprint.arguments(SeriesQuery, location="query")
@blueprint.response(200, Series)
def series_(query: dict[str, Any]) -> Any:
    """What happened hour by hour or day by day, of everything or of one campaign, sequence or
    device"""
    until = values.in_the_calendar("until", query.get("until", now()))
    since = values.in_the_calendar("since", query.get("since", until - SPANS[query["by"]]))
    name = query.get("timezone", container().settings.timezone)
    with container().database.transaction() as connection:
        named.check(connection, query)
        items = series(
            connection,
            query["by"],
            since,
            until,
            values.zone(name),
            owner_id=query.get("campaign_id") or query.get("sequence_id"),
            device_id=query.get("device_id"),
        )
    return {"by": query["by"], "timezone": name, "items": items}


# How far signals go back that do not say since when.
SIGNALS_SPAN = timedelta(days=30)


@blueprint.get("/signals", needs="viewer")
@blueprint.arguments(SignalsQuery, location="query")
@blueprint.response(200, Signals)
def signals_(query: dict[str, Any]) -> Any:
    """What people did with what was sent, by device, by hour of their day, and by content"""
    until = values.in_the_calendar("until", query.get("until", now()))
    since = values.in_the_calendar("since", query.get("since", until - SIGNALS_SPAN))
    with container().database.transaction() as connection:
        return signals(connection, since, until, query["most"])
