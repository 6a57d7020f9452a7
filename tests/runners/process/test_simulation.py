"""Days in seconds: the real runners on a clock that jumps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from projections.container import Container
from projections.queries import reports
from projections.rebuild.rebuild import rebuild
from projections.schema.columns import READ_MODELS
from runners.process.simulation import Simulation
from runners.support.clocks import SimulatedClock
from tests.support import given, then


def test_two_days_add_up_and_rebuild_identically(
    container: Container, clock: SimulatedClock
) -> None:
    """Forty leads on two imperfect numbers, a sequence of two steps and a campaign on the second
    morning: every message is accounted for."""
    sandbox = {
        "seed": 1,
        "fail_rate": 0.1,
        "throttle_rate": 0.1,
        "timeout_rate": 0.05,
        "receipts": True,
        "replies": 0.2,
    }
    for name in ("Sales 1", "Sales 2"):
        given.device(container, name, pace=(5, 15), settings=sandbox)
    given.many_leads(container, 30, ["COLD"], name="Aisyah")
    given.many_leads(container, 10, first=31, target_status="customer")
    sequence = given.sequence(container, "COLD", ["Hi {name}", "Again, {name|you}"])
    at = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)
    campaign = given.campaign(container, at=at, target_status="prospect")

    Simulation(container, clock).play(clock() + timedelta(days=2))

    with container.database.transaction() as connection:
        journeys = reports.sequence(connection, sequence)
        offer = reports.campaign(connection, campaign)
        overview = reports.overview(connection)
        devices = reports.devices(connection)
    assert clock() == datetime(2026, 3, 4, 8, 0, tzinfo=UTC)
    assert sum(journeys.enrollments.values()) == 30
    assert [sum(step.by_status.values()) for step in journeys.steps] == [30, 30]
    assert offer.status == "finished"
    assert sum(offer.by_status.values()) + sum(offer.excluded.values()) == 30
    assert sum(overview.messages.values()) == then.count(container.database, "broadcast_messages")
    assert overview.messages["sent"] == sum(day[2] for device in devices for day in device.days)
    assert overview.messages["pending"] == overview.messages["queued"] == 0
    assert overview.messages["sent"] > 50
    differences = rebuild(container.database)
    assert {table: why for table, why in differences.items() if why} == {}
    assert differences.keys() == READ_MODELS.tables.keys()


def test_an_idle_month_is_skipped_and_a_campaign_at_its_end_is_on_time(
    container: Container, clock: SimulatedClock
) -> None:
    """Looking every five seconds for thirty days would be half a million looks."""
    given.device(container)
    given.lead(container)
    given.campaign(container, at=datetime(2026, 3, 31, 9, 30, tzinfo=UTC))
    moments: list[datetime] = []

    Simulation(container, clock).play(datetime(2026, 4, 1, 8, 0, tzinfo=UTC), moments.append)

    assert then.message(container).sent_at == datetime(2026, 3, 31, 9, 30, tzinfo=UTC)
    assert moments[-1] == datetime(2026, 4, 1, 8, 0, tzinfo=UTC)
    assert len(moments) < 500
