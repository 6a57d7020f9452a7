"""An office whose database is lost and comes back: its runners, each a process of its own, and what
must hold of their work afterwards."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from projections.database.engine import rows
from tests.support import processes, then
from tests.support.gateways.fake_gowa import Behaviour
from tests.support.office import Office

# Calls are answered in time on a busy machine; what nobody called for is unknown soon.
PATIENT: dict[str, object] = {"gateway_timeout": 8, "lease_seconds": 5}
# Each has the others beside it on other machines.
EVERYBODY = (*["broadcaster"] * 4, "enroller", "campaigner", "reaper", "monitor", "notary")
# Devices with a pause have one call on their way, the others so many.
AT_ONCE = 32
WENT_BACK = "database.went_back"
MORE = 20
# Seconds within which sending goes on: workers wait for each other, and for the database.
GOES_ON = 45.0


class Team:
    """``members`` are the processes, in the order of their names."""

    def __init__(self, office: Office, names: tuple[str, ...], stack: ExitStack) -> None:
        self.office = office
        self.members = [
            stack.enter_context(office.running(*name.split("+"), **PATIENT)) for name in names
        ]
        for member in self.members:
            member.says("runners.started")
        # Each broadcaster has told the others that it is there.
        senders = sum("broadcaster" in name.split("+") for name in names)
        then.soon(lambda: self._senders() >= senders)

    def _senders(self) -> int:
        with self.office.container.database.transaction() as connection:
            counted = rows(
                connection, "SELECT count(*) FROM runner_processes WHERE server IS NOT NULL"
            )
            return int(counted[0][0])

    def told(self, text: str) -> int:
        """How many of them wrote that."""
        return sum(any(text in line for line in member.lines) for member in self.members)

    def goes_on(self) -> None:
        """Waits until calls begin that did not begin before the database was lost."""
        before = len(self.office.gowa.taken)
        self._waits(lambda: len(self.office.gowa.taken) >= before + MORE, GOES_ON)

    def finishes(self, scheduled: int) -> None:
        """Waits until so many messages were scheduled and none is under way, and ends well."""
        office = self.office
        self._waits(lambda: office.counts().total() == scheduled and office.is_done(), 120)
        for member in self.members:
            assert member.ends(signal.SIGTERM) == 0, member.lines[-20:]

    def _waits(self, condition: Callable[[], Any], seconds: float) -> None:
        try:
            then.soon(lambda: self._dead() or condition(), seconds)
        except AssertionError:
            raise AssertionError(self._report("it stands still")) from None
        assert not self._dead(), self._report("a runner died")

    def _dead(self) -> list[processes.Child]:
        return [member for member in self.members if member.process.poll() is not None]

    def _report(self, what: str) -> str:
        office = self.office
        office.container.database.close()
        lines = [
            f"{what}: {dict(office.counts())}, {len(office.twice())} of"
            f" {len(office.gowa.taken)} were sent twice, {len(then.gaps(office.container))} gaps"
        ]
        for member in self.members:
            lines.append(f"-- {member.process.returncode}")
            lines += member.lines[-4:]
        return "\n".join(lines)


@contextmanager
def working(office: Office, *names: str) -> Iterator[Team]:
    """Runners of these names, which do not outlive the block; ``a+b`` are two in one process."""
    with ExitStack() as stack:
        yield Team(office, names or EVERYBODY, stack)


def devices(office: Office, paced: int, fast: int) -> int:
    """Numbers with and without a pause, whose calls take a while; gives how many messages can be
    on their way at a time."""
    office.gowa.behave = lambda asked: Behaviour(seconds=0.05)
    for number in range(paced):
        office.device(f"Paced {number}", (0.05, 0.1))
    for number in range(fast):
        office.device(f"Fast {number}")
    return paced + AT_ONCE * fast


def sequence(office: Office, *bodies: str) -> None:
    """A sequence of these texts, all due at once, for whoever is COLD."""
    steps = [{"body": body, "delay_hours": 0} for body in bodies]
    given = {"name": "Cold", "trigger": "COLD", "first_delay_minutes": 0, "steps": steps}
    made = office.api.create("/sequences", given)
    assert office.api.post(f"/sequences/{made['id']}/activate").status == 200


def proves(office: Office, on_their_way: int) -> None:
    """Nobody was written to twice, every message is sent or unknown, unknown ones are no more than
    were ``on_their_way``, and every check says so."""
    assert office.twice() == []
    counts = office.counts()
    assert set(counts) <= {"sent", "unknown"}, counts
    assert counts["unknown"] <= on_their_way, counts
    assert counts["sent"] <= len(office.gowa.taken) <= counts.total()
    assert then.gaps(office.container) == []
    for command in (["audit", "verify"], ["rebuild", "--check"]):
        done = processes.sendtrail(*command, **office.settings)
        assert done.returncode == 0, done
        assert command[0] == "rebuild" or "intact: " in done.stdout
