"""The web application, built once per process, and an address for it."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from api import create_app
from api.http import approved_templates, device_phones, trials
from api.http.context import EXTENSION
from api.resources import health
from projections.container import Container


def application(
    container: Container,
    templates: approved_templates.Reader | None = None,
    phones: device_phones.Phones | None = None,
    tests: trials.Sender | None = None,
) -> Flask:
    """What ``create_app`` makes of these, in a thousandth of the time: a copy of an application
    that was built before, with this container. Routes and handlers are shared, so leave
    them as they are."""
    app = copy.copy(_built())
    app.config = copy.copy(app.config)
    own = {
        EXTENSION: container,
        approved_templates.EXTENSION: templates,
        device_phones.EXTENSION: phones,
        trials.EXTENSION: tests,
        health.WARNINGS: health.Warnings(),
    }
    app.extensions = {**app.extensions, **own}
    return app


class _Quiet(WSGIRequestHandler):
    def log(self, *_: Any) -> None:
        """Writes nothing: a page that fails is seen by its reader."""


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The address of ``app`` on a free port, as long as the block lasts."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@cache
def _built() -> Flask:
    return create_app()
