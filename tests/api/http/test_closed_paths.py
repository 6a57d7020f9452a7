"""/metrics, and /docs with /openapi.json, are for everybody, for who has a key, or for nobody."""

from __future__ import annotations

import pytest
from flask import Flask

from projections.container import Container
from tests.support import given
from tests.support.api.client import Client

DOCS = ("/docs", "/docs/", "/docs/swagger-ui.css", "/openapi.json")
METRICS = ("/metrics",)
# The answer to nobody, to a wrong key and to a viewer's.
BY_CHOICE = {"open": (200, 200, 200), "key": (401, 401, 200), "off": (404, 404, 404)}


def statuses(app: Flask, path: str, key: str | None) -> tuple[int, int, int]:
    """Without a key, with a wrong one, and with a right one."""
    found = []
    for tried in ({}, {"Authorization": "Bearer st_x"}, {"Authorization": f"Bearer {key}"}):
        with app.test_client().get(path, headers=tried) as response:
            found.append(response.status_code)
    first, second, third = found
    return first, second, third


@pytest.mark.parametrize("choice", BY_CHOICE)
@pytest.mark.parametrize(
    ("setting", "closed", "others"), [("metrics", METRICS, DOCS), ("docs", DOCS, METRICS)]
)
def test_a_setting_says_who_may_see_them(
    container: Container,
    app: Flask,
    viewer: Client,
    setting: str,
    closed: tuple[str, ...],
    others: tuple[str, ...],
    choice: str,
) -> None:
    given.settings(container, **{setting: choice})

    for path in closed:
        assert statuses(app, path, viewer.key) == BY_CHOICE[choice], path
    for path in (*others, "/healthz"):
        assert statuses(app, path, viewer.key) == (200, 200, 200), path


def test_what_is_off_is_as_if_it_were_not_there(container: Container, app: Flask) -> None:
    """Whatever the method."""
    given.settings(container, metrics="off")
    client = app.test_client()

    off, nothing = client.get("/metrics"), client.get("/nothing")

    assert off.get_json() == nothing.get_json()
    for method in ("HEAD", "OPTIONS", "POST"):
        assert client.open("/metrics", method=method).status_code == 404


@pytest.mark.parametrize("choice", ["key", "off"])
def test_strangers_learn_no_more_of_readyz_than_of_metrics(
    container: Container, app: Flask, choice: str
) -> None:
    """It names processes by host, and says how they fare."""
    told = app.test_client().get("/readyz").get_json()
    given.settings(container, metrics=choice)

    closed = app.test_client().get("/readyz")

    assert told.keys() == DETAIL
    assert (closed.status_code, closed.get_json()) == (200, {"status": "ready"})


DETAIL = {"status", "events", "lag", "runners", "waiting", "warnings"}
# What a wrong key, and a viewer's, are told of /readyz.
WITH_A_KEY = {
    "open": ((200, DETAIL), (200, DETAIL)),
    "key": ((401, {"code", "status", "message"}), (200, DETAIL)),
    "off": ((200, {"status"}), (200, {"status"})),
}


@pytest.mark.parametrize("choice", WITH_A_KEY)
@pytest.mark.parametrize("path", ["/readyz", "/readyz/"])
def test_a_key_opens_readyz_where_it_opens_metrics(
    container: Container, app: Flask, viewer: Client, choice: str, path: str
) -> None:
    """A wrong one is a wrong one there too, and counted; elsewhere nobody looks at it."""
    given.settings(container, metrics=choice)

    told = [
        app.test_client().get(path, headers={"Authorization": f"Bearer {key}"})
        for key in ("st_x", viewer.key)
    ]

    answers = tuple((answer.status_code, set(answer.get_json())) for answer in told)
    assert answers == WITH_A_KEY[choice]
