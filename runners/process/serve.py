"""``sendtrail serve``: the API under gunicorn, or under a development server where there is none.

The one place where this package opens the other door.
"""

from __future__ import annotations

import sys
from typing import Any

from flask import Flask

from api import create_app
from projections.config import metrics
from projections.config.settings import Settings
from projections.container import Container
from projections.database import embedded
from projections.records import api_keys
from runners.support import logs

NO_KEY = "no API key yet; make one with: sendtrail keys create NAME --role admin"


def serve(settings: Settings, host: str, port: int, workers: int, threads: int) -> None:
    """Until SIGTERM or SIGINT. Each worker process makes its own container, after the fork."""
    if settings.database_url is None:
        embedded.start(settings.home)  # held by this process, so that it outlives every worker
    with Container(settings) as container, container.database.transaction() as connection:
        if not any(key.revoked_at is None for key in api_keys.every(connection)):
            print(NO_KEY, file=sys.stderr)
    metrics.share(settings.home)
    if sys.platform == "win32":
        application(settings).run(host=host, port=port)
        return
    _gunicorn(settings, host, port, workers, threads)


def application(settings: Settings) -> Flask:
    """One process's application, with a container of its own."""
    logs.configure(settings.log_level)
    return create_app(Container(settings))


def _worker() -> type:
    from gunicorn.workers.gthread import ThreadWorker

    class Worker(ThreadWorker):  # type: ignore[misc]
        """gunicorn's own ends its thread pool inside the signal handler, which waits for itself if
        the signal comes while a request is handed to the pool. This one leaves the loop first."""

        def handle_quit(self, sig: int, frame: Any) -> None:
            self.handle_exit(sig, frame)

    return Worker


def _gunicorn(settings: Settings, host: str, port: int, workers: int, threads: int) -> None:
    from gunicorn.app.base import BaseApplication

    class Server(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            options: dict[str, Any] = {
                "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
                "workers": workers,
                "threads": threads,
                "worker_class": _worker(),
                "graceful_timeout": 30,
                "timeout": 120,
                "loglevel": "warning",
                "control_socket_disable": True,
            }
            for name, value in options.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> Flask:
            return application(settings)

    Server().run()
