"""17. "One gateway hung for two minutes, and the numbers on all others stood still with it." """

from __future__ import annotations

import signal
from collections.abc import Iterator
from uuid import UUID

import pytest

from tests.support import then
from tests.support.gateways.fake_gowa import Behaviour, FakeGowa, serving
from tests.support.office import Office

# So patient that no call is given up before the gateway is restarted.
TIMEOUT = 60


@pytest.fixture
def hanging() -> Iterator[FakeGowa]:
    """A second server. It answers nobody, not even the monitor; when that is over, whoever waited
    has lost the connection."""
    fake = FakeGowa(lambda asked: Behaviour("drop"))
    fake.hangs = True
    with serving(fake):
        yield fake


def test_a_gateway_that_hangs_slows_its_own_devices_only(office: Office, hanging: FakeGowa) -> None:
    """Two numbers on each gateway, one that sends as fast as it can and one with a pause: those on
    the healthy gateway are done before the other has answered anything. When that is restarted,
    its numbers go on; what it may have taken is unknown, and is not sent again."""
    fast = office.device("Old 1", behind=hanging)
    paced = office.device("Old 2", (0.05, 0.05), behind=hanging)
    others = [office.device("New 1"), office.device("New 2", (0.05, 0.05))]
    for number, name in enumerate(("Old 1", "Old 2", "New 1", "New 2")):
        office.leads(20, first=100 * number + 1, device=name)
    campaign = office.campaign()

    with office.running(gateway_timeout=TIMEOUT) as runners:
        then.soon(lambda: all(office.counts(device) == {"sent": 20} for device in others))
        answered = {m.device_id for m in then.messages(office.container) if m.answered_at}
        assert answered == set(map(UUID, others))
        then.soon(lambda: office.counts(fast) == {"queued": 20})
        # With a pause, the next send waits for the answer to the one before.
        then.soon(lambda: office.counts(paced)["queued"] == 1)
        assert office.counts(paced)["sent"] == 0

        hanging.behave = lambda asked: Behaviour()
        hanging.hangs = False
        then.soon(office.is_done)
        assert runners.ends(signal.SIGTERM) == 0

    assert office.counts(fast) == {"unknown": 20}
    assert office.counts(paced) == {"unknown": 1, "sent": 19}
    assert len({asked.phone for asked in hanging.asked}) == len(hanging.asked) == 40
    assert office.api.get(f"/campaigns/{campaign}").json["status"] == "finished"
    office.proves_itself()
