"""What happens in a failover run: the leader is killed, replaced and cut off while messages go."""

from __future__ import annotations

import random
import signal
from collections.abc import Callable
from contextlib import ExitStack
from time import monotonic
from typing import NamedTuple

import click
from sqlalchemy.exc import SQLAlchemyError

from projections.database import faults
from tests.chaos.traffic import SETTINGS, Traffic
from tests.ha.cluster import PATIENCE, Cluster
from tests.ha.node import Node
from tests.support import processes, then
from tests.support.office import Office

RUNNERS = ("enroller", "campaigner", "reaper", "monitor", "notary")
BROADCASTERS = 3
# Every second device sends as fast as it can: what the fault meets is then on its way.
DEVICES = 20
# Seconds that the gateway takes on average.
ANSWER = 0.1
# A fifth of the messages, or less, belongs to each of two steps, and of three campaigns: one begins
# just before each fault, the first one with all that a campaign can do.
STEPS = 2
PARTS = 5


class Outage(NamedTuple):
    """Seconds from the fault until another node committed, and until the gateway was asked again
    after that."""

    fault: str
    writable: float
    sending: float


class FailoverRun:
    """One run on a cluster. ``seconds`` is how long the devices with a pause would take for their
    share of the messages if nothing happened. ``deferrals``: whether the gateway also says "later",
    which takes half a minute each time."""

    def __init__(
        self,
        cluster: Cluster,
        office: Office,
        chance: random.Random,
        leads: int,
        seconds: float,
        *,
        deferrals: bool,
    ) -> None:
        self.cluster = cluster
        self.office = office
        self.chance = chance
        self.outages: list[Outage] = []
        self.ended: list[str] = []
        each = PARTS * leads / DEVICES
        pause = max(0.05, (seconds / each - ANSWER) / 1.5)
        pauses = {f"Phone {n}": pause if n % 2 else 0.0 for n in range(DEVICES)}
        self.traffic = Traffic(
            office,
            chance,
            leads,
            pauses,
            steps=STEPS,
            deferrals=deferrals,
            answer_seconds=ANSWER,
        )
        # Some people are held out of one part.
        self._messages = int((PARTS - 0.4) * leads)
        self._began = monotonic()

    def play(self, patience: float) -> None:
        """The three faults, each after a share of the messages. Then whatever is left is sent,
        within ``patience`` seconds."""
        with ExitStack() as stack:
            names = ["broadcaster"] * BROADCASTERS + [*RUNNERS]
            running = [
                (name, stack.enter_context(self.office.running(name, **SETTINGS))) for name in names
            ]
            self._fault("SIGKILL", 0.25, patience, Node.kill, Node.start)
            self._fault("switchover", 0.5, patience, self.cluster.switch_over)
            self._fault("partition", 0.7, patience, _cut, _mend)
            then.soon(lambda: _if_there(self.traffic.is_done), patience)
            self._tell("every message has ended")
            for name, one in running:
                code = one.ends(signal.SIGTERM)
                if code != 0:
                    self.ended.append(f"the {name} ended with {code}: {one.lines[-5:]}")

    def _fault(
        self,
        name: str,
        share: float,
        patience: float,
        strike: Callable[[Node], object],
        heal: Callable[[Node], object] = lambda node: None,
    ) -> None:
        """Strikes the leader when that share was sent and a campaign has just begun; measures, and
        waits until the cluster is whole again."""
        gowa = self.office.gowa
        then.soon(lambda: len(gowa.asked) >= share * self._messages, patience)
        then.soon(self.cluster.is_whole, PATIENCE)
        leader = self.cluster.leader()
        assert leader is not None
        before = len(gowa.asked)
        self.traffic.add_campaign(name, special=self.traffic.mix.special is None)
        then.soon(lambda: len(gowa.asked) > before, patience)
        then.passes(self.chance.uniform(0.0, 1.0))
        began = monotonic()
        strike(leader)
        writable = then.soon(lambda: self.cluster.writable_elsewhere(leader), PATIENCE)
        sending = then.soon(lambda: self._asked_since(writable), patience)
        self.outages.append(Outage(name, writable - began, sending - began))
        self._tell(f"{name}, {_seconds(self.outages[-1])}")
        heal(leader)
        then.soon(self.cluster.is_whole, PATIENCE)
        self._tell("the cluster is whole")

    def _tell(self, what: str) -> None:
        asked, so_far = len(self.office.gowa.asked), monotonic() - self._began
        said = f"{so_far:.0f} s: {what}; {asked} requests for {self._messages} messages"
        click.echo(said, err=True)

    def _asked_since(self, moment: float) -> float | None:
        """When the gateway was first asked for a message after ``moment``."""
        late = (asked.arrived for asked in self.office.gowa.asked if asked.arrived > moment)
        return next(late, None)

    def figures(self) -> dict[str, object]:
        """What is to be printed of the faults."""
        return {one.fault: _seconds(one) for one in self.outages}


def audit(office: Office) -> list[str]:
    """What ``sendtrail audit verify`` finds wrong, after the notary's last link."""
    office.once("notary")
    result = processes.sendtrail("audit", "verify", **office.settings)
    intact = result.returncode == 0 and "intact: " in result.stdout
    return [] if intact else [f"audit verify: {result.stdout} {result.stderr}"]


def _seconds(outage: Outage) -> str:
    return f"writable after {outage.writable:.1f} s and sending after {outage.sending:.1f} s"


def _cut(node: Node) -> None:
    node.proxy.cut()


def _mend(node: Node) -> None:
    node.proxy.mend()


def _if_there(condition: Callable[[], bool]) -> bool:
    """The condition; False if the database was away when it was asked, as after a failover."""
    try:
        return condition()
    except SQLAlchemyError as error:
        if faults.outage(error) is None:
            raise
        return False
