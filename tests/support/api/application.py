"""The web application, built once per process."""

from __future__ import annotations

import copy
from functools import cache

from flask import Flask

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


@cache
def _built() -> Flask:
    return create_app()
