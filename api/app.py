"""The application factory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask

from api.http import (
    approved_templates,
    auth,
    client_address,
    compression,
    device_phones,
    errors,
    idempotency,
    request_log,
    safe_answers,
    security_headers,
    trials,
    uploads,
)
from api.http.context import EXTENSION
from api.http.description import Api
from api.resources import (
    audit,
    bulk,
    campaigns,
    chatwoot,
    consents,
    devices,
    docs,
    enrollments,
    health,
    keys,
    leads,
    messages,
    metrics,
    quarantine,
    recipients,
    replies,
    reports,
    segments,
    sequences,
    subscriptions,
    suppressions,
    what_if,
)
from api.resources import device_phones as phones_of_devices
from api.resources import trials as tests_of_both
from api.web import pages
from api.webhooks import endpoint, shortcut
from domain.trials import Trial, TrialResult
from projections.container import Container

# In bytes; uploads have a limit of their own.
LARGEST_BODY = 1024 * 1024

# The modules whose blueprints the OpenAPI document describes.
DESCRIBED = (
    leads,
    bulk,
    consents,
    segments,
    sequences,
    enrollments,
    campaigns,
    recipients,
    devices,
    phones_of_devices,
    messages,
    reports,
    audit,
    what_if,
    replies,
    suppressions,
    quarantine,
    subscriptions,
    chatwoot,
    keys,
    tests_of_both,
    endpoint,
)


class Application(Flask):
    """Flask with a log of faults of its own, because the texts of a traceback may hold personal
    data, and with the addresses of clients behind trusted proxies."""

    def wsgi_app(self, environ: Any, start_response: Any) -> Any:
        """Answers one request."""
        container = self.extensions[EXTENSION]
        if container is not None:
            client_address.believe(environ, container.settings.trusted_proxies)
            given = shortcut.answer(environ, start_response, container, LARGEST_BODY)
            if given is not None:
                return given
        return super().wsgi_app(environ, start_response)

    def log_exception(self, exc_info: Any) -> None:
        """Logs the kind and the place of the exception, and nothing else of it."""
        errors.log_fault(exc_info[1])


def create_app(
    container: Container | None = None,
    templates: approved_templates.Reader | None = None,
    phones: device_phones.Phones | None = None,
    tests: Callable[[Trial], TrialResult] | None = None,
) -> Flask:
    """The application on ``container``; ``templates`` reads those of a device's provider,
    ``phones`` asks the gateway about the phone behind a device, and ``tests`` sends one message.

    Without a container only ``/healthz``, ``/metrics``, ``/docs`` and ``/openapi.json`` answer:
    enough for tools that read the description."""
    # Without a folder of its own, Flask serves the folder "static" of the folder we run in.
    app = Application("sendtrail", static_folder=None)
    app.config.update(
        API_TITLE="Sendtrail",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/",
        OPENAPI_JSON_PATH="openapi.json",
        API_SPEC_OPTIONS={
            "info": {"description": "Outreach that can prove what it did."},
            "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
            "security": [{"key": []}],
        },
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        MAX_FORM_MEMORY_SIZE=LARGEST_BODY,
        PROPAGATE_EXCEPTIONS=False,
    )
    app.url_map.strict_slashes = False
    # Else "//" is answered with a redirect to whatever host the client named.
    app.url_map.merge_slashes = False
    app.url_map.converters["device"] = endpoint.DeviceId
    app.extensions[EXTENSION] = container
    app.extensions[approved_templates.EXTENSION] = templates
    app.extensions[trials.EXTENSION] = None if tests is None else trials.Sender(tests)
    app.extensions[device_phones.EXTENSION] = phones
    security_headers.install(app)
    compression.install(app)
    request_log.install(app)
    auth.install(app)
    uploads.install(app)
    safe_answers.install(app)
    idempotency.install(app)
    api: Any = Api(app)
    errors.install(app, api)
    health.install(app)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(metrics.blueprint)
    for module in DESCRIBED:
        api.register_blueprint(module.blueprint)
    # Webhooks answer below /api/v1 too, where users expect every path to be.
    for rule in [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/webhooks/")]:
        view, methods = app.view_functions[rule.endpoint], (rule.methods or set()) & {"GET", "POST"}
        app.add_url_rule(f"/api/v1{rule.rule}", f"{rule.endpoint}_", view, methods=methods)
    app.register_blueprint(docs.blueprint)
    pages.install(app)
    return app
