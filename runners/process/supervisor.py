"""The supervisor: starts the runners of one process and ends them well."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterable

import msgspec
import structlog
from sqlalchemy import Connection

from projections.config.settings import Settings
from projections.container import Container
from projections.database.secret_check import OtherSecretKeyError
from projections.queries.log_position import log_position
from projections.records import credentials, runner_processes
from runners.gateways.registry import make_gateways
from runners.jobs.campaigner import Campaigner
from runners.jobs.enroller import Enroller
from runners.jobs.monitor import Monitor
from runners.jobs.notary import Notary
from runners.jobs.notifier import Notifier
from runners.jobs.reaper import Reaper
from runners.jobs.receiver import Receiver
from runners.process import secret_watch
from runners.sending import loops
from runners.sending.worker import Broadcaster
from runners.support import clock_watch, cycles, schedules
from runners.support.clock_watch import ClockWatch
from runners.support.health import Health

log = structlog.get_logger()

# The order of a single turn of each: what devices are online, and what people said, first; tidying
# last.
RUNNERS = (
    "monitor",
    "receiver",
    "enroller",
    "campaigner",
    "broadcaster",
    "reaper",
    "notary",
    "notifier",
)
# What runs beside them in every process: it looks at the clock before any runner begins.
CLOCK = "clock watch"


def tune() -> None:
    """Tunes the interpreter for a process that runs runners."""
    cycles.make_rare()
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
        # A process id can be used again; on another host of the same name even at once.
        self.process = f"{self.host}:{secrets.token_hex(4)}"
        self.health = Health((CLOCK, *self.names), container.outreach.clock)
        self.started_at = container.outreach.clock()
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
        other claims. A fault in one runner ends neither the process nor the others. Raises
        OtherSecretKeyError, after such an end, if the database got another secret key meanwhile.
        """
        asyncio.run(self._forever())

    async def _forever(self) -> None:
        stop, stop_threads = asyncio.Event(), threading.Event()
        loop = asyncio.get_running_loop()

        def end() -> None:
            stop.set()
            stop_threads.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, end)
        refused: list[OtherSecretKeyError] = []

        def replaced(error: OtherSecretKeyError) -> None:
            refused.append(error)
            loop.call_soon_threadsafe(end)

        threads = [
            threading.Thread(
                target=schedules.repeat,
                args=(
                    name,
                    self._job(name),
                    _interval(self.container.settings, name),
                    stop_threads,
                    self.health,
                ),
                name=name,
            )
            for name in (CLOCK, *self.names)
            if name != "broadcaster"
        ]
        threads.append(threading.Thread(target=self._beat, args=(stop_threads,), name="beat"))
        watching = (self.container, stop_threads, replaced)
        threads.append(threading.Thread(target=secret_watch.watch, args=watching, name="secret"))
        threads[0].start()
        await asyncio.to_thread(self.clock_watch.looked.wait, clock_watch.FIRST_LOOK)
        for thread in threads[1:]:
            thread.start()
        log.info("runners.started", runners=self.names)
        try:
            if "broadcaster" in self.names:
                await loops.broadcast(self._broadcaster(), stop, self.health)
            else:
                await stop.wait()
        finally:
            stop_threads.set()
            for thread in threads:
                await asyncio.to_thread(thread.join)
        log.info("runners.stopped")
        if refused:
            raise refused[0]

    def _beat(self, stop: threading.Event) -> None:
        """Says every few seconds that this process lives and how its runners fare, and at the end
        that it has ended."""
        while True:
            ending = stop.is_set()
            try:
                if ending:
                    self.container.database.run("other", self._leave)
                else:
                    end = self.container.database.run("other", self._say)
                    # Only now: an event that is seen may not be safe before a later commit is.
                    self.container.database.watch.saw(end)
            except Exception as error:
                log.warning("runners.not_seen", error=type(error).__name__)
            if ending:
                return
            stop.wait(runner_processes.BEAT_SECONDS)

    def _say(self, connection: Connection) -> int:
        """Tells the others how this process fares; returns where the log ends."""
        end = log_position(connection).last
        runner_processes.beat(
            connection,
            self.process,
            self.names,
            self.started_at,
            self.container.outreach.clock(),
            msgspec.to_builtins(self.health.states),
        )
        return end

    def _leave(self, connection: Connection) -> None:
        runner_processes.leave(connection, self.process)

    def _job(self, name: str) -> Callable[[], int]:
        """The work of one run of the runner ``name``; it returns how much it did."""
        actor = self._actor(name)
        match name:
            case "monitor":
                gateways = make_gateways(self.container.settings)
                return Monitor(self.container, gateways, actor).run_once
            case "receiver":
                return Receiver(self.container, actor).run_once
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
            worker=self.process,
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
        "receiver": settings.receive_every,
        "enroller": settings.enroll_every,
        "campaigner": settings.campaign_every,
        "reaper": settings.reap_every,
        "notary": settings.notary_every,
        "notifier": settings.notify_every,
        CLOCK: clock_watch.EVERY,
    }[name]
