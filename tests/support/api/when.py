"""When: the real runners work, on the sandbox."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from projections.container import Container
from runners.gateways.sandbox import Sandbox
from runners.jobs.campaigner import Campaigner
from runners.jobs.enroller import Enroller
from runners.jobs.reaper import Reaper
from runners.sending.worker import Broadcaster
from runners.support.clocks import SimulatedClock


def triggers(container: Container) -> int:
    """The campaigner adds the audience of all that is due."""
    return Campaigner(container, "runner:campaigner:test").run_once()


def enrolls(container: Container) -> int:
    return Enroller(container, "runner:enroller:test").run_once()


def reaps(container: Container) -> int:
    return Reaper(container, "runner:reaper:test").run_once()


def broadcasts(container: Container, clock: SimulatedClock) -> None:
    """The broadcaster sends what is due, then time passes for the sandbox's receipts and replies,
    which come within five minutes."""
    sandbox = Sandbox(clock)
    one = Broadcaster(
        container,
        {"sandbox": sandbox},
        worker="worker 1",
        actor="runner:broadcaster:test",
        uniform=random.Random(1).uniform,
    )
    while one.claim():
        asyncio.run(_hand_over(one))
    while moment := sandbox.next_inbound():
        clock.move_to(moment)
        one.record_reports()


async def _hand_over(one: Broadcaster) -> None:
    one.send(one.hand_over())
    while one.in_flight:
        await asyncio.wait(one.in_flight)
    one.record(one.take_outcomes())


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Each in a thread of its own, all beginning at the same moment; what they return."""
    barrier = Barrier(len(works))

    def begin(work: Callable[[], Any]) -> Any:
        barrier.wait(10)
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(begin, works))
