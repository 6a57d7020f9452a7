"""20. "It said 480 sent and 7 failed of 500, and nobody could say what became of the others." """

from __future__ import annotations

from datetime import timedelta
from itertools import cycle

from projections.container import Container
from projections.database.engine import rows
from projections.queries import reports
from tests.scenarios.days import Days
from tests.support import then
from tests.support.api import given
from tests.support.gateways.fake_gowa import Asked, Behaviour
from tests.support.office import Office

STATUSES = ["pending", "processing", "queued", "sent", "failed", "unknown", "cancelled"]
WORST = {
    "seed": 1,
    "fail_rate": 0.2,
    "throttle_rate": 0.2,
    "timeout_rate": 0.15,
    "receipts": True,
    "replies": 0.3,
}


class Watch:
    """Looks at everything after every commit that brought an event, whoever's it is."""

    def __init__(self, container: Container) -> None:
        self.container = container
        self.moments = self._position = 0
        self.seen: set[str] = set()
        # Kept, because within a request they would only become an answer.
        self.faults: list[AssertionError] = []
        container.database.fault_point = self._reached

    def _reached(self, point: str) -> None:
        if not point.endswith("after_commit"):
            return
        with self.container.database.engine.begin() as connection:
            position = rows(connection, "SELECT max(notification_id) FROM stored_events")[0][0]
        if position != self._position:
            self._position = position
            self.moments += 1
            try:
                self.seen |= statuses_that_add_up(self.container)
            except AssertionError as fault:
                self.faults.append(fault)


def statuses_that_add_up(container: Container) -> set[str]:
    """Every report is compared with the messages themselves, all as of one moment; returns the
    statuses of which there were any."""
    engine = container.database.engine.execution_options(isolation_level="REPEATABLE READ")
    with engine.begin() as connection:

        def messages(where: str) -> dict[str, int]:
            found = rows(
                connection,
                f"SELECT status, count(*) FROM broadcast_messages WHERE {where} GROUP BY 1",
            )
            return {**dict.fromkeys(STATUSES, 0), **dict(map(tuple, found))}

        for row in rows(connection, "SELECT campaign_id, scheduled FROM campaigns"):
            report = reports.campaign(connection, row.campaign_id)
            assert report.by_status == messages(f"campaign_id = '{row.campaign_id}'")
            assert sum(report.by_status.values()) == report.audience == row.scheduled
            adds_up(report)
        for row in rows(connection, "SELECT sequence_id FROM sequences"):
            journeys = reports.sequence(connection, row.sequence_id)
            for step in journeys.steps:
                of_step = f"sequence_id = '{row.sequence_id}' AND step = {step.step}"
                assert step.by_status == messages(of_step)
                assert step.audience == sum(journeys.enrollments.values())
                adds_up(step)
        overview = reports.overview(connection).messages
        assert overview == messages("true")
        return {status for status, count in overview.items() if count}


def adds_up(counts: reports.Counts) -> None:
    assert list(counts.by_status) == STATUSES
    assert sum(counts.by_status.values()) == counts.audience
    assert sum(counts.failures.values()) == counts.by_status["failed"]
    assert sum(counts.cancelled.values()) == counts.by_status["cancelled"]


def test_at_every_moment_of_a_bad_day_the_counts_sum_to_the_audience(days: Days) -> None:
    """Two campaigns and a sequence on an unreliable gateway; the operator pauses, cancels, retries
    and resolves all day. After every single commit every report agrees with the messages."""
    for name in ("Sales 1", "Sales 2"):
        given.device(days.api, name, settings=WORST, min_delay_seconds=1, max_delay_seconds=20)
    leads = [
        given.lead(days.api, n, name="Aisyah", triggers=["COLD"] if n % 2 else [])
        for n in range(30)
    ]
    given.sequence(days.api, "One", "Two")
    offer = given.campaign(days.api)
    stopped = given.campaign(days.api, scheduled_at="2026-03-02T08:05Z")
    watch = Watch(days.container)

    days.work_until(days.clock() + timedelta(minutes=2))
    for message in days.api.items("/messages", campaign_id=offer, status="pending")[:3]:
        assert days.api.post(f"/messages/{message['id']}/cancel").status == 200
    days.api.post(f"/campaigns/{offer}/pause")
    days.work_until(days.clock() + timedelta(minutes=4))
    days.api.post(f"/campaigns/{offer}/resume")
    for lead in leads[:5]:
        days.api.post(f"/leads/{lead}/opt-out")
    days.api.post(f"/campaigns/{stopped}/cancel")
    resolutions = cycle(["sent", "failed", "retried"])
    for _ in range(3):
        days.work_until(days.clock() + timedelta(hours=10))
        for message in days.api.items("/messages", status="failed"):
            assert days.api.post(f"/messages/{message['id']}/retry").status == 200
        for message in days.api.items("/messages", status="unknown"):
            body = {"resolution": next(resolutions), "reason": "asked them"}
            assert days.api.post(f"/messages/{message['id']}/resolve", body).status == 200
    days.work_until(days.clock() + timedelta(hours=10))

    assert watch.faults == []
    assert watch.moments > 200
    assert watch.seen == set(STATUSES)
    for campaign in (offer, stopped):
        report = days.api.get(f"/reports/campaigns/{campaign}").json
        assert report["audience"] == sum(report["by_status"].values()) == 30
    days.proves_itself()


def test_while_two_machines_send_whoever_looks_sees_the_whole_audience(office: Office) -> None:
    """200 people, of whom 20 are cancelled, every third has no WhatsApp, and of every seventh
    nobody knows, because the connection drops."""

    def behave(asked: Asked) -> Behaviour:
        number = int(asked.phone[-7:])
        if number % 3 == 0:
            return Behaviour("reject")
        return Behaviour("drop" if number % 7 == 0 else "accept")

    office.gowa.behave = behave
    for number in range(5):
        office.device(f"Sales {number}", (0.02, 0.02))
    office.leads(200)
    campaign = office.campaign()
    assert office.once("campaigner").returncode == 0
    for message in office.api.items("/messages", limit=200):
        if message["recipient_phone"] <= given.phone(20):
            assert office.api.post(f"/messages/{message['id']}/cancel").status == 200
    answers = []

    def is_done() -> bool:
        answers.append(office.api.get(f"/reports/campaigns/{campaign}").json)
        statuses_that_add_up(office.container)
        return office.is_done()

    with office.running(), office.running():
        then.soon(is_done, 60)

    assert {answer["audience"] for answer in answers} == {200}
    assert {sum(answer["by_status"].values()) for answer in answers} == {200}
    assert len({answer["by_status"]["sent"] for answer in answers}) > 2
    assert office.counts() == {"cancelled": 20, "failed": 60, "unknown": 17, "sent": 103}
    assert answers[-1]["by_status"] == {**dict.fromkeys(STATUSES, 0), **office.counts()}
    office.proves_itself()
