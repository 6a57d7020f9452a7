"""What happens in a chaos run: campaigns and a sequence, an unreliable gateway, and kills."""

from __future__ import annotations

import random
import signal
from collections import Counter
from contextlib import AbstractContextManager, ExitStack
from time import monotonic
from uuid import UUID

import click

from projections.database.engine import rows
from tests.support import processes, then
from tests.support.gateways.fake_gowa import Asked, Behaviour, Kind
from tests.support.office import Office
from tests.support.standby import Pair

# What the gateway does with a request, by shares of a hundred.
MANNERS: dict[Kind, float] = {
    "accept": 90.0,
    "throttle": 2.0,
    "busy": 2.0,
    "reject": 1.5,
    "error": 1.5,
    "drop": 1.5,
    "garbage": 1.0,
    "hang": 0.5,
}
PAUSE = 0.05
# Messages that the gateway takes while a standby falls behind, and after it took over.
MORE = 50
SETTINGS: dict[str, object] = {"lease_seconds": 3, "gateway_timeout": 4, "max_attempts": 10}


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
        self.manners = {
            kind: share
            for kind, share in MANNERS.items()
            if deferrals or kind not in ("throttle", "busy")
        }
        self.chance = chance
        self.scheduled = 5 * leads
        self.kills = self.freezes = self.failovers = 0
        self._times: Counter[tuple[str, str]] = Counter()
        self._seed = chance.random()
        office.gowa.behave = self._behave
        # Every second device has a pause, which the gateway's log must show.
        self.pauses = {f"Phone {number}": PAUSE if number % 2 else 0.0 for number in range(devices)}
        for name, pause in self.pauses.items():
            office.device(name, (pause, 2 * pause))
        steps = [{"body": f"Step {n}", "delay_hours": 0} for n in (1, 2, 3)]
        sequence = office.api.create(
            "/sequences",
            {"name": "Cold", "trigger": "COLD", "first_delay_minutes": 0, "steps": steps},
        )
        office.api.post(f"/sequences/{sequence['id']}/activate")
        office.leads(leads, triggers="COLD")
        for name in ("A", "B"):
            office.campaign(name=name, body=f"Campaign {name}")

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
                self._resolve()
            for _, victim in frozen:
                victim.process.send_signal(signal.SIGCONT)
            then.soon(self._is_done, patience)
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
            said = f"{self.kills} of {kills} kills, {ended} of {self.scheduled} messages sent"
            click.echo(said, err=True)

    def _start(self, name: str) -> AbstractContextManager[processes.Child]:
        return self.office.running(name, **SETTINGS)

    def _is_done(self) -> bool:
        self._resolve()
        return self.office.is_done() and self.office.counts().total() == self.scheduled

    def _resolve(self) -> None:
        """An operator has some of the unknown ones sent again, and says of none twice."""
        with self.office.container.database.transaction() as connection:
            found = rows(
                connection,
                "SELECT message_id FROM broadcast_messages WHERE status = 'unknown'"
                " AND retry_at IS NULL AND get_byte(uuid_send(message_id), 0) < 64 LIMIT 5",
            )
        for row in found:
            self._retry(row.message_id)

    def _retry(self, message_id: UUID) -> None:
        answer = self.office.api.post(
            f"/messages/{message_id}/resolve",
            {"resolution": "retried", "reason": "asked on the phone: nothing arrived"},
        )
        assert answer.status == 200, answer

    def _behave(self, asked: Asked) -> Behaviour:
        """The same for the same try of the same message in every run with that seed."""
        key = (asked.phone, asked.text)
        self._times[key] += 1
        own = random.Random(f"{self._seed}:{key}:{self._times[key]}")
        (kind,) = own.choices(list(self.manners), weights=list(self.manners.values()))
        return Behaviour(kind, own.expovariate(1 / 0.03), retry_after=1)
