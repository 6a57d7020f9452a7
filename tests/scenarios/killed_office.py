"""An installation of processes that are killed: the API that providers call, the receiver, the
reaper, the enroller, the campaigner and the broadcaster. Its clock is the machine's.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil

from projections.config.settings import Settings
from projections.container import Container
from tests.support import numbers, processes, then
from tests.support.api.application import application
from tests.support.api.client import Client
from tests.support.api.given import SECRET_KEY, api_key
from tests.support.serve import Server, serving

# So many hours after the one before, which is at once.
AT_ONCE = 0.0001
# What each of our two numbers may send until it is told otherwise: step 1 to its half of those who
# are in. Steps 2, which are due at once, wait for that.
FIRST_STEPS = 96
# Requests that the API answers before it is killed.
KILLED_AFTER = 150
# Longer than SENDTRAIL_AUTO_REPLY_SECONDS: who answers later is no machine.
NO_MACHINE = timedelta(seconds=5)
# At each of these a runner is killed once, whenever it is to work; not one of them is between a
# hand-over and its outcome, so nothing becomes unknown.
DIES = {
    "enroller": ("enroll.before_commit", "enroll.after_commit"),
    "campaigner": ("trigger.after_commit", "extend.before_commit"),
    "broadcaster": ("claim.before_commit", "dispatch.before_commit"),
    "receiver": ("receive.before_commit", "receive.after_commit"),
    "reaper": ("reap.before_commit",),
}


class KilledOffice:
    """``api`` has an administrator's key and is never killed; what providers say goes to a server
    that is."""

    def __init__(self, stack: ExitStack, url: str, home: Path, fakes: dict[str, Any]) -> None:
        self.fakes = fakes
        self.settings = {
            "database_url": url,
            "secret_key": SECRET_KEY,
            "home": home,
            "default_region": "MY",
            "lease_seconds": 2,
            "gateway_timeout": 30,
        }
        own = Settings(database_url=url, secret_key=SECRET_KEY, default_region="MY")
        self.container = stack.enter_context(Container(own))
        self.api = Client(application(self.container), api_key(self.container, "boss", "admin"))
        self.devices = {name: self._register(name, fake) for name, fake in fakes.items()}
        self._died: set[str] = set()
        self._home = home
        self._stack = stack
        self._server = self._serve()
        self._answered = 0
        assert self._once("monitor") == 0

    def _register(self, gateway: str, fake: Any) -> str:
        # It is about noon there, so that the day of the limit does not end meanwhile.
        zone = f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"
        body = numbers.device_of(gateway, fake)
        limited = {**body, "daily_limit": FIRST_STEPS, "timezone": zone}
        return str(self.api.create("/devices", limited)["id"])

    def at(self, hour: int, minute: int = 0) -> datetime:
        """The present. At ten, no answer can be a machine's any more; at thirteen the numbers may
        send as much as they want."""
        if (hour, minute) == (10, 0):
            sent = [one["sent_at"] for one in self.api.items("/messages", limit=500)]
            last = max(datetime.fromisoformat(at) for at in sent if at)
            then.soon(lambda: datetime.now(UTC) > last + NO_MACHINE)
        if (hour, minute) == (13, 1):
            for device in self.devices.values():
                assert self.api.patch(f"/devices/{device}", {"daily_limit": None}).status == 200
        return datetime.now(UTC)

    # The API

    def hears(self, gateway: str, said: Any) -> int:
        """The provider says that until it is answered."""
        while True:
            try:
                status = self._ask(gateway, said)
            except (OSError, HTTPException):
                self._server = self._serve()
                continue
            self._answered += 1
            if self._answered % KILLED_AFTER == 0:
                self._kill()
            return status

    def metrics(self) -> str:
        if self._server.process.poll() is not None:
            self._server = self._serve()
        return self._server.ask("/metrics")[1]

    def _kill(self) -> None:
        """The API's processes are gone, right after one of them has answered."""
        first = psutil.Process(self._server.process.pid)
        for process in (first, *first.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._server.process.wait()

    def _serve(self) -> Server:
        settings = {k: v for k, v in self.settings.items() if k not in ("database_url", "home")}
        url = str(self.settings["database_url"])
        return self._stack.enter_context(serving(url, self._home, "--workers", "1", **settings))

    def _ask(self, gateway: str, said: Any) -> int:
        request = numbers.webhook(gateway, said)
        path = f"/webhooks/{gateway}/{self.devices[gateway]}?{urlencode(request['query_string'])}"
        headers = {"Content-Type": "application/json", **request["headers"]}
        connection = HTTPConnection("127.0.0.1", self._server.port, timeout=30)
        try:
            connection.request("POST", path, request["data"], headers)
            return connection.getresponse().status
        finally:
            connection.close()

    # The runners

    def sends(self) -> None:
        """They are killed, and begin again, until nothing more is sent."""
        for name in ("enroller", "campaigner", "broadcaster"):
            self._dies(name)
        while True:
            taken = self._taken()
            # What was claimed by the dead is free again.
            assert self._once("reaper") == 0
            assert self._once("enroller", "campaigner", "broadcaster") == 0
            if taken == self._taken() and not self._on_their_way():
                return

    def works_off(self) -> None:
        for name in ("receiver", "reaper"):
            self._dies(name)
        assert self._once("receiver", "reaper") == 0

    def never_killed(self) -> set[str]:
        """The points at which nothing was killed."""
        return {point for points in DIES.values() for point in points} - self._died

    def _dies(self, name: str) -> None:
        """It is killed at each of its points, if it comes there."""
        for point in DIES[name]:
            code = self._once(name, fault=f"{point}:1")
            assert code in (0, -signal.SIGKILL), (point, code)
            if code:
                self._died.add(point)

    def _once(self, *names: str, **settings: object) -> int:
        given = {**self.settings, **settings}
        return processes.sendtrail("run", *names, "--once", **given).returncode

    def _taken(self) -> int:
        return sum(len(fake.taken) for fake in self.fakes.values())

    def _on_their_way(self) -> bool:
        """Whether some are claimed or handed over, and their outcome is not there yet."""
        return any(self.api.items("/messages", status=one) for one in ("processing", "queued"))


@contextmanager
def opened(url: str, home: Path) -> Iterator[KilledOffice]:
    """An office on that database, whose processes are gone when the block ends."""
    with numbers.servers() as fakes, ExitStack() as stack:
        yield KilledOffice(stack, url, home, fakes)
