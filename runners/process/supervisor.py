"""Puts runners together into one process and ends them well."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from functools import partial

import structlog

from domain.errors import SendtrailError
from projections.audit import hash_chain
from projections.config.settings import Settings
from projections.container import Container
from projections.records import credentials
from runners.gateways.registry import make_gateways
from runners.jobs.campaigner import Campaigner
from runners.jobs.enroller import Enroller
from runners.jobs.monitor import Monitor
from runners.jobs.notifier import Notifier
from runners.jobs.reaper import Reaper
from runners.sending import loops
from runners.sending.worker import Broadcaster
from runners.support import outages

log = structlog.get_logger()

# In the order in which one look at everything is useful: devices first, tidying last.
RUNNERS = ("monitor", "enroller", "campaigner", "broadcaster", "reaper", "notary", "notifier")


def tune() -> None:
    """Makes the interpreter fit for a process that runs runners."""
    # Batches are short-lived and have no cycles; looking for some took a sixth of the time.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    # Whoever comes back from the database has the next statement to send: it should not wait for
    # the others' whole 5 ms while the database has nothing to do.
    sys.setswitchinterval(0.0005)


class Runners:
    """The runners of one process, by name."""

    def __init__(self, container: Container, names: Iterable[str]) -> None:
        self.container = container
        self.names = [name for name in RUNNERS if name in set(names)]
        self.host = f"{socket.gethostname()}:{os.getpid()}"
        self.failed: str | None = None
        with container.database.transaction() as connection:
            credentials.check(connection, container.secrets)
        tune()

    def once(self) -> dict[str, int]:
        """One look each, in order; returns how much each did."""
        done = {}
        for name in self.names:
            if name == "broadcaster":
                done[name] = asyncio.run(loops.play_out(self._broadcaster()))
            else:
                done[name] = self._work(name)()
        return done

    def forever(self) -> None:
        """Until SIGTERM or SIGINT: then stops claiming, finishes what is in flight, releases the
        rest, and returns. Raises SendtrailError if a runner had a fault."""
        asyncio.run(self._forever())
        if self.failed:
            raise SendtrailError(f"the {self.failed} failed; see the log")

    async def _forever(self) -> None:
        stop, stop_threads = asyncio.Event(), threading.Event()
        loop = asyncio.get_running_loop()

        def end() -> None:
            stop.set()
            stop_threads.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, end)
        threads = [
            threading.Thread(
                target=self._repeat,
                args=(name, stop_threads, lambda: loop.call_soon_threadsafe(end)),
                name=name,
            )
            for name in self.names
            if name != "broadcaster"
        ]
        for thread in threads:
            thread.start()
        log.info("runners.started", runners=self.names)
        try:
            if "broadcaster" in self.names:
                await loops.broadcast(self._broadcaster(), stop)
            else:
                await stop.wait()
        finally:
            stop_threads.set()
            for thread in threads:
                await asyncio.to_thread(thread.join)
        log.info("runners.stopped")

    def _repeat(self, name: str, stop: threading.Event, fail: Callable[[], object]) -> None:
        """A fault in one runner ends the process: a supervisor restarts it and somebody looks."""
        try:
            outages.repeat(name, self._work(name), _every(self.container.settings, name), stop)
        except BaseException as error:
            log.error("runner.failed", runner=name, error=type(error).__name__)
            self.failed = name
            fail()

    def _work(self, name: str) -> Callable[[], int]:
        actor = self._actor(name)
        match name:
            case "monitor":
                return Monitor(
                    self.container, make_gateways(self.container.settings), actor
                ).run_once
            case "enroller":
                return Enroller(self.container, actor).run_once
            case "campaigner":
                return Campaigner(self.container, actor).run_once
            case "notary":
                return partial(
                    hash_chain.extend, self.container.database, self.container.outreach.clock
                )
            case "notifier":
                return Notifier(self.container).run_once
            case _:
                return Reaper(self.container, actor).run_once

    def _broadcaster(self) -> Broadcaster:
        return Broadcaster(
            self.container,
            make_gateways(self.container.settings),
            # A process id may come again, on another host of the same name even at once.
            worker=f"{self.host}:{secrets.token_hex(4)}",
            actor=self._actor("broadcaster"),
            uniform=random.SystemRandom().uniform,
        )

    def _actor(self, name: str) -> str:
        return f"runner:{name}:{self.host}"


def _every(settings: Settings, name: str) -> float:
    return {
        "monitor": settings.monitor_every,
        "enroller": settings.enroll_every,
        "campaigner": settings.campaign_every,
        "reaper": settings.reap_every,
        "notary": settings.notary_every,
        "notifier": settings.notify_every,
    }[name]
