"""A sum of what waits costs what is pending, and not what was ever sent."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import Connection

from projections.container import Container
from projections.queries import waiting_summary
from projections.queries.waiting_summary import EXACT
from tests.support.plans import Explained

DEVICES = 50
SENT = 50_000
PENDING = 2_000


def fill(connection: Connection, now: datetime) -> None:
    """Of one campaign, over online devices: much was sent, some is due and some is later."""
    connection.exec_driver_sql(
        "INSERT INTO devices (device_id, version, status, name, gateway, settings,"
        " min_delay_seconds, max_delay_seconds, timezone)"
        " SELECT md5(n::text)::uuid, 2, 'online', 'device ' || n, 'sandbox', '{}', 1, 2, 'UTC'"
        f" FROM generate_series(1, {DEVICES}) n"
    )
    connection.exec_driver_sql("INSERT INTO device_slots (device_id) SELECT device_id FROM devices")
    connection.exec_driver_sql(
        "INSERT INTO broadcast_messages (message_id, version, status, lead_id, device_id,"
        " campaign_id, step, scheduled_at, planned_at, due_at, attempt)"
        " SELECT gen_random_uuid(), 1, status, gen_random_uuid(),"
        f" md5((1 + n %% {DEVICES})::text)::uuid, md5('campaign')::uuid, 0, at, at,"
        " CASE status WHEN 'pending' THEN at END, 0"
        f" FROM generate_series(1, {SENT + PENDING}) n"
        " CROSS JOIN LATERAL (SELECT %(now)s + make_interval(mins => n %% 7 - 3) AS at,"
        f" CASE WHEN n %% {(SENT + PENDING) // PENDING} = 0 THEN 'pending' ELSE 'sent' END"
        " AS status) s",
        {"now": now},
    )
    connection.exec_driver_sql(
        "INSERT INTO message_counts (owner_id, step, pending) VALUES"
        " (md5('campaign')::uuid, 0, %(pending)s)",
        {"pending": PENDING},
    )
    connection.exec_driver_sql("ANALYZE")


def indexes(explained: Explained, table: str) -> set[str | None]:
    """Those by which the table is read, None where all of it is."""
    return {
        node.get("Index Name")
        for node in explained.nodes
        if node.get("Relation Name") == table and node["Node Type"] != "Bitmap Heap Scan"
    } | {
        node["Index Name"]
        for node in explained.nodes
        if node["Node Type"] == "Bitmap Index Scan" and node["Index Name"].startswith(table)
    }


@pytest.mark.parametrize("exact", [EXACT, 0], ids=["exactly", "by one"])
def test_what_was_sent_is_not_read(container: Container, exact: int) -> None:
    """Only the indexes of the claim and of what waits for a branch are, and by its key what is in
    quarantine."""
    now = container.outreach.clock()
    with container.database.transaction() as connection:
        fill(connection, now)
        explained = Explained(connection)

        found = waiting_summary.summary(connection, container.settings, now, exact)

    assert found.total == sum(found.by_reason.values()) == PENDING
    assert set(found.by_reason) == {"pace", "scheduled"}
    assert indexes(explained, "broadcast_messages") <= {
        "broadcast_messages_claim",
        "broadcast_messages_pkey",
        "broadcast_messages_undecided",
    }
