"""Beyond the list: "Every time we deployed, some messages were lost and some came twice." """

from __future__ import annotations

import signal
from contextlib import ExitStack

from tests.support import then
from tests.support.gateways.fake_gowa import Behaviour
from tests.support.office import Office

# Calls may take their time on a busy machine: what is in flight is to end well.
PATIENT = {"gateway_timeout": 20}


def test_sigterm_finishes_what_is_in_flight_and_releases_the_rest(office: Office) -> None:
    """One number has everything in flight; another, with a pause, has claims far ahead."""
    office.gowa.hangs = True
    fast, paced = office.device("Sales 1"), office.device("Sales 2", (0.3, 0.3))
    office.leads(20, device="Sales 1")
    office.leads(6, first=21, device="Sales 2")
    office.campaign()
    assert office.once("campaigner").returncode == 0

    with office.running("broadcaster", broadcast_every=30, **PATIENT) as worker:
        then.soon(lambda: len(office.gowa.asked) == 21)
        assert office.counts(fast) == {"queued": 20}
        assert office.counts(paced) == {"queued": 1, "processing": 5}
        worker.process.send_signal(signal.SIGTERM)
        then.soon(lambda: office.counts(paced) == {"queued": 1, "pending": 5})
        office.gowa.hangs = False
        assert worker.ends() == 0

    assert office.counts(fast) == {"sent": 20}
    assert office.counts(paced) == {"sent": 1, "pending": 5}
    assert len(office.gowa.asked) == 21
    released = then.events(office.container, "message.released")
    assert [event.reason for event in released] == ["worker stopped"] * 5
    assert not any("Traceback" in line for line in worker.lines)

    office.works_until_done(**PATIENT)
    assert office.counts() == {"sent": 26}
    assert len(office.gowa.asked) == 26
    assert office.twice() == []
    office.proves_itself()


def test_a_rolling_deployment_is_noticed_by_nobody(office: Office) -> None:
    """Twice a new ``sendtrail run`` begins beside the old one, and the old one is told to
    stop in the middle of a campaign."""
    office.gowa.behave = lambda asked: Behaviour(seconds=0.2)
    for number in range(5):
        office.device(f"Sales {number}", (0.1, 0.1))
    office.leads(30)

    with ExitStack() as stack:
        old = stack.enter_context(office.running(**PATIENT))
        old.says("runners.started")
        for number in (1, 2):
            new = stack.enter_context(office.running(**PATIENT))
            new.says("runners.started")
            office.campaign(body=f"Offer {number}")
            then.soon(lambda: office.counts()["queued"] >= 3)
            assert old.ends(signal.SIGTERM) == 0, old.lines[-20:]
            old = new
        then.soon(office.is_done, 60)
        assert old.ends(signal.SIGTERM) == 0, old.lines[-20:]

    assert office.counts() == {"sent": 60}
    assert len(office.gowa.asked) == 60
    assert office.twice() == []
    office.proves_itself()
