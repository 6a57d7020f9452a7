"""What browsers are told: with every answer, whatever it is and whoever made it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from api import create_app
from domain.errors import StorageError
from tests.support.api import given
from tests.support.api.application import served
from tests.support.api.client import Client

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
DATA = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
PAGE = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)
# As it may be in a path.
VALUES = {
    "any": "cancel",
    "uuid": str(given.NOBODY),
    "device": str(given.NOBODY),
    "int": "1",
    "string": "gowa",
    "path": "swagger-ui.css",
}
# What is put in the place of a host must be in no answer.
EVIL = "evil.example"


def protected(response: TestResponse) -> None:
    headers = response.headers
    assert {name: headers.get(name) for name in ALWAYS} == ALWAYS
    policy = PAGE if response.mimetype == "text/html" else DATA
    assert headers.getlist("Content-Security-Policy") == [policy]
    assert headers["Cache-Control"] in ("no-store", "no-cache")
    if response.mimetype not in ("text/css", "text/javascript", "image/png"):
        assert headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in headers
    assert EVIL not in str(headers) + response.get_data(as_text=True)
    response.close()


def paths(app: Flask) -> Iterator[tuple[str, str]]:
    """Every method of every rule, with values in its places."""
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:(\w+)[^:>]*:)?\w+>", lambda m: VALUES[m[1] or "string"], rule.rule)
        for method in sorted(rule.methods or ()):
            yield method, path


def test_every_route_and_method_answers_with_them(app: Flask, administrator: Client) -> None:
    """With a key and without one."""
    asked = 0
    for method, path in paths(app):
        for headers in ({"Authorization": f"Bearer {administrator.key}"}, {}):
            response = app.test_client().open(
                path, method=method, headers={**headers, "Host": EVIL}
            )
            protected(response)
            asked += 1

    assert asked > 200


ERRORS: dict[str, tuple[int, dict[str, Any]]] = {
    "nothing there": (404, {"path": "/nothing"}),
    "a path with two slashes": (404, {"path": "/api/v1//leads"}),
    "no such file of the page": (404, {"path": "/docs/nothing.js"}),
    "not a way to ask": (405, {"path": "/healthz", "method": "DELETE"}),
    "wrong key": (401, {"path": "/api/v1/leads", "headers": {"Authorization": "Bearer st_x"}}),
    "unknown filter": (422, {"path": "/api/v1/leads?nothing=1"}),
    "no such lead": (404, {"path": f"/api/v1/leads/{given.NOBODY}"}),
    "no JSON": (400, {"path": "/api/v1/leads", "method": "POST", "json": None, "data": "{"}),
    "another type": (415, {"path": "/api/v1/leads", "method": "POST", "data": "x=1"}),
    "too long": (413, {"path": "/api/v1/leads", "method": "POST", "data": "1" * 1_100_000}),
    "a stranger's webhook": (404, {"path": "/webhooks/nobody/x", "method": "POST"}),
}


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_answers_with_them(app: Flask, administrator: Client, name: str) -> None:
    status, asked = ERRORS[name]
    asked = {"headers": {"Authorization": f"Bearer {administrator.key}"}, **asked}
    if asked.pop("json", 0) is None:
        asked["content_type"] = "application/json"
    path = asked.pop("path")

    response = app.test_client().open(path, **asked, base_url=f"http://{EVIL}")

    assert response.status_code == status
    protected(response)


@pytest.mark.parametrize(("error", "status"), [(ValueError(), 500), (StorageError("away"), 503)])
def test_faults_answer_with_them(
    app: Flask,
    administrator: Client,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    status: int,
) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr("api.resources.replies.listed", fails)

    response = administrator.open("GET", "/replies")

    assert response.status_code == status
    protected(response)


def test_a_browser_is_told_to_stay_with_https_where_it_came_so(anybody: Client) -> None:
    """Over plain http the header means nothing, and on a laptop it would be wrong."""
    response = anybody.app.test_client().get("/healthz", base_url="https://localhost")

    assert response.headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
def test_the_page_of_the_description_works_in_a_browser(tmp_path: Path) -> None:
    """Under its policy, with nothing refused."""
    with served(create_app()) as address:
        browser = subprocess.run(
            [
                *("chromium", "--headless", "--no-sandbox", "--disable-gpu"),
                *("--enable-logging=stderr", f"--user-data-dir={tmp_path}"),
                *("--virtual-time-budget=20000", "--dump-dom"),
                f"{address}/docs",
            ],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )

    assert "/api/v1/leads/import" in re.sub(r"<[^>]*>|\N{ZERO WIDTH SPACE}", "", browser.stdout)
    assert "Content Security Policy" not in browser.stderr
