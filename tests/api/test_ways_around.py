"""Odd paths, methods and headers: none is a way around the key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from api import create_app
from projections.container import Container
from tests.support.api.doors import Door, ask, everything, expected

METHODS_OF_OTHERS = ("PUT", "TRACE", "CONNECT", "PROPFIND", "SEARCH", "G E T")
PATHS = (
    "//api/v1/leads",
    "/api//v1/leads",
    "/api/v1//leads",
    "/api/v1/leads/",
    "/api/v1/./leads",
    "/api/v1/x/../leads",
    "/docs/../api/v1/leads",
    "/docs/..%2fapi/v1/leads",
    "/healthz/../api/v1/leads",
    "/healthz/api/v1/leads",
    "/healthz;/api/v1/leads",
    "/api/v1/leads;x=/docs/",
    "/api/v1/webhooks/../leads",
    "/api/v1/webhooks//../leads",
    "/%61pi/v1/leads",
    "/api%2fv1/leads",
    "/API/v1/leads",
    "/Api/V1/Leads",
    "/api/v1/leads\0",
    "/api/v1/leads%00/docs/",
    "\\api\\v1\\leads",
    "/api/v2/leads",
    "/static/setup.cfg",
    "/static/../setup.cfg",
    "/docs/../../../../setup.cfg",
    "/docs/%2e%2e/%2e%2e/setup.cfg",
)
OVERRIDES = {
    "X-HTTP-Method-Override": "DELETE",
    "X-HTTP-Method": "DELETE",
    "X-Method-Override": "DELETE",
    "X-Original-URL": "/healthz",
    "X-Rewrite-URL": "/healthz",
    "X-Forwarded-Prefix": "/healthz",
    "X-Forwarded-For": "127.0.0.1",
    "Forwarded": "for=127.0.0.1",
}


@pytest.mark.parametrize("path", PATHS)
def test_no_spelling_of_a_path_is_a_way_around_the_key(
    app: Flask, ids: dict[str, str], path: str
) -> None:
    """Where the path comes from, encoded or not, there is a key to be had, or nothing."""
    for written in (path, path.replace("%2f", "/").replace("%2e", ".").replace("%00", "\0")):
        answer = app.test_client().get("/", environ_overrides={"PATH_INFO": written})
        assert answer.status_code in (308, 400, 401, 404, 405), written
        assert "Aisyah" not in answer.get_data(as_text=True)


def test_what_is_no_method_of_ours_does_nothing(
    container: Container, app: Flask, ids: dict[str, str], keys: dict[str, Any]
) -> None:
    """Neither without a key nor with the highest."""
    before = everything(container)
    doors = {Door(method, door.path) for door in expected() for method in METHODS_OF_OTHERS}

    statuses = {
        key: {ask(app, door, ids, keys[key]).status_code for door in doors}
        for key in ("none", "admin")
    }

    assert statuses == {"none": {401, 405}, "admin": {405}}
    assert everything(container) == before


def test_no_header_makes_one_request_another(
    container: Container, app: Flask, ids: dict[str, str], keys: dict[str, Any]
) -> None:
    """A viewer reads, whatever the headers say it is; without a key nothing is read."""
    before = everything(container)
    lead = Door("GET", "/api/v1/leads/{lead_id}")

    read = [ask(app, lead, ids, keys["viewer"], headers={k: v}) for k, v in OVERRIDES.items()]
    unread = [ask(app, lead, ids, None, headers={k: v}) for k, v in OVERRIDES.items()]
    lower_case = ask(app, lead._replace(method="delete"), ids, keys["viewer"])
    by_query = app.test_client().post(
        f"/api/v1/leads/{ids['lead_id']}?_method=DELETE",
        headers={"Authorization": f"Bearer {keys['viewer']}"},
    )

    assert [answer.status_code for answer in read] == [200] * len(OVERRIDES)
    assert [answer.status_code for answer in unread] == [401] * len(OVERRIDES)
    assert (lower_case.status_code, by_query.status_code) == (403, 405)
    assert everything(container) == before


def test_no_folder_of_the_machine_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Flask serves the folder "static" where a process was started, unless it is told otherwise."""
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "leads.csv").write_text("phone,name\n")
    monkeypatch.chdir(tmp_path)

    assert create_app().test_client().get("/static/leads.csv").status_code == 404
