"""Every table anew from the events: identical, or the difference is named."""

from __future__ import annotations

import pytest

from domain import device as devices
from projections.container import Container
from projections.rebuild import rebuild as module
from projections.rebuild.compare import difference
from projections.rebuild.rebuild import rebuild
from projections.schema.columns import READ_MODELS
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.mixed import mixed_history
from tests.support.when import Phones

TABLES = {
    "leads",
    "lead_addresses",
    "lead_consents",
    "lead_search",
    "erased_ids",
    "suppressions",
    "segments",
    "sequences",
    "enrollments",
    "campaigns",
    "devices",
    "broadcast_messages",
    "provider_ids",
    "replies",
    "composed_messages",
    "message_answers",
    "message_counts",
    "reason_counts",
    "series_counts",
    "device_days",
    "device_slots",
    "device_dispatches",
    "enrollment_progress",
    "leases",
}


def differences(container: Container) -> dict[str, str]:
    found = rebuild(container.database)
    assert found.keys() == TABLES
    return {table: difference for table, difference in found.items() if difference is not None}


def test_what_can_be_called_back_still_waits_in_a_rebuild(container: Container) -> None:
    """A campaign's start and what it planned are in one page of the log, and in one batch."""
    given.device(container)
    given.many_leads(container, 3)
    given.campaign(container, undo_seconds=60)
    when.triggers(container)

    assert differences(container) == {}


