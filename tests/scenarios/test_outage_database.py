"""Beyond the list: "The database was restarted at noon, and then we had to restart everything." """

from __future__ import annotations

import json
import signal
from collections.abc import Iterator

import pytest

from projections.database.installation import recreate
from runners.process.supervisor import RUNNERS
from tests.scenarios import server
from tests.scenarios.server import Server
from tests.support import then
from tests.support.api import given
from tests.support.gateways.fake_gowa import Behaviour, FakeGowa
from tests.support.office import Office
from tests.support.processes import Child

AWAY = (
    503,
    {
        "code": 503,
        "status": "Service Unavailable",
        "message": "the database does not answer; try again",
    },
)
STEPS = [{"body": "One", "delay_hours": 0}, {"body": "Two", "delay_hours": 0}]


@pytest.fixture
def postgres() -> Iterator[Server]:
    with server.running() as started:
        yield started


@pytest.fixture
def office(postgres: Server, gowa: FakeGowa) -> Iterator[Office]:
    """An office on a server that may crash."""
    opened = Office(recreate(postgres.url, "sendtrail_outage"), gowa)
    yield opened
    opened.close()


def test_a_crash_in_the_middle_of_everything_costs_nobody_anything(
    office: Office, postgres: Server
) -> None:
    """A campaign and a sequence on their way, two broadcasters. While the database is away, the
    API says so and the runners wait; afterwards all go on by themselves."""
    office.gowa.behave = lambda asked: Behaviour(seconds=0.05)
    for number in range(10):
        office.device(f"Sales {number}", (0.1, 0.1))
    sequence = {"name": "Cold", "trigger": "COLD", "first_delay_minutes": 0, "steps": STEPS}
    made = office.api.create("/sequences", sequence)
    office.api.post(f"/sequences/{made['id']}/activate")
    office.leads(40, triggers="COLD")
    campaign = office.campaign(body="Offer")

    patient = {"gateway_timeout": 20}
    with (
        office.running(**patient) as everything,
        office.running("broadcaster", **patient) as another,
    ):
        for process in (everything, another):
            process.says("runners.started")
        then.soon(lambda: office.counts()["sent"] >= 20)
        office.gowa.hangs = True
        then.soon(lambda: office.counts()["queued"] >= 8)
        since = {process: len(process.lines) for process in (everything, another)}
        postgres.crash()
        # The answers to what is in flight come when nobody can record them.
        office.gowa.hangs = False

        assert office.api.get("/leads") == AWAY
        assert office.api.get(f"/reports/campaigns/{campaign}") == AWAY
        assert office.api.post(f"/campaigns/{campaign}/pause") == AWAY
        late = {"phone": given.phone(41)}
        assert office.api.post("/leads", late, idempotency_key="41") == AWAY
        for process, names in ((everything, RUNNERS), (another, ("broadcaster",))):
            for name in names:
                then.soon(lambda p=process, n=name: len(pauses(p, n, since[p])) >= 2)
        waited = [pauses(everything, name, since[everything]) for name in RUNNERS]
        waited.append(pauses(another, "broadcaster", since[another]))
        postgres.start()

        assert office.api.post("/leads", late, idempotency_key="41").status == 201
        then.soon(office.is_done, 60)
        for process in (everything, another):
            assert process.ends(signal.SIGTERM) == 0, process.lines[-20:]

    # Nobody tries again and again; five tries in a row take nine seconds.
    assert all(waits == [1, 2, 2, 2, 2][: len(waits)] for waits in waited), waited
    counts = office.counts()
    # A hand-over may be committed while the server dies, and the worker does not hear of it: the
    # gateway is not called then, and the message becomes unknown rather than lost.
    assert counts["sent"] + counts["unknown"] == counts.total() == 120
    assert len(office.gowa.asked) == counts["sent"]
    assert office.twice() == []
    assert len(office.api.items("/leads")) == 41
    office.proves_itself()


def pauses(process: Child, runner: str, since: int) -> list[float]:
    """How many seconds it said it would wait, one after the other, from that line on; the steps
    of a broadcaster each for itself, of which the one that claims always has something to do."""
    assert process.process.poll() is None, process.lines[-20:]
    told = [json.loads(line) for line in process.lines[since:]]
    return [
        line["seconds"]
        for line in told
        if line["event"] == "runner.waits"
        and (line["runner"], line.get("step", "claim")) == (runner, "claim")
    ]
