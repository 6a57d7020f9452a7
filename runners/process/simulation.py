"""Plays days in seconds: the real runners at their real intervals, on a simulated clock."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.device import GATEWAYS
from projections.container import Container
from projections.queue import wake
from projections.readmodels import campaigns
from runners.gateways.protocol import Gateway
from runners.gateways.sandbox import Sandbox
from runners.jobs.campaigner import Campaigner
from runners.jobs.enroller import Enroller
from runners.jobs.monitor import Monitor
from runners.jobs.reaper import Reaper
from runners.jobs.receiver import Receiver
from runners.sending.worker import Broadcaster
from runners.support.clocks import SimulatedClock


@dataclass
class Turn:
    """A runner that runs every ``every`` seconds: next at ``at``, last at ``ran_at``."""

    work: Callable[[], int]
    every: float
    at: datetime
    ran_at: datetime


class Simulation:
    """One of each runner, on sandboxes; the same ``seed`` gives the same back-off.

    ``clock`` must be the clock of ``container``. With ``as_is`` no device is asked how it is, so
    that each stays as it was. ``assumed`` are settings of the sandbox that all devices have.
    """

    def __init__(
        self,
        container: Container,
        clock: SimulatedClock,
        seed: int = 1,
        *,
        as_is: bool = False,
        assumed: Mapping[str, Any] | None = None,
    ) -> None:
        self.container = container
        self.clock = clock
        # Whatever gateway a device has, it is one of these: nothing leaves the process. Each has
        # its own, because what is collected is named after the gateway.
        self.sandboxes: dict[str, Sandbox] = {name: Sandbox(clock, assumed) for name in GATEWAYS}
        gateways: dict[str, Gateway] = {**self.sandboxes}
        settings = container.settings
        self.broadcaster = Broadcaster(
            container,
            gateways,
            worker="simulation",
            actor="runner:broadcaster:simulation:1",
            uniform=random.Random(seed).uniform,  # noqa: S311 - pace is no secret
        )
        monitor = Monitor(container, gateways, "runner:monitor:simulation:1")
        enroller = Enroller(container, "runner:enroller:simulation:1")
        campaigner = Campaigner(container, "runner:campaigner:simulation:1")
        reaper = Reaper(container, "runner:reaper:simulation:1")
        receiver = Receiver(container)
        self.active_at = now = clock()
        self.turns = [
            *([] if as_is else [Turn(monitor.run_once, settings.monitor_every, now, now)]),
            Turn(enroller.run_once, settings.enroll_every, now, now),
            Turn(campaigner.run_once, settings.campaign_every, now, now),
            Turn(self._look, settings.broadcast_every, now, now),
            # As often as there can be anything: the sandbox tells only when it is asked.
            Turn(receiver.run_once, settings.broadcast_every, now, now),
            Turn(reaper.run_once, settings.reap_every, now, now),
        ]

    def play(
        self, until: datetime, progress: Callable[[datetime], None] = lambda now: None
    ) -> None:
        """Plays until the instant ``until``, jumping from one moment with work to the next.

        ``progress`` is told the present instant after every jump.
        """
        with asyncio.Runner() as loop:
            while self.clock() < until:
                worked = self._turn_all() + loop.run(self._send())
                if worked or self.broadcaster.queues:
                    self.active_at = self.clock()
                self.clock.move_to(min(until, self._next_moment(until)))
                progress(self.clock())

    def _turn_all(self) -> int:
        """Runs every runner whose turn has come; returns how much they did."""
        now, worked = self.clock(), 0
        for turn in self.turns:
            if turn.at <= now:
                worked += turn.work()
                turn.ran_at, turn.at = now, now + timedelta(seconds=turn.every)
        return worked

    async def _send(self) -> int:
        """Sends what is due now and records the outcomes; returns how many there were."""
        with self.broadcaster.due() as slots:
            result = self.broadcaster.dispatch(slots)
        self.broadcaster.accept_dispatch(result)
        while self.broadcaster.in_flight:
            await asyncio.wait(self.broadcaster.in_flight)
        return self.broadcaster.record(self.broadcaster.take_outcomes())

    def _look(self) -> int:
        """The broadcaster's turn: receipts and replies of gateways, and new claims."""
        collected = self.broadcaster.collect_inbound()
        result = self.broadcaster.claim(self.broadcaster.claim_request(at_once=False))
        return collected + self.broadcaster.accept_claim(result)

    def _next_moment(self, until: datetime) -> datetime:
        """The moment of the next slot or turn, ``until`` where there is no other.

        Once every runner has run since something last happened, only the passing of time can give
        them work. Turns before the next such moment are skipped.
        """
        if all(turn.ran_at > self.active_at for turn in self.turns):
            with self.container.database.transaction() as connection:
                due = [wake.next_due(connection), campaigns.next_scheduled(connection)]
            due += [sandbox.next_inbound() for sandbox in self.sandboxes.values()]
            next_work_at = min(filter(None, [*due, until]))
            for turn in self.turns:
                turn.at = max(turn.at, next_work_at)
        turns = (turn.at for turn in self.turns)
        return min(filter(None, [self.broadcaster.queues.next_moment(), *turns]))
