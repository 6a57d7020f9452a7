"""/webhooks: an ordinary request is answered before Flask, exactly as the routes would answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg2
import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from projections.container import Container
from tests.support import then
from tests.support.api import webhooks
from tests.support.api.client import CHUNKED
from tests.support.api.webhooks import FORM, encoded, receipt, signature

MIB = 1024 * 1024
SAID = encoded(receipt("gowa", "read", "3EB0A1"))


def ask(app: Flask, device: UUID, body: bytes = SAID, **more: Any) -> TestResponse:
    """A request to a device of GOWA, signed unless ``headers`` say otherwise."""
    more = {"headers": signature(body), "content_type": "application/json", **more}
    path = more.pop("path", f"/webhooks/gowa/{device}")
    return app.test_client().post(path, data=body, **more)


@pytest.fixture
def known(container: Container, app: Flask) -> UUID:
    """A device whose secret this process knows."""
    device = webhooks.device(container, "gowa")
    assert ask(app, device).status_code == 200
    return device


def no_routes(*_: Any) -> Any:
    raise AssertionError("the routes were asked")


def told(response: TestResponse) -> tuple[Any, ...]:
    """All of an answer, in order, but the request's id."""
    headers = [(k, "" if k == "X-Request-Id" else v) for k, v in response.headers.items()]
    assert len(response.headers["X-Request-Id"]) == 16
    return response.status, headers, response.data


@pytest.mark.parametrize("prefix", ["", "/api/v1"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_nobody_can_tell_it_from_the_routes(
    container: Container,
    app: Flask,
    logged: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
    prefix: str,
    scheme: str,
) -> None:
    """Neither from the answer, nor from the log, nor from what is kept."""
    device = webhooks.device(container, "gowa")
    asked = {"path": f"{prefix}/webhooks/gowa/{device}", "base_url": f"{scheme}://localhost"}

    of_routes = ask(app, device, **asked)
    monkeypatch.setattr(Flask, "wsgi_app", no_routes)
    of_shortcut = ask(app, device, **asked)

    assert told(of_shortcut) == told(of_routes)
    lines = [json.loads(line) for line in logged().splitlines()]
    ids = [line.pop("request_id") for line in lines]
    assert ids == [answer.headers["X-Request-Id"] for answer in (of_routes, of_shortcut)]
    for line in lines:
        del line["timestamp"]
        assert isinstance(line.pop("ms"), float)
    assert lines[0] == lines[1]
    kept = [
        (row.gateway, row.device_id, row.secret_id, row.received_at, row.due_at, row.payload)
        for row in then.table(container, "inbound")
    ]
    assert kept[0] == kept[1]


def test_what_is_not_ordinary_is_left_to_the_routes_as_it_came(app: Flask, known: UUID) -> None:
    form = b"id=1&status=read"
    large = b'{"a":"' + b"x" * MIB + b'"}'
    statuses = {
        "form": ask(app, known, form, content_type=FORM),
        "no JSON": ask(app, known, b"{"),
        "no object": ask(app, known, b"[]"),
        "too deep": ask(app, known, b'{"a":' + b"[" * 100 + b"]" * 100 + b"}"),
        "too large": ask(app, known, large),
        "chunked": ask(app, known, environ_overrides={**CHUNKED, "CONTENT_LENGTH": ""}),
        "not signed": ask(app, known, headers={}),
        "wrongly signed": ask(app, known, headers=signature(SAID, "another-s3cret-16")),
        "other gateway": ask(app, known, path=f"/webhooks/wablas/{known}"),
        "no gateway": ask(app, known, path=f"/webhooks/sandbox/{known}"),
        "no id": ask(app, known, path="/webhooks/gowa/x"),
        "below another path": ask(app, known, path=f"/x/webhooks/gowa/{known}"),
        "GET": app.test_client().get(f"/webhooks/gowa/{known}"),
        "slash": ask(app, known, path=f"/webhooks/gowa/{known}/"),
    }

    assert {why: response.status_code for why, response in statuses.items()} == {
        "form": 200,
        "no JSON": 400,
        "no object": 400,
        "too deep": 400,
        "too large": 413,
        "chunked": 200,
        "not signed": 401,
        "wrongly signed": 401,
        "other gateway": 404,
        "no gateway": 404,
        "no id": 404,
        "below another path": 404,
        "GET": 405,
        "slash": 404,
    }


def test_a_fault_is_answered_by_the_routes(
    container: Container, app: Flask, known: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As every fault is; nothing is tried a second time, because it may have been kept."""
    tried: list[str] = []

    def fails(name: str) -> Any:
        tried.append(name)
        raise OperationalError("INSERT", None, psycopg2.OperationalError("server closed"))

    monkeypatch.setattr(container.database, "alone", fails)
    response = ask(app, known)

    assert (response.status_code, response.get_json()["code"]) == (503, 503)
    assert response.headers["Retry-After"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert len(response.headers["X-Request-Id"]) == 16
    assert tried == ["accept"]


def test_what_has_no_length_or_a_wrong_one_is_not_read(app: Flask, known: UUID) -> None:
    """A server that waits for what does not come would wait for ever."""
    for length in ("", "-1", "1e2", "9" * 5000, "\u00b2", str(len(SAID) + 1)):
        headers = {**signature(SAID), "Content-Length": length}
        environ = {"CONTENT_LENGTH": length}
        response = ask(app, known, headers=headers, environ_overrides=environ)
        assert response.status_code in (400, 401, 413), length
