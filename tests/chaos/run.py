"""What happens in a chaos run: processes are killed while they send."""

from __future__ import annotations

import random
import signal
from contextlib import AbstractContextManager, ExitStack
from time import monotonic

import click

from tests.chaos.traffic import SETTINGS, Traffic
from tests.support import processes, then
from tests.support.office import Office
from tests.support.standby import Pair

PAUSE = 0.05
# Messages that the gateway takes while a standby falls behind, and after it took over.
MORE = 50


class ChaosRun:
    """One chaos run. Everything random comes from ``chance``; what the processes make of it
    depends on the machine."""

    def __init__(
        self,
        office: Office,
        chance: random.Random,
        leads: int,
        devices: int,
        *,
        deferrals: bool = True,
        pair: Pair | None = None,
    ) -> None:
        self.office = office
        self.pair = pair
        self.chance = chance
        self.kills = self.freezes = self.failovers = 0
        # Every second device has a pause, which the gateway's log must show.
        pauses = {f"Phone {number}": PAUSE if number % 2 else 0.0 for number in range(devices)}
        self.traffic = Traffic(
            office, chance, leads, pauses, deferrals=deferrals, undo=pair is None
        )
        self.traffic.add_campaign("A", special=True)
        self.traffic.add_campaign("B")

    def play(self, kills: int, broadcasters: int, patience: float, failovers: int = 0) -> None:
        """Kills one process after the other, replacing each, and then lets them finish within
        ``patience`` seconds. One blow in ten freezes a process for longer than its calls may take
        to begin instead. In between, ``failovers`` times, the database fails over to a standby that
        lacks the last commits."""
        names = ["broadcaster"] * broadcasters + ["enroller", "campaigner", "reaper", "monitor"]
        with ExitStack() as stack:
            running = [stack.enter_context(self._start(name)) for name in names]
            frozen: list[tuple[float, processes.Child]] = []
            while self.kills < kills or self.failovers < failovers:
                then.passes(self.chance.uniform(0.05, 2.0))
                due = self.kills * (failovers + 1) >= (self.failovers + 1) * kills
                if self.failovers < failovers and due:
                    while frozen:
                        frozen.pop(0)[1].process.send_signal(signal.SIGCONT)
                    self._fail_over()
                    continue
                number = self.chance.randrange(len(names))
                victim = running[number]
                if self.chance.random() < 0.1:
                    victim.process.send_signal(signal.SIGSTOP)
                    frozen.append((monotonic() + 8, victim))
                    self.freezes += 1
                else:
                    victim.process.kill()
                    victim.process.wait(20)
                    running[number] = stack.enter_context(self._start(names[number]))
                    self.kills += 1
                self._tell(kills)
                while frozen and frozen[0][0] <= monotonic():
                    frozen.pop(0)[1].process.send_signal(signal.SIGCONT)
                # Who is frozen may hold a lock, and is let go on by this loop alone.
                if not frozen:
                    self.traffic.resolve()
                    self.traffic.mix.act()
            for _, victim in frozen:
                victim.process.send_signal(signal.SIGCONT)
            then.soon(self.traffic.is_done, patience)
            for one in running:
                one.says("runners.started")  # the last ones may have nothing left to do
                code = one.ends(signal.SIGTERM)
                assert code == 0, one.lines[-20:]

    def _fail_over(self) -> None:
        """Nobody is killed until sending goes on: who forgets what it handed over can tell nobody.
        Nor does the operator say anything meanwhile, who would have to say it again."""
        assert self.pair is not None
        self.pair.catch_up()
        self.pair.fall_behind()
        self._take_more()
        self.pair.lose_primary()
        self.pair.go_on()
        self.office.container.database.close()
        self._take_more()
        self.pair.follow()
        self.failovers += 1

    def _take_more(self) -> None:
        """Waits until the gateway has taken more messages, or nothing is left."""
        taken = len(self.office.gowa.taken)
        then.soon(lambda: len(self.office.gowa.taken) >= taken + MORE or self.office.is_done(), 60)

    def _tell(self, kills: int) -> None:
        if self.kills % 10 == 0:
            ended = self.office.counts()["sent"]
            said = (
                f"{self.kills} of {kills} kills, {ended} of {self.traffic.scheduled} messages sent"
            )
            click.echo(said, err=True)

    def _start(self, name: str) -> AbstractContextManager[processes.Child]:
        return self.office.running(name, **SETTINGS)
