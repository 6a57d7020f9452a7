"""A tracing system and an error tracker are told of lines of the log, and of nothing personal."""

from __future__ import annotations

import gzip
import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import structlog

from domain.errors import SettingsError
from projections.config.settings import Settings
from projections.container import Container
from runners.support import telemetry
from runners.support.health import Health
from tests.support import then
from tests.support.api.given import api_key
from tests.support.processes import fresh
from tests.support.serve import serving

NAME, PHONE = "Nurul Aisyah", "+60123456789"
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"


class Receiver:
    """What was sent to a port of this machine: paths with bodies as they were before gzip."""

    def __init__(self) -> None:
        self.got: list[tuple[str, bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                receiver.got.append((self.path, body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_request(self, *_: object) -> None:
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.at = f"127.0.0.1:{self.server.server_port}"

    def all(self) -> bytes:
        return b"".join(body for _, body in self.got)


@contextmanager
def listening() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.server.shutdown()
        receiver.server.server_close()
        thread.join(10)
        structlog.reset_defaults()


def test_a_request_is_a_span_of_the_callers_trace(
    container: Container, database_url: str, tmp_path: Path
) -> None:
    """With its route, and without the path, the query, the body and the key's name."""
    pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is not installed")
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

    key = api_key(container, "Nurul", "operator")
    lead = {"phone": PHONE, "name": NAME}
    with listening() as receiver:
        at = f"http://{receiver.at}"
        with serving(database_url, tmp_path, "--workers", "1", otlp_endpoint=at) as server:
            server.post("/api/v1/leads", key, lead, "once")
            asked = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
            server._request("GET", f"/api/v1/leads?q={PHONE[1:]}", key, None, **asked)
            server._request("GET", "/healthz", None, None, traceparent=NAME)
            assert server.ends(signal.SIGTERM) == 0
        then.soon(lambda: b"/api/v1/leads" in receiver.all())

    spans = {}
    for path, body in receiver.got:
        assert path == "/v1/traces"
        request = trace_service_pb2.ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                spans |= {span.name: span for span in scope.spans}
    assert {"POST /api/v1/leads", "GET /api/v1/leads", "GET /healthz"} <= spans.keys()
    span = spans["GET /api/v1/leads"]
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
    assert span.end_time_unix_nano > span.start_time_unix_nano
    assert {each.key for each in span.attributes} == {
        "http.request.method",
        "http.route",
        "http.response.status_code",
        "sendtrail.request_id",
    }
    assert not [word for word in (NAME, "Nurul", PHONE[1:], key) if word.encode() in receiver.all()]


def test_a_fault_is_an_event_with_its_kind_and_place() -> None:
    """And without its text, which may hold a name, and without what variables were."""
    pytest.importorskip("sentry_sdk", reason="sentry-sdk is not installed")
    health = Health(["enroller"], lambda: datetime(2026, 3, 2, tzinfo=UTC))
    with listening() as receiver:
        telemetry.start(Settings(sentry_dsn=f"http://public@{receiver.at}/1"))
        try:
            raise ValueError(f"{NAME} has {PHONE}")
        except ValueError as error:
            health.failed("enroller", error)
        then.soon(lambda: receiver.got)

    ((_, envelope),) = receiver.got
    event: dict[str, Any] = json.loads(envelope.splitlines()[2])
    assert (event["message"], event["level"]) == ("runner.failed", "error")
    assert event["tags"]["error"] == "ValueError"
    assert event["tags"]["where"].startswith("test_telemetry.py:")
    assert event["extra"]["runner"] == "enroller"
    assert not {"exception", "request", "user", "breadcrumbs", "modules"} & event.keys()
    assert not [word for word in (NAME, PHONE) if word.encode() in envelope]


def test_warnings_are_no_faults() -> None:
    pytest.importorskip("sentry_sdk", reason="sentry-sdk is not installed")
    with listening() as receiver:
        telemetry.start(Settings(sentry_dsn=f"http://public@{receiver.at}/1"))
        structlog.get_logger().warning("clock.differs", seconds=1.0)
        structlog.get_logger().error("clock.is_wrong", seconds=3.0)
        then.soon(lambda: receiver.got)

    assert b"clock.differs" not in receiver.all()
    assert b"clock.is_wrong" in receiver.all()


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, setting, extra in (
        ("sentry_sdk", "sentry_dsn", "sentry"),
        ("opentelemetry", "otlp_endpoint", "otel"),
    ):
        monkeypatch.setitem(sys.modules, module, None)
        expected = rf"SENDTRAIL_{setting.upper()}: .* pip install 'sendtrail\[{extra}\]'"
        with pytest.raises(SettingsError, match=expected):
            telemetry.start(Settings(**{setting: "http://key@127.0.0.1:1/1"}))


def test_an_address_that_is_none_is_refused_at_the_start() -> None:
    done = fresh("status", otlp_endpoint="127.0.0.1:4318")
    assert done.returncode == 1
    assert "SENDTRAIL_OTLP_ENDPOINT: expected a URL with http or https" in done.stderr
