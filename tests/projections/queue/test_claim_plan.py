"""The claim reads its index, whatever the size of the due."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from projections.container import Container
from projections.database.engine import Database, rows
from projections.queue import claim
from tests.support.plans import Explained

DEVICES = 300
MESSAGES = 100_000


def fill(database: Database, now: Any) -> None:
    """A hundred thousand pending messages of one campaign over three hundred online devices."""
    with database.transaction() as connection:
        connection.exec_driver_sql(
            "INSERT INTO devices (device_id, version, status, name, gateway, settings,"
            " min_delay_seconds, max_delay_seconds, timezone)"
            " SELECT md5(n::text)::uuid, 2, 'online', 'device ' || n, 'sandbox', '{}', 1, 2, 'UTC'"
            f" FROM generate_series(1, {DEVICES}) n"
        )
        connection.exec_driver_sql(
            "INSERT INTO device_slots (device_id) SELECT device_id FROM devices"
        )
        connection.exec_driver_sql(
            "INSERT INTO broadcast_messages (message_id, version, status, lead_id, device_id,"
            " campaign_id, step, scheduled_at, planned_at, due_at, attempt)"
            " SELECT gen_random_uuid(), 1, 'pending', md5(n::text)::uuid,"
            f" md5((1 + n %% {DEVICES})::text)::uuid, md5('campaign')::uuid, 0,"
            " %(now)s - make_interval(secs => n), %(now)s - make_interval(secs => n),"
            " %(now)s - make_interval(secs => n), 0"
            f" FROM generate_series(1, {MESSAGES}) n",
            {"now": now},
        )
        connection.exec_driver_sql(
            "INSERT INTO leads (lead_id, version, phone, name, niche, niche_keys, target_status,"
            " triggers, trigger_keys, attributes, registered_at)"
            " SELECT md5(n::text)::uuid, 1, n::text, '', '{}', '{}', 'prospect', '{}', '{}', '{}',"
            f" %(now)s FROM generate_series(1, {MESSAGES}) n",
            {"now": now},
        )
        connection.exec_driver_sql("ANALYZE")


def reading(plans: Explained, table: str) -> list[tuple[str, str | None]]:
    """How the table is read: node types with the index that they use."""
    return [
        (node["Node Type"], node.get("Index Name"))
        for node in plans.nodes
        if node.get("Relation Name") == table
    ]


def test_claiming_from_a_hundred_thousand_messages_uses_the_claim_index(
    container: Container,
) -> None:
    """Both statements of a claim read messages by the partial index, and the work of a thousand
    devices touches few rows."""
    now = container.outreach.clock()
    fill(container.database, now)

    with container.database.transaction() as connection:
        explained = Explained(connection)
        horizon, wanted = now + timedelta(seconds=5), claim.Wanted(["sandbox"], [], 1000)
        devices = claim.sending_devices(connection, now, horizon, wanted)
        ids = [device.device_id for device in devices]
        found = claim.messages(connection, ids, now, horizon, 500, 1000)

    assert len(devices) == DEVICES
    assert len(found) == 1000
    scans = reading(explained, "broadcast_messages")
    assert len(scans) >= 2
    assert {index for _, index in scans} == {"broadcast_messages_claim"}
    assert {kind for kind, _ in scans} <= {"Index Scan", "Index Only Scan"}


def test_a_device_with_nothing_due_takes_no_place(container: Container) -> None:
    """With room for one device only, the one that has something due gets it."""
    now = container.outreach.clock()
    fill(container.database, now)
    with container.database.transaction() as connection:
        connection.exec_driver_sql(
            "UPDATE broadcast_messages SET due_at = due_at + interval '2 days'"
            " WHERE device_id <> md5('7')::uuid"
        )
        devices = claim.sending_devices(connection, now, now, claim.Wanted(["sandbox"], [], 1))
        (expected,) = rows(connection, "SELECT md5('7')::uuid")

    assert [device.device_id for device in devices] == [expected[0]]
