"""Calls of gateways, as many at a time as there are messages; each is given up when its time is
over."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from time import perf_counter

from projections.config import metrics
from projections.container import Container
from runners.gateways.protocol import Gateway, Outcome, Outgoing, Unknown
from runners.sending.breaker import NOT_CALLED


class Calls:
    """Workers take what waits, each one call at a time. A worker whose gateway answers at once goes
    on with the next call. Where it has to wait another worker takes over: a task is made only where
    a call is really on its way. ``ended`` is told every outcome.
    """

    def __init__(
        self,
        container: Container,
        gateways: Mapping[str, Gateway],
        ended: Callable[[str, Outgoing, Outcome], None],
    ) -> None:
        self.container = container
        self.gateways = gateways
        self.ended = ended
        self._waiting: deque[tuple[str, Outgoing]] = deque()
        # Workers, with the moment of the loop's clock at which their call is given up.
        self.in_flight: dict[asyncio.Task[None], float] = {}
        # Whether a worker has been started and not begun.
        self._starting = False
        self._watch: asyncio.TimerHandle | None = None

    def begin(self, outgoing: Iterable[tuple[str, Outgoing]]) -> None:
        """Calls for each message the gateway that is named beside it."""
        self._loop = asyncio.get_running_loop()
        self._waiting.extend(outgoing)
        self._start_worker()

    def _start_worker(self) -> None:
        if self._waiting and not self._starting:
            self._starting = True
            self._limit(self._loop.create_task(self._work()))

    async def _work(self) -> None:
        self._starting = False
        worker = asyncio.current_task()
        assert worker is not None  # noqa: S101 - this is a task's own code
        try:
            cancelled = False
            while self._waiting and not cancelled:
                name, outgoing = self._waiting.popleft()
                self._start_worker()
                self._limit(worker)
                began = perf_counter()
                outcome, cancelled = await self._call(name, outgoing)
                if outcome is not NOT_CALLED:
                    kind = type(outcome).__name__.lower()
                    metrics.gateway(name, kind)(perf_counter() - began)
                self.ended(name, outgoing, outcome)
        finally:
            del self.in_flight[worker]
            self._start_worker()
            if self._watch is not None and not self.in_flight:
                self._watch.cancel()
                self._watch = None

    async def _call(self, name: str, outgoing: Outgoing) -> tuple[Outcome, bool]:
        """The outcome, and whether the worker was told to end."""
        if self.container.outreach.clock() >= outgoing.call_before:
            # The database or this machine stood still since: others may think that it is over.
            return NOT_CALLED, False
        fault_point = self.container.database.fault_point
        limit = self.container.settings.gateway_timeout
        try:
            fault_point("gateway.before_call")
            outcome = await self.gateways[name].send(outgoing)
            fault_point("gateway.after_call")
        except asyncio.CancelledError:
            return Unknown(f"no answer within {limit:g} seconds"), True
        except TimeoutError:
            return Unknown(f"no answer within {limit:g} seconds"), False
        except Exception as error:  # a gateway's own fault says nothing about the message
            return Unknown(f"the gateway failed: {type(error).__name__}"), False
        return outcome, False

    def _limit(self, worker: asyncio.Task[None]) -> None:
        """Gives the worker's call the gateway's time-out from now on."""
        until = self._loop.time() + self.container.settings.gateway_timeout
        self.in_flight[worker] = until
        if self._watch is None:
            self._watch = self._loop.call_at(until, self._give_up)

    def _give_up(self) -> None:
        """Ends the calls whose time is over. One timer does for all of them."""
        now = self._loop.time()
        for worker, until in self.in_flight.items():
            if until <= now:
                worker.cancel()
        others = [until for until in self.in_flight.values() if until > now]
        self._watch = self._loop.call_at(min(others), self._give_up) if others else None
