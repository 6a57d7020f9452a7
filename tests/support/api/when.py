"""When: the real runners work, on the sandbox."""

from __future__ import annotations

from projections.container import Container
from runners.gateways.sandbox import Sandbox
from runners.support.clocks import SimulatedClock
from tests.support import when
from tests.support.when import at_once, enrolls, reaps, triggers

__all__ = ["at_once", "broadcasts", "enrolls", "reaps", "triggers"]


def broadcasts(container: Container, clock: SimulatedClock) -> None:
    """The broadcaster sends what is due, then time passes for the sandbox's receipts and replies,
    which come within five minutes."""
    sandbox = Sandbox(clock)
    one = when.broadcaster(container, sandbox)
    while when.claims(one):
        when.hands_over(one)
    while moment := sandbox.next_inbound():
        clock.move_to(moment)
        one.collect_inbound()
        when.receives(container)
