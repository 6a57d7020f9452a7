"""Tells a tracing system and an error tracker of yours what the log says, if settings name them.

Both get lines of the log and nothing else. A line has ids, counts and kinds; it never has a phone,
a name, a text or a key. So nothing personal can be in what is told: no body, no query, no variable
of the code and no text of an exception is ever looked at.
"""

from __future__ import annotations

import atexit
import re
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from domain.errors import SettingsError
from projections.config.settings import Settings
from runners.support import logs

# A line of the log, before it is written.
Line = dict[str, Any]
# Seconds that a process waits at its end until what it told has arrived.
LAST_WORDS = 2.0
# The version of the W3C's "Trace Context" that there is, the trace, the caller's part of it, flags.
_PARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_NANOSECONDS = 1_000_000
# What every line has anyway.
_COMMON = {"event", "level", "timestamp", "ms", "trace"}
# Fields whose value is one of a few, by which an error tracker can filter.
_TAGS = ("event", "error", "runner", "kind", "where")


def start(settings: Settings) -> None:
    """Configures the log of this process, and whoever is told of its lines.

    After a fork, each process calls it. Raises SettingsError where a package is missing.
    """
    listeners = []
    if settings.sentry_dsn is not None:
        listeners.append(_sentry(settings.sentry_dsn))
    if settings.otlp_endpoint is not None:
        listeners.append(_traces(settings.otlp_endpoint))
    logs.configure(settings.log_level, *listeners)


def _missing(setting: str, extra: str) -> SettingsError:
    return SettingsError(f"{setting}: expected the extra {extra}: pip install 'sendtrail[{extra}]'")


def _sentry(dsn: str) -> Callable[[Line], None]:
    """Sends each line of the level error as an event, grouped by its event, kind and place."""
    try:
        import sentry_sdk
    except ImportError:
        raise _missing("SENDTRAIL_SENTRY_DSN", "sentry") from None
    client = sentry_sdk.Client(
        dsn=dsn,
        release=f"sendtrail@{version('sendtrail')}",
        # Integrations look at requests, arguments, environments and exceptions.
        default_integrations=False,
        auto_enabling_integrations=False,
        include_local_variables=False,
        include_source_context=False,
        max_breadcrumbs=0,
        send_client_reports=False,
        auto_session_tracking=False,
    )
    atexit.register(client.close, LAST_WORDS)

    def tell(line: Line) -> None:
        if line["level"] != "error":
            return
        client.capture_event(
            {
                "level": "error",
                "logger": "sendtrail",
                "message": line["event"],
                "fingerprint": [str(line.get(name)) for name in ("event", "error", "where")],
                "tags": {name: str(line[name]) for name in _TAGS if name in line},
                "extra": {name: value for name, value in line.items() if name not in _COMMON},
            }
        )

    return tell


def _traces(endpoint: str) -> Callable[[Line], None]:
    """Sends each line that has a duration as a span, by OTLP over HTTP."""
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise _missing("SENDTRAIL_OTLP_ENDPOINT", "otel") from None
    about = {"service.name": "sendtrail", "service.version": version("sendtrail")}
    provider = TracerProvider(resource=Resource.create(about), shutdown_on_exit=False)
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    atexit.register(provider.shutdown)
    tracer = provider.get_tracer("sendtrail")

    def parent(header: object) -> Any:
        found = _PARENT.fullmatch(str(header))
        if found is None:
            return None
        return trace.set_span_in_context(
            trace.NonRecordingSpan(
                trace.SpanContext(
                    trace_id=int(found[1], 16),
                    span_id=int(found[2], 16),
                    is_remote=True,
                    trace_flags=trace.TraceFlags(int(found[3], 16)),
                )
            )
        )

    def tell(line: Line) -> None:
        if "ms" not in line:
            return
        is_request = line["event"] == "request"
        end = int(datetime.now(UTC).timestamp() * 1000) * _NANOSECONDS
        kind = trace.SpanKind.SERVER if is_request else trace.SpanKind.INTERNAL
        span = tracer.start_span(
            f"{line['method']} {line['route']}" if is_request else f"{line['runner']} round",
            context=parent(line.get("trace")),
            kind=kind,
            attributes=_attributes(line, is_request=is_request),
            start_time=end - int(line["ms"] * _NANOSECONDS),
        )
        if is_request and line["status"] >= 500:
            span.set_status(trace.StatusCode.ERROR)
        span.end(end)

    return tell


def _attributes(line: Line, *, is_request: bool) -> dict[str, str | int]:
    """Of a request, under the names of OpenTelemetry's conventions where they have one."""
    if not is_request:
        return {"sendtrail.runner": line["runner"], "sendtrail.count": line["count"]}
    return {
        "http.request.method": line["method"],
        "http.route": str(line["route"]),
        "http.response.status_code": line["status"],
        "sendtrail.request_id": line["request_id"],
    }
