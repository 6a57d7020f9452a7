"""Beyond the list: "The database was restarted at noon, and then we had to restart everything." """

from __future__ import annotations

import json
import signal
from collections.abc import Iterator

import pytest

from projections.database import recreate
from runners.running import RUNNERS
from tests.api import given
from tests.gateways.fake_gowa import Behaviour, FakeGowa
from tests.runners import then
from tests.runners.child import Child
from tests.scenarios import server
from tests.scenarios.office import Office
from tests.scenarios.server import Server

AWAY = {
    "code": 503,
    "status": "Service Unavailable",
    "message": "the database does not answer; try again",
}


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    with server.running() as started:
        yield started


@pytest.fixture
def office(postgres: Server, gowa: FakeGowa) -> Iterator[Office]:
    """An office on a server that may crash."""
    opened = Office(recreate(postgres.url, "sendtrail_outage"), gowa)
    yield opened
    opened.close()


def waits(process: Child, runner: str, since: int) -> list[float]:
    """How many seconds it said it would wait, in turn, from that line on."""
    assert process.process.poll() is None, "\n".join(process.lines[-90:])
    told = [json.loads(line) for line in process.lines[since:]]
    return [
        line["seconds"]
        for line in told
        if line["event"] == "runner.waits" and line["runner"] == runner
    ]


def test_a_crash_in_the_middle_of_everything_costs_nobody_anything(
    office: Office, postgres: Server
) -> None:
    """A campaign, a sequence of two steps, two broadcasters. While the database is away, the API
    says so and the runners wait; afterwards all go on by themselves."""
    office.gowa.behave = lambda asked: Behaviour(seconds=0.05)
    for number in range(10):
        office.device(f"Sales {number}", (0.1, 0.1))
    steps = [{"body": "One", "delay_hours": 0}, {"body": "Two", "delay_hours": 0}]
    made = office.api.create(
        "/sequences",
        {"name": "Cold", "trigger": "COLD", "first_delay_minutes": 0, "steps": steps},
    )
    office.api.post(f"/sequences/{made['id']}/activate")
    office.leads(80, triggers="COLD")
    office.campaign(body="Offer")

    with office.running() as all_runners, office.running("broadcaster") as broadcaster:
        all_runners.says("runners.started")
        broadcaster.says("runners.started")
        then.soon(lambda: office.counts()["sent"] >= 40)
        since, of_broadcaster = len(all_runners.lines), len(broadcaster.lines)
        postgres.crash()
        assert office.api.get("/leads") == (503, AWAY)
        assert office.api.post("/leads", {"phone": given.phone(81)}) == (503, AWAY)
        lead = {"phone": given.phone(82)}
        assert office.api.post("/leads", lead, idempotency_key="82") == (503, AWAY)
        for runner in RUNNERS:
            then.soon(lambda name=runner: waits(all_runners, name, since)[:2] == [1, 2])
        then.soon(lambda: waits(broadcaster, "broadcaster", of_broadcaster)[:2] == [1, 2])
        postgres.start()

        assert office.api.post("/leads", lead, idempotency_key="82").status == 201
        then.soon(office.is_done, 60)
        assert all_runners.ends(signal.SIGTERM) == 0, all_runners.lines[-20:]
        assert broadcaster.ends(signal.SIGTERM) == 0, broadcaster.lines[-20:]

    assert office.counts() == {"sent": 240}
    assert len(office.gowa.asked) == 240
    assert office.twice() == []
    assert len(office.api.items("/leads", limit=100)) == 81
    office.proves_itself()
