"""Serves the API under gunicorn with workers of our own, or under Flask's development server on
Windows.

This and ``lists`` beside it are the only modules of ``runners`` that import the API.
"""

from __future__ import annotations

import errno
import logging
import mmap
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from functools import partial
from math import ceil
from typing import Any

from flask import Flask

from api import LARGEST_BODY, LARGEST_UPLOAD, create_app, is_trusted
from domain.errors import SendtrailError
from projections.config import metrics
from projections.config.settings import Settings
from projections.container import Container
from projections.database import embedded
from projections.database.secret_check import OtherSecretKeyError
from projections.records import api_keys
from runners.gateways import single, templates
from runners.gateways.phones import Phones
from runners.process import bundled, secret_watch
from runners.process.http.limits import Limits, most_connections
from runners.support import logs, telemetry

NO_KEY = "no API key yet; make one with: sendtrail keys create NAME --role admin"

# Processes, and threads of each, where nobody says otherwise.
WORKERS, THREADS = 2, 16


def serve(settings: Settings, host: str, port: int, workers: int, threads: int) -> None:
    """Serves until SIGTERM or SIGINT, in ``workers`` processes of ``threads`` threads each.

    Each worker process makes its own container, after the fork. Raises SendtrailError where it
    cannot listen, and OtherSecretKeyError, after an end as for SIGTERM, if the database got another
    secret key meanwhile.
    """
    if settings.database_url is None:
        # This process holds the bundled server, so that the server outlives every worker. It does
        # not keep it running: gunicorn collects the exit codes of all children of this process.
        embedded.start(settings.home)
    with Container(settings) as container, container.database.transaction() as connection:
        if not any(key.revoked_at is None for key in api_keys.every(connection)):
            print(NO_KEY, file=sys.stderr)
    metrics.share(settings.home)
    if sys.platform == "win32":
        # Flask's server logs every address with its query.
        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        application(settings, lambda error: os.kill(os.getpid(), signal.SIGTERM)).run(
            host=host, port=port
        )
        return
    _gunicorn(settings, host, port, workers, threads)


def application(
    settings: Settings, replaced: Callable[[OtherSecretKeyError], None] = lambda error: None
) -> Flask:
    """The application of one process, with a container of its own.

    ``replaced`` is called, in another thread, when the database gets another secret key.
    """
    telemetry.start(settings)
    container = Container(settings)
    bundled.keep(settings)
    threading.Thread(
        target=secret_watch.watch,
        args=(container, threading.Event(), replaced),
        name="secret",
        daemon=True,
    ).start()
    return create_app(
        container,
        templates.reader(settings),
        Phones(settings),
        single.sender(settings),
    )


def limits(settings: Settings, workers: int) -> Limits:
    """The limits of each worker process: of an address, an equal part of what it may have."""
    return Limits(
        header_seconds=settings.header_seconds,
        body_seconds=settings.body_seconds,
        idle_seconds=settings.keep_alive_seconds,
        connections=most_connections(),
        connections_per_address=ceil(settings.connections_per_address / workers),
        exempt=partial(is_trusted, trusted=settings.trusted_proxies),
        ask_above=LARGEST_BODY,
        largest=LARGEST_UPLOAD,
    )


def _logger() -> type:
    """The class of gunicorn's own logger."""
    from gunicorn.glogging import Logger

    class JsonLogger(Logger):  # type: ignore[misc]
        """Writes gunicorn's lines as all others are written."""

        def setup(self, cfg: Any) -> None:
            """Called by gunicorn, in every process."""
            super().setup(cfg)
            for handler in self.error_log.handlers:
                handler.setFormatter(logs.JsonLines())

    return JsonLogger


def _gunicorn(settings: Settings, host: str, port: int, workers: int, threads: int) -> None:
    # Not there on Windows.
    from gunicorn.app.base import BaseApplication

    from runners.process.http.worker import worker

    # Shared with the workers: what the first of them says before it ends the server.
    arbiter, said = os.getpid(), mmap.mmap(-1, 1000)

    def replaced(error: OtherSecretKeyError) -> None:
        said[: len(str(error).encode())] = str(error).encode()
        os.kill(arbiter, signal.SIGTERM)

    class Server(BaseApplication):  # type: ignore[misc]
        """The arbiter, with Sendtrail's options instead of a file of gunicorn's."""

        def load_config(self) -> None:
            """Sets the options that this version of gunicorn knows."""
            options: dict[str, Any] = {
                "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
                "workers": workers,
                "threads": threads,
                "worker_class": worker(limits(settings, workers)),
                "logger_class": _logger(),
                "graceful_timeout": 30,
                "timeout": 120,
                "loglevel": "warning",
                "control_socket_disable": True,
            }
            for name, value in options.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> Flask:
            """The application; called in each worker process."""
            return application(settings, replaced)

    try:
        Server().run()
    except SystemExit as end:  # how every worker ends too
        if os.getpid() == arbiter and (text := said[:].rstrip(b"\0")):
            raise OtherSecretKeyError(text.decode()) from None
        if os.getpid() == arbiter and end.code and (problem := _problem(host, port)):
            raise SendtrailError(problem) from None
        raise


def _problem(host: str, port: int) -> str | None:
    """Why nobody can listen there, with what to do; None if one can. Gunicorn itself tries for some
    seconds, which is right where another ``serve`` is about to end, and then says it in a log."""
    try:
        (family, kind, protocol, _, address), *_ = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return f"port {port} of {host} is in use by another program; name a free one by --port"
        return f"cannot listen at port {port} of {host}, which --host and --port name: {error}"
    return None
