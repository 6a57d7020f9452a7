"""When: broadcasters look and send, threads work at once, and time passes."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

from domain.addresses import Address
from domain.inbound import Inbound, Receipt, ReceiptKind, Reply
from projections.container import Container
from projections.records import inbox
from runners.gateways.protocol import Accepted, DeviceState, Gateway, Outcome, Outgoing
from runners.jobs.campaigner import Campaigner
from runners.jobs.enroller import Enroller
from runners.jobs.reaper import Reaper
from runners.jobs.receiver import Receiver
from runners.sending.claim import ClaimResult
from runners.sending.dispatch import DispatchResult
from runners.sending.worker import Broadcaster
from runners.support.clocks import SimulatedClock
from tests.support.heard import keeps

Answer = Outcome | BaseException


class Phones:
    """A gateway that notes what it is asked to send and when, and answers as told: each answer
    once, then that everything is accepted."""

    def __init__(self, clock: Callable[[], datetime], *answers: Answer) -> None:
        self.clock = clock
        self.answers = list(answers)
        self.sent: list[Outgoing] = []
        self.moments: list[datetime] = []

    @property
    def texts(self) -> list[str]:
        return [outgoing.content.body for outgoing in self.sent]

    def moments_of(self, device: UUID) -> list[datetime]:
        """When this device sent."""
        both = zip(self.moments, self.sent, strict=True)
        return [at for at, outgoing in both if outgoing.device_id == device]

    async def send(self, outgoing: Outgoing) -> Outcome:
        self.sent.append(outgoing)
        self.moments.append(self.clock())
        answer = self.answers.pop(0) if self.answers else Accepted(f"wamid.{len(self.sent)}")
        if isinstance(answer, BaseException):
            raise answer
        return answer

    async def status(
        self, device_id: UUID, settings: Mapping[str, Any], credentials: Mapping[str, str]
    ) -> DeviceState:
        return DeviceState(online=True)

    async def close(self) -> None:
        pass

    def collect(self, now: datetime) -> list[Inbound]:
        return []


def receives(container: Container) -> int:
    """The receiver records all that waits."""
    return Receiver(container).run_once()


def told(container: Container, *items: Inbound, gateway: str = "gowa") -> None:
    """A provider says so, and it is recorded."""
    now = container.outreach.clock()
    with container.database.transaction() as connection:
        inbox.put_items(connection, uuid4(), gateway, items, now)
    receives(container)


def tells(container: Container, gateway: str, device: UUID, payload: Any) -> None:
    """The provider's webhook for that device has come; it waits for the receiver."""
    now = container.outreach.clock()
    body = json.dumps(payload).encode()
    with container.database.transaction() as connection:
        keeps(connection, uuid4(), gateway, device, body, now)


def receipt(container: Container, message_id: UUID, kind: ReceiptKind) -> None:
    """The provider says so of that message."""
    told(container, Receipt(kind, message_id))


def replies(container: Container, lead_id: UUID, text: str, provider_id: str, **more: Any) -> None:
    """The lead writes that."""
    phone = container.outreach.get_lead(lead_id).phone
    sender = (Address("wa_id", phone.removeprefix("+")),)
    told(container, Reply(sender, text, provider_id, **more))


def broadcaster(
    container: Container, gateway: Gateway, worker: str = "worker 1", name: str = "sandbox"
) -> Broadcaster:
    """One worker; the same name gives the same paces. ``name`` is what devices call the gateway."""
    return Broadcaster(
        container,
        {name: gateway},
        worker=worker,
        actor="runner:broadcaster:test",
        uniform=random.Random(worker).uniform,
    )


def enrolls(container: Container, **options: Any) -> int:
    return Enroller(container, "runner:enroller:test", **options).run_once()


def triggers(container: Container, **options: Any) -> int:
    return Campaigner(container, "runner:campaigner:test", **options).run_once()


def reaps(container: Container, **options: Any) -> int:
    return Reaper(container, "runner:reaper:test", **options).run_once()


def hands_over(*broadcasters: Broadcaster) -> None:
    """Each sends what has its slot now, and records what becomes of it."""
    for one in broadcasters:
        while True:
            result = dispatches(one)
            sends(one, result)
            if not result.outgoing:
                break


def claims(one: Broadcaster) -> int:
    """It claims, and dispatches nothing yet; how many messages that were."""
    return one.accept_claim(one.claim(one.claim_request(at_once=False)))


def dispatches(one: Broadcaster) -> DispatchResult:
    """It dispatches what has its slot now, and sends nothing yet."""
    with one.due() as slots:
        return one.dispatch(slots)


def sends(one: Broadcaster, result: DispatchResult) -> None:
    """It calls the gateways, waits for all answers, and records them."""
    asyncio.run(_send(one, result))


def sends_claimed(one: Broadcaster, result: ClaimResult) -> None:
    """The same for what was dispatched with a claim; the rest of it is queued."""

    async def send() -> None:
        one.accept_claim(result)
        await _answers(one)

    asyncio.run(send())


async def _send(one: Broadcaster, result: DispatchResult) -> None:
    one.accept_dispatch(result)
    await _answers(one)


async def _answers(one: Broadcaster) -> None:
    while one.in_flight:
        await asyncio.wait(one.in_flight)
    one.record(one.take_outcomes())


def looks(*broadcasters: Broadcaster) -> None:
    """Each claims, and sends what has its slot now."""
    for one in broadcasters:
        sends_claimed(one, one.claim(one.claim_request()))
    hands_over(*broadcasters)


def plays(clock: SimulatedClock, seconds: float, *broadcasters: Broadcaster) -> None:
    """Time goes from slot to slot; the broadcasters claim at their interval, each in its turn
    before the others."""
    end, next_look = clock() + timedelta(seconds=seconds), clock()
    every = timedelta(seconds=broadcasters[0].container.settings.broadcast_every)
    while True:
        if clock() >= next_look:
            looks(*broadcasters)
            broadcasters = (*broadcasters[1:], broadcasters[0])
            next_look = clock() + every
        else:
            hands_over(*broadcasters)
        moments = [next_look, *(one.queues.next_moment() for one in broadcasters)]
        moment = min(filter(None, moments))
        if moment > end:
            clock.move_to(end)
            return
        clock.move_to(moment)


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Each in a thread of its own, all beginning at the same moment; what they return."""
    barrier = Barrier(len(works))

    def begin(work: Callable[[], Any]) -> Any:
        barrier.wait(10)
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(begin, works))
