"""Plays days in seconds: the real runners, at their real intervals, on a clock that jumps."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from projections.container import Container
from projections.queue import sweep
from projections.readmodels import campaigns
from runners.gateways.sandbox import Sandbox
from runners.jobs.campaigner import Campaigner
from runners.jobs.enroller import Enroller
from runners.jobs.monitor import Monitor
from runners.jobs.reaper import Reaper
from runners.sending.worker import Broadcaster
from runners.support.clocks import SimulatedClock


@dataclass
class Turn:
    """A runner, how often it runs in seconds, when its next turn is and when its last was."""

    work: Callable[[], int]
    every: float
    at: datetime
    ran_at: datetime


class Simulation:
    """One of each runner on one sandbox. The same seed gives the same paces and outcomes."""

    def __init__(self, container: Container, clock: SimulatedClock, seed: int = 1) -> None:
        self.container = container
        self.clock = clock
        self.sandbox = Sandbox(clock)
        gateways = {"sandbox": self.sandbox}
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
        self.active_at = now = clock()
        self.turns = [
            Turn(monitor.run_once, settings.monitor_every, now, now),
            Turn(enroller.run_once, settings.enroll_every, now, now),
            Turn(campaigner.run_once, settings.campaign_every, now, now),
            Turn(self._look, settings.broadcast_every, now, now),
            Turn(reaper.run_once, settings.reap_every, now, now),
        ]

    def play(
        self, until: datetime, progress: Callable[[datetime], None] = lambda now: None
    ) -> None:
        """Moves the clock to ``until``, from one moment that may bring something to the next."""
        with asyncio.Runner() as loop:
            while self.clock() < until:
                worked = self._turn_all() + loop.run(self._send())
                if worked or self.broadcaster.claims:
                    self.active_at = self.clock()
                self.clock.move_to(min(until, self._next_moment(until)))
                progress(self.clock())

    def _turn_all(self) -> int:
        now, worked = self.clock(), 0
        for turn in self.turns:
            if turn.at <= now:
                worked += turn.work()
                turn.ran_at, turn.at = now, now + timedelta(seconds=turn.every)
        return worked

    async def _send(self) -> int:
        self.broadcaster.send(self.broadcaster.hand_over())
        while self.broadcaster.in_flight:
            await asyncio.wait(self.broadcaster.in_flight)
        return self.broadcaster.record(self.broadcaster.take_outcomes())

    def _look(self) -> int:
        """The broadcaster's turn: what gateways report, and new claims."""
        return self.broadcaster.record_reports() + self.broadcaster.claim()

    def _next_moment(self, until: datetime) -> datetime:
        """The next slot or turn. Once every runner has looked and found nothing since there was
        something, only time can give them work, and turns before that moment are skipped."""
        if all(turn.ran_at > self.active_at for turn in self.turns):
            with self.container.database.transaction() as connection:
                given = [sweep.next_due(connection), campaigns.next_scheduled(connection)]
            wake = min(filter(None, [*given, self.sandbox.next_inbound(), until]))
            for turn in self.turns:
                turn.at = max(turn.at, wake)
        turns = (turn.at for turn in self.turns)
        return min(filter(None, [self.broadcaster.claims.next_moment(), *turns]))
