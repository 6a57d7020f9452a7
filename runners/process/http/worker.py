"""The class of gunicorn's worker processes."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

from gunicorn.workers.base import Worker

from runners.process.http.limits import Limits
from runners.process.http.server import Server
from runners.support import cycles

# Seconds between two looks at deadlines and at the parent process, at most.
TICK = 0.25


def worker(limits: Limits) -> type:
    """A class whose processes serve within ``limits``. gunicorn tells it the number of threads."""
    tick = min(TICK, limits.header_seconds / 4, limits.body_seconds / 4, limits.idle_seconds / 4)

    class EventLoopWorker(Worker):  # type: ignore[misc]
        """A process with an event loop for its connections, and threads for requests."""

        def run(self) -> None:
            """Serves until SIGTERM, SIGINT or SIGQUIT, or until the parent process is gone, and
            ends after the requests that are under way."""
            cycles.make_rare()
            asyncio.run(self._serve())

        async def _serve(self) -> None:
            loop, stopped = asyncio.get_running_loop(), asyncio.Event()
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
                loop.add_signal_handler(number, stopped.set)
            server = Server(self.wsgi, limits, self.cfg.threads)
            for listener in self.sockets:
                server.listen(listener.sock)
            while not stopped.is_set() and self.ppid == os.getppid():
                await self._tick(server)
            server.stop()
            while not server.idle:
                await self._tick(server)
            server.close()

        async def _tick(self, server: Any) -> None:
            self.notify()
            server.check()
            await asyncio.sleep(tick)

    return EventLoopWorker