@pytest.mark.parametrize("page", [7, 5000])
def test_a_mixed_history_is_rebuilt_identically(
    container: Container, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    """Pauses, retries, opt-outs, replies, unknown outcomes, open claims: whatever the pages."""
    mixed_history(container, clock)
    statuses = then.statuses(container)
    topics = {event.TOPIC for event in then.events(container)}
    monkeypatch.setattr(module, "PAGE", page)

    assert differences(container) == {}

    assert statuses.keys() == {"pending", "processing", "sent", "failed", "unknown", "cancelled"}
    assert topics >= {
        "campaign.paused",
        "campaign.resumed",
        "campaign.cancelled",
        "device.retired",
        "enrollment.stopped",
        "lead.absorbed",
        "lead.address_learned",
        "lead.contacted_by_hand",
        "lead.erased",
        "lead.merged",
        "lead.opted_in",
        "lead.phone_changed",
        "lead.reachable",
        "lead.reply_edited",
        "lead.unreachable",
        "suppression.address_released",
        "suppression.address_suppressed",
        "message.deferred",
        "message.released",
        "message.resolved",
        "message.retried",
        "sequence.step_revised",
    }


def test_an_empty_house_is_rebuilt_identically(container: Container) -> None:
    """Before anything has happened."""
    assert differences(container) == {}


def test_rebuilding_changes_nothing_and_can_be_repeated(
    container: Container, clock: SimulatedClock
) -> None:
    """It works beside the live tables, and starts anew where an earlier one was killed."""
    mixed_history(container, clock)
    events, messages = then.count(container.database), then.messages(container)

    assert differences(container) == {}
    assert differences(container) == {}

    assert then.count(container.database) == events
    assert then.messages(container) == messages


def given_a_sent_message(container: Container, clock: SimulatedClock) -> None:
    given.device(container)
    given.lead(container, name="Aisyah")
    given.campaign(container)
    when.triggers(container)
    when.looks(when.broadcaster(container, Phones(clock)))


@pytest.mark.parametrize(
    ("table", "key", "change", "columns"),
    [
        ("leads", "lead_id", "name = 'Siti', opted_out_at = registered_at", "name, opted_out_at"),
        ("campaigns", "campaign_id", "scheduled = 2", "scheduled"),
        ("devices", "device_id", "status = 'offline'", "status"),
        ("broadcast_messages", "message_id", "sent_at = NULL", "sent_at"),
        ("device_slots", "device_id", "last_slot_at = NULL", "last_slot_at"),
    ],
)
def test_a_row_that_was_changed_by_hand_is_named(
    container: Container, clock: SimulatedClock, table: str, key: str, change: str, columns: str
) -> None:
    """With its key and the columns, and without what is in them."""
    given_a_sent_message(container, clock)
    with container.database.transaction() as connection:
        connection.exec_driver_sql(f"UPDATE {table} SET {change}")
    (row,) = then.table(container, table)

    assert differences(container) == {table: f"{key} {getattr(row, key)}: differs in {columns}"}


def test_values_that_changed_places_are_named(container: Container) -> None:
    """Two leads with each other's names: each column still holds the same values. Whatever they
    are, so that no lucky ones hide it."""
    first, _ = sorted(given.many_leads(container, 2))
    with container.database.transaction() as connection:
        connection.exec_driver_sql("CREATE SCHEMA other; CREATE TABLE other.leads (LIKE leads)")
        for number in range(20):
            for schema, names in (("public", "AB"), ("other", "BA")):
                connection.exec_driver_sql(
                    "TRUNCATE other.leads; INSERT INTO other.leads SELECT * FROM leads"
                    f"; UPDATE {schema}.leads SET name = CASE lead_id WHEN '{first}'"
                    f" THEN '{names[0]}{number}' ELSE '{names[1]}{number}' END"
                )

            found = difference(connection, READ_MODELS.tables["leads"], "public", "other")

            assert found == f"lead_id {first}: differs in name"


def test_counts_that_were_changed_by_hand_are_named(
    container: Container, clock: SimulatedClock
) -> None:
    """A report that somebody made look better."""
    given_a_sent_message(container, clock)
    with container.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE message_counts SET sent = sent + 1")
    (row,) = then.table(container, "message_counts")

    expected = f"owner_id {row.owner_id}, step 0: differs in sent"
    assert differences(container) == {"message_counts": expected}


def test_a_missing_row_is_named(container: Container) -> None:
    """Somebody deleted a lead from the table."""
    lead, _ = given.many_leads(container, 2)
    with container.database.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM leads WHERE lead_id = %(id)s", {"id": str(lead)})

    assert differences(container) == {"leads": f"lead_id {lead}: missing in the live table"}


def test_a_row_without_an_event_is_named(container: Container) -> None:
    """Somebody wrote one into the table."""
    given.device(container)
    with container.database.transaction() as connection:
        connection.exec_driver_sql(
            "INSERT INTO device_slots (device_id) VALUES ('00000000-0000-0000-0000-000000000001')"
        )

    assert differences(container) == {
        "device_slots": "device_id 00000000-0000-0000-0000-000000000001: only in the live table"
    }


def test_commands_go_on_meanwhile(
    container: Container, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What happens during the rebuild is in both sides of the comparison."""
    monkeypatch.setattr(module, "PAGE", 10)
    given_a_sent_message(container, clock)
    given.many_leads(container, 40, first=101)
    seen: list[tuple[int, int]] = []

    def meanwhile(done: int, total: int) -> None:
        seen.append((done, total))
        if len(seen) <= 3:
            given.many_leads(container, 5, first=1000 * len(seen))

    found = rebuild(container.database, meanwhile)

    assert {table: why for table, why in found.items() if why} == {}
    assert then.count(container.database, "leads") == 1 + 40 + 15
    assert seen[0][0] == 10
    assert seen[-1] == (then.count(container.database),) * 2
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_a_device_that_moved_to_another_time_zone(
    container: Container, clock: SimulatedClock
) -> None:
    """What it did before counts for the day it was then, however the events fall into pages."""
    clock.advance(hours=9)  # 17:00 UTC is tomorrow in Kuala Lumpur
    given_a_sent_message(container, clock)
    (device,) = then.table(container, "devices")
    container.outreach.reconfigure_device(
        device.device_id,
        devices.Configuration(
            name=device.name,
            gateway="sandbox",
            min_delay_seconds=0,
            max_delay_seconds=0,
            timezone="Asia/Kuala_Lumpur",
        ),
        actor="api:admin",
    )

    (day,) = then.table(container, "device_days")
    assert (day.day.isoformat(), day.claimed, day.sent) == ("2026-03-02", 1, 1)
    assert differences(container) == {}


def test_a_claim_that_a_device_moves_under_is_taken_from_its_own_day(
    container: Container, clock: SimulatedClock
) -> None:
    """Claimed on one day of the old time zone, released on the next of the new one: no day has
    fewer than none."""
    clock.advance(hours=9)
    given.device(container, pace=(60, 60))
    given.many_leads(container, 2)
    given.campaign(container)
    when.triggers(container)
    broadcaster = when.broadcaster(container, Phones(clock))
    when.looks(broadcaster)
    (device,) = then.table(container, "devices")
    moved = devices.Configuration(name=device.name, gateway="sandbox", timezone="Asia/Kuala_Lumpur")
    container.outreach.reconfigure_device(device.device_id, moved, actor="api:admin")
    broadcaster.release()

    counted = {(d.day.isoformat(), d.claimed, d.sent) for d in then.table(container, "device_days")}
    assert {day for day in counted if day[1:] != (0, 0)} == {("2026-03-02", 1, 1)}


def test_a_sequence_that_was_deactivated_while_it_was_paused(
    container: Container, clock: SimulatedClock
) -> None:
    """With a claim that was released after it."""
    given.device(container, pace=(4, 4))
    given.many_leads(container, 3, ["COLD"])
    sequence = given.sequence(container, "COLD", ["One"], first_delay_minutes=0)
    when.enrolls(container)
    broadcaster = when.broadcaster(container, Phones(clock))
    when.claims(broadcaster)
    container.outreach.pause_sequence(sequence, actor="api:sales")
    container.outreach.deactivate_sequence(sequence, actor="api:sales")
    broadcaster.release()

    assert differences(container) == {}
