"""Reports, from counts that change in the messages' own transactions: they never lag or scan.
Enrollments are counted in an index."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from domain.campaign.variants import Variant, cutoffs, wilson
from domain.enrollment import STATUSES as ENROLLMENT_STATUSES
from domain.errors import NotFoundError
from domain.message import STATUSES
from projections.database.engine import rows
from projections.schema.counters import MARKS


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of the messages of one campaign or of one step.

    ``by_status`` has every status and sums to ``audience``. ``failures`` and ``cancelled`` count
    the failed and cancelled ones by code or reason. ``delivered``, ``read``, ``replied`` and
    ``opted_out`` count the messages of which that is recorded.
    """

    audience: int
    by_status: dict[str, int]
    failures: dict[str, int]
    cancelled: dict[str, int]
    delivered: int
    read: int
    replied: int
    opted_out: int


class StepReport(Counts, frozen=True, kw_only=True):
    """The counts of one step of a sequence, by its number. ``removed`` ones are no steps any more,
    but had messages."""

    step: int
    removed: bool = False


class VariantReport(msgspec.Struct, frozen=True, kw_only=True):
    """The messages of one variant, as ``Counts`` has them. ``interval`` holds, with 95 %
    confidence, the share of those sent that was replied to; None before one was sent."""

    name: str
    audience: int
    by_status: dict[str, int]
    delivered: int
    read: int
    replied: int
    opted_out: int
    interval: tuple[float, float] | None


class CampaignReport(Counts, frozen=True, kw_only=True):
    """The counts of a campaign; ``excluded`` are leads that matched and got none, by reason.
    ``variants`` are in their order, none where it has one text."""

    campaign_id: UUID
    name: str
    status: str
    excluded: dict[str, int]
    variants: list[VariantReport]


class SequenceReport(msgspec.Struct, frozen=True, kw_only=True):
    """The enrollments of a sequence by status, the stopped ones by reason, and the counts of each
    step in order, then of steps that were removed."""

    sequence_id: UUID
    name: str
    status: str
    enrollments: dict[str, int]
    stopped_because: dict[str, int]
    steps: list[StepReport]


class DeviceReport(msgspec.Struct, frozen=True, kw_only=True):
    """A device's days: (ISO date in its time zone, claimed, sent, failed, unknown), in order."""

    device_id: UUID
    name: str
    status: str
    days: list[tuple[str, int, int, int, int]]


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """Everything at a glance: leads, how many of them opted out, and all else by status.

    Leads that were merged into others do not count."""

    leads: int
    opted_out: int
    messages: dict[str, int]
    campaigns: dict[str, int]
    sequences: dict[str, int]
    devices: dict[str, int]


def campaign(connection: Connection, campaign_id: UUID, *, variants: bool = True) -> CampaignReport:
    """The report of a campaign; without ``variants`` no message is read. Raises NotFoundError."""
    campaigns = rows(
        connection,
        "SELECT campaign_id, name, status, excluded, definition -> 'variants' AS variants,"
        " definition -> 'hold_out' AS hold_out FROM campaigns WHERE campaign_id = %(id)s",
        id=str(campaign_id),
    )
    if not campaigns:
        raise NotFoundError("campaign", campaign_id)
    (counts,) = _counts(connection, campaign_id, [0])
    return CampaignReport(
        campaign_id=campaign_id,
        name=campaigns[0].name,
        status=campaigns[0].status,
        excluded=campaigns[0].excluded,
        variants=_variants(connection, campaign_id, campaigns[0]) if variants else [],
        **counts,
    )


# SQL: the number by which a lead ``m`` of a campaign falls into a group, see
# ``domain.campaign.variants``, less 2^63: a bigint has a sign, whose bit is turned.
_NUMBER = """(('x' || left(encode(sha256(uuid_send(m.campaign_id) || uuid_send(m.lead_id)), 'hex'),
    16))::bit(64) # (1::bigint << 63)::bit(64))::bigint"""

_VARIANTS = f"""
SELECT width_bucket({_NUMBER}, %(ends)s::bigint[]) AS place, m.status, count(*)::int AS messages,
    count(m.delivered_at)::int AS delivered, count(m.read_at)::int AS read,
    count(a.replied_at)::int AS replied, count(a.opted_out_at)::int AS opted_out
FROM broadcast_messages m LEFT JOIN message_answers a USING (message_id)
WHERE m.campaign_id = %(id)s GROUP BY 1, 2
"""


def _variants(connection: Connection, campaign_id: UUID, row: Any) -> list[VariantReport]:
    """The report of each variant, from the messages themselves."""
    written = msgspec.convert(row.variants or [], list[Variant])
    if not written:
        return []
    ends = [end - 2**63 for end in cutoffs(written, row.hold_out or 0.0) if end < 2**64]
    found = rows(connection, _VARIANTS, id=str(campaign_id), ends=ends)
    return [
        _variant(each.name, [row for row in found if row.place == place])
        for place, each in enumerate(written)
    ]


def _variant(name: str, found: list[Any]) -> VariantReport:
    by_status = dict.fromkeys(STATUSES, 0) | {row.status: row.messages for row in found}
    sums = {mark: sum(getattr(row, mark) for row in found) for mark in MARKS}
    return VariantReport(
        name=name,
        audience=sum(by_status.values()),
        by_status=by_status,
        interval=wilson(min(sums["replied"], by_status["sent"]), by_status["sent"]),
        **sums,
    )


