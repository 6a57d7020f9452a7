"""The supervisor: starts the runners of one process and ends them well."""

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

import structlog

from domain.errors import SendtrailError
from projections.config.settings import Settings
from projections.container import Container
from projections.records import credentials
from runners.gateways.registry import make_gateways
from runners.jobs.campaigner import Campaigner
from runners.jobs.enroller import Enroller
from runners.jobs.monitor import Monitor
from runners.jobs.notary import Notary
from runners.jobs.notifier import Notifier
from runners.jobs.reaper import Reaper
from runners.sending import loops
from runners.sending.worker import Broadcaster
from runners.support import clock_watch, outages
from runners.support.clock_watch import ClockWatch

log = structlog.get_logger()

# The order of a single turn of each: what devices are online first, tidying last.
RUNNERS = ("monitor", "enroller", "campaigner", "broadcaster", "reaper", "notary", "notifier")
# What runs beside them in every process: it looks at the clock before any runner begins.
CLOCK = "clock watch"


def tune() -> None:
    """Tunes the interpreter for a process that runs runners."""
    # Batches are short-lived and have no cycles. Looking for cycles took a sixth of the time.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    # A lower GIL switch interval, so that a thread that returns from the database resumes quickly.
    # With the default of 5 ms the database would have nothing to do meanwhile.
    sys.setswitchinterval(0.0005)


class Runners:
    """The runners of one process; ``names`` are some of ``RUNNERS``.

    Raises SettingsError if there are credentials that the secret key cannot decrypt.
    """

    def __init__(self, container: Container, names: Iterable[str]) -> None:
        self.container = container
        self.names = [name for name in RUNNERS if name in set(names)]
        self.host = f"{socket.gethostname()}:{os.getpid()}"
        self.failed: str | None = None
        self.clock_watch = ClockWatch(container.database, container.outreach.clock)
        with container.database.transaction() as connection:
            credentials.check(connection, container.secrets)
        tune()

    def once(self) -> dict[str, int]:
        """Runs each runner once, in the order of ``RUNNERS``; returns how much each did."""
        self.clock_watch.look()
        done = {}
        for name in self.names:
            if name == "broadcaster":
                done[name] = asyncio.run(loops.play_out(self._broadcaster()))
            else:
                done[name] = self._job(name)()
        return done

    def forever(self) -> None:
        """Runs the runners on their schedules until SIGTERM or SIGINT.

        Then the broadcaster claims no more, finishes the calls that are in flight and releases the
        other claims. Raises SendtrailError if a runner had a fault.
        """
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
            for name in (CLOCK, *self.names)
            if name != "broadcaster"
        ]
        threads[0].start()
        await asyncio.to_thread(self.clock_watch.looked.wait, clock_watch.FIRST_LOOK)
        for thread in threads[1:]:
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
        """Runs one job on its schedule, in a thread of its own; ``fail`` ends the process.

        A fault in one runner ends the whole process, so that what supervises it restarts it and the
        operator sees it.
        """
        try:
            outages.repeat(name, self._job(name), _interval(self.container.settings, name), stop)
        except BaseException as error:
            log.error("runner.failed", runner=name, error=type(error).__name__)
            self.failed = name
            fail()

    def _job(self, name: str) -> Callable[[], int]:
        """The work of one run of the runner ``name``; it returns how much it did."""
        actor = self._actor(name)
        match name:
            case "monitor":
                gateways = make_gateways(self.container.settings)
                return Monitor(self.container, gateways, actor).run_once
            case "enroller":
                return Enroller(self.container, actor).run_once
            case "campaigner":
                return Campaigner(self.container, actor).run_once
            case "notary":
                return Notary(self.container).run_once
            case "notifier":
                return Notifier(self.container).run_once
            case "reaper":
                right = self.clock_watch.clock_is_right
                return Reaper(self.container, actor, clock_is_right=right).run_once
            case _:
                return self.clock_watch.look

    def _broadcaster(self) -> Broadcaster:
        return Broadcaster(
            self.container,
            make_gateways(self.container.settings),
            # A process id can be used again; on another host of the same name even at once.
            worker=f"{self.host}:{secrets.token_hex(4)}",
            actor=self._actor("broadcaster"),
            uniform=random.SystemRandom().uniform,
            clock_is_right=self.clock_watch.clock_is_right,
        )

    def _actor(self, name: str) -> str:
        return f"runner:{name}:{self.host}"


def _interval(settings: Settings, name: str) -> float:
    """Seconds between two runs of the runner ``name``."""
    return {
        "monitor": settings.monitor_every,
        "enroller": settings.enroll_every,
        "campaigner": settings.campaign_every,
        "reaper": settings.reap_every,
        "notary": settings.notary_every,
        "notifier": settings.notify_every,
        CLOCK: clock_watch.EVERY,
    }[name]
