"""Who may do what. ``roles.txt`` says it for every path and every kind of key, and here each cell
of it is asked for. A path that it does not have fails until somebody has decided."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Flask

from projections.container import Container
from tests.support.api import webhooks
from tests.support.api.doors import KEYS, Door, ask, everything, expected
from tests.support.api.given import NOBODY
from tests.support.api.one_of_each import PASSWORD, SUPPRESSED

METHODS = ("get", "post", "patch", "put", "delete")

# What is outside the description.
OUTSIDE = {
    ("POST", "/api/v1/webhooks/{gateway}/{device_id}"),
    ("GET", "/api/v1/webhooks/cloud/{device_id}"),
    *(("GET", path) for path in ("/healthz", "/readyz", "/metrics", "/openapi.json", "/docs/")),
}


def _described(app: Flask) -> Iterator[Door]:
    for path, item in app.test_client().get("/openapi.json").get_json()["paths"].items():
        yield from (Door(method.upper(), path) for method in METHODS if method in item)


def test_every_way_to_ask_has_been_decided(app: Flask) -> None:
    """A new path is missing from the table, and one that is gone is too much."""
    assert set(expected()) == {*_described(app), *(Door(*each) for each in OUTSIDE)}


def test_every_cell_is_as_it_was_decided(
    container: Container, app: Flask, ids: dict[str, str], keys: dict[str, Any]
) -> None:
    """Who may is let in, with a request that nothing else is wrong with. Who may not is refused,
    nothing comes of it, and the refusal is the same whether there is such a thing or not."""
    hooks = {
        "gowa": ids | {"device_id": str(webhooks.device(container, "gowa"))},
        "cloud": ids | {"device_id": str(webhooks.device(container, "cloud"))},
    }
    nothing = dict.fromkeys(ids, str(NOBODY)) | {"number": "99", "gateway": "gowa"}
    cells = [
        (door, key, cell)
        for door, row in expected().items()
        for key, cell in zip(KEYS, row, strict=True)
    ]

    def ids_of(door: Door) -> dict[str, str]:
        if "/webhooks/" not in door.path:
            return ids
        return hooks["cloud" if "/cloud/" in door.path else "gowa"]

    before = everything(container)
    wrong, told = [], []
    for door, key, cell in cells:
        if cell != "in":
            answer = ask(app, door, ids_of(door), keys[key])
            if answer.status_code != int(cell):
                wrong.append((door, key, answer.status_code))
            if "/webhooks/" not in door.path:
                other = ask(app, door, nothing, keys[key])
                told += [(door, key)] * (other.get_data() != answer.get_data())
    after = everything(container)

    assert wrong == []
    assert told == []
    assert {name for name, found in after.items() if found != before[name]} == set()

    for door, key, cell in cells:
        if cell == "in":
            status = ask(app, door, ids_of(door), keys[key]).status_code
            # 404 and 409 where another cell deleted or ended it before.
            if status not in (200, 201, 204, 404, 409):
                wrong.append((door, key, status))
    assert wrong == []


def test_a_head_is_let_in_like_its_get_and_options_need_a_key(
    app: Flask, ids: dict[str, str], keys: dict[str, Any]
) -> None:
    """HEAD says how long an answer is, and whether there is one. OPTIONS says which ways to ask
    there are, which every key's holder may know."""
    wrong = []
    for door, cells in expected().items():
        inside = door.path.startswith("/api/v1/") and "/webhooks/" not in door.path
        for key, cell in zip(KEYS, cells, strict=True):
            if door.method == "GET" and "/webhooks/" not in door.path:
                head = ask(app, door._replace(method="HEAD"), ids, keys[key])
                refused = head.status_code in (401, 403)
                if refused != (cell != "in") or head.get_data():
                    wrong.append((door, "HEAD", key, head.status_code))
            options = ask(app, door._replace(method="OPTIONS"), ids, keys[key]).status_code
            has_key = key in ("viewer", "operator", "admin")
            if options != (200 if has_key or not inside else 401):
                wrong.append((door, "OPTIONS", key, options))
    assert wrong == []


def test_what_is_secret_is_in_no_answer_to_anybody(
    container: Container, app: Flask, ids: dict[str, str], keys: dict[str, Any]
) -> None:
    """Every way to read, with each key: no credential, no secret of a subscription, no key, and for
    a viewer no address that is suppressed."""
    new = ask(app, Door("POST", "/api/v1/subscriptions"), ids, keys["admin"]).get_json()
    secrets = [PASSWORD, new["secret"], *(key for key in keys.values() if key is not None)]
    hidden = [SUPPRESSED, SUPPRESSED.removeprefix("+")]
    shown = set()

    for door in expected():
        for key in KEYS if door.method == "GET" else ():
            text = ask(app, door, ids, keys[key]).get_data(as_text=True)
            shown |= {(door, key, secret) for secret in secrets if secret in text}
            shown |= {(door, key, each) for each in hidden if each in text}

    may = {"operator", "admin"}
    assert shown == {
        (Door("GET", "/api/v1/suppressions"), key, each) for key in may for each in hidden
    }