def sequence(connection: Connection, sequence_id: UUID) -> SequenceReport:
    """The report of a sequence. Raises NotFoundError."""
    sequences = rows(
        connection,
        """
        SELECT sequence_id, name, status, steps_ever, ARRAY(
            SELECT split_part(step ->> 'content_id', ':', 3)::int
            FROM jsonb_array_elements(definition -> 'steps') WITH ORDINALITY AS s(step, place)
            ORDER BY place) AS steps
        FROM sequences WHERE sequence_id = %(id)s
        """,
        id=str(sequence_id),
    )
    if not sequences:
        raise NotFoundError("sequence", sequence_id)
    living: list[int] = sequences[0].steps
    numbers = [*living, *(n for n in range(1, sequences[0].steps_ever + 1) if n not in living)]
    enrolled = rows(
        connection,
        "SELECT status, reason, count(*) FROM enrollments WHERE sequence_id = %(id)s"
        " GROUP BY status, reason ORDER BY reason",
        id=str(sequence_id),
    )
    by_status: dict[str, int] = dict.fromkeys(ENROLLMENT_STATUSES, 0)
    for status, _, count in enrolled:
        by_status[status] += count
    return SequenceReport(
        sequence_id=sequence_id,
        name=sequences[0].name,
        status=sequences[0].status,
        enrollments=by_status,
        stopped_because={
            reason: count for status, reason, count in enrolled if status == "stopped"
        },
        steps=[
            StepReport(step=number, removed=number not in living, **counts)
            for number, counts in zip(
                numbers, _counts(connection, sequence_id, numbers), strict=True
            )
            if number in living or counts["audience"]
        ],
    )


_DAYS = """
SELECT u.* FROM devices d CROSS JOIN LATERAL (
    SELECT * FROM device_days u WHERE u.device_id = d.device_id ORDER BY day DESC LIMIT %(days)s) u
WHERE %(id)s::uuid IS NULL OR d.device_id = %(id)s::uuid ORDER BY u.device_id, u.day
"""


def devices(
    connection: Connection, *, days: int | None = None, device_id: UUID | None = None
) -> list[DeviceReport]:
    """The reports of all devices, in order of name, or of one; of each the last so many ``days`` on
    which it did something, or all."""
    wanted = {"id": None if device_id is None else str(device_id), "days": days}
    all_devices = rows(
        connection,
        "SELECT device_id, name, status FROM devices"
        " WHERE %(id)s::uuid IS NULL OR device_id = %(id)s::uuid ORDER BY name, device_id",
        **wanted,
    )
    by_device: dict[UUID, list[tuple[str, int, int, int, int]]] = {}
    for row in rows(connection, _DAYS, **wanted):
        day = (row.day.isoformat(), row.claimed, row.sent, row.failed, row.unknown)
        by_device.setdefault(row.device_id, []).append(day)
    return [
        DeviceReport(device_id=id_, name=name, status=status, days=by_device.get(id_, []))
        for id_, name, status in all_devices
    ]


# Each is counted in an index.
_LEADS = """
SELECT (SELECT count(*) FROM leads)
    - (SELECT count(*) FROM leads WHERE merged_into IS NOT NULL),
    (SELECT count(*) FROM leads WHERE opted_out_at IS NOT NULL AND merged_into IS NULL)
"""


def overview(connection: Connection) -> Overview:
    """The overview of the whole installation."""
    leads = rows(connection, _LEADS)[0]
    sums = ", ".join(f"coalesce(sum({status}), 0)::int AS {status}" for status in STATUSES)
    messages = rows(connection, f"SELECT {sums} FROM message_counts")[0]
    return Overview(
        leads=leads[0],
        opted_out=leads[1],
        messages=dict(zip(STATUSES, messages, strict=True)),
        campaigns=_by_status(connection, "campaigns"),
        sequences=_by_status(connection, "sequences"),
        devices=_by_status(connection, "devices"),
    )


def _by_status(connection: Connection, table: str) -> dict[str, int]:
    counts = rows(connection, f"SELECT status, count(*) FROM {table} GROUP BY 1 ORDER BY 1")
    return {row[0]: row[1] for row in counts}


def _counts(connection: Connection, owner_id: UUID, steps: Iterable[int]) -> list[dict[str, Any]]:
    """The fields of Counts for each of ``steps`` of a sequence, or for step 0 of a campaign."""
    by_step = {
        row.step: row
        for row in rows(
            connection, "SELECT * FROM message_counts WHERE owner_id = %(id)s", id=str(owner_id)
        )
    }
    reasons = rows(
        connection,
        "SELECT step, status, reason, count FROM reason_counts"
        " WHERE owner_id = %(id)s AND count > 0 ORDER BY reason",
        id=str(owner_id),
    )

    def why(step: int, status: str) -> dict[str, int]:
        return {row[2]: row[3] for row in reasons if row[0] == step and row[1] == status}

    counts = []
    for step in steps:
        row = by_step.get(step)
        by_status = {status: getattr(row, status, 0) for status in STATUSES}
        counts.append(
            {
                "audience": sum(by_status.values()),
                "by_status": by_status,
                "failures": why(step, "failed"),
                "cancelled": why(step, "cancelled"),
                **{mark: getattr(row, mark, 0) for mark in MARKS},
            }
        )
    return counts
