"""1. "We started a second worker to be faster, and our customers got everything twice." """

from __future__ import annotations

import signal
from collections import defaultdict
from contextlib import ExitStack
from itertools import pairwise

from tests.support import then
from tests.support.gateways.fake_gowa import Behaviour
from tests.support.office import Office

PAUSE = 0.1


def test_eight_workers_send_each_message_once_and_keep_every_pause(office: Office) -> None:
    """400 messages of ten devices, every second of which has a pause; answers take a while."""
    office.gowa.behave = lambda asked: Behaviour(seconds=0.02)
    for number in range(10):
        pause = PAUSE if number % 2 else 0
        office.device(f"Sales {number}", (pause, pause))
    office.leads(400)
    office.campaign()
    assert office.once("campaigner").returncode == 0

    with ExitStack() as stack:
        workers = [stack.enter_context(office.running("broadcaster")) for _ in range(8)]
        for worker in workers:
            worker.says("runners.started")
        then.soon(lambda: office.counts()["sent"] == 400, 60)
        assert [worker.ends(signal.SIGTERM) for worker in workers] == [0] * 8

    assert len(office.gowa.asked) == 400
    assert len({asked.phone for asked in office.gowa.asked}) == 400
    assert len({event.worker for event in then.events(office.container, "message.claimed")}) > 1
    arrivals = defaultdict(list)
    for asked in office.gowa.asked:
        arrivals[asked.device].append(asked.arrived)
    for number in range(1, 10, 2):
        moments = arrivals[f"Sales {number}"]
        assert min(later - earlier for earlier, later in pairwise(moments)) >= PAUSE
    office.proves_itself()
