"""Requests with one Idempotency-Key do not hold the threads that others need."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from typing import Any

import pytest
from flask import Flask

from projections.container import Container
from projections.records import idempotency
from tests.support.api import then
from tests.support.api.client import Client

LEAD = {"phone": "+60123456789"}


@contextmanager
def under_way(
    container: Container, client: Client, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """The key ``k`` of the operator is of a request that is not done before the block ends."""
    held: list[tuple[str, str]] = []
    turn = idempotency.wait_for_turn

    def noted(connection: Any, key_name: str, key: str) -> None:
        held.append((key_name, key))
        turn(connection, key_name, key)

    with monkeypatch.context() as patched:
        patched.setattr(idempotency, "wait_for_turn", noted)
        client.post("/leads", {"phone": "call me"}, idempotency_key="k")
    with container.database.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM idempotency")
    with container.database.engine.begin() as connection:
        turn(connection, *held[0])
        yield


def test_who_waits_too_long_is_told_to_ask_again(
    container: Container, operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "WAIT", timedelta(milliseconds=50))
    with under_way(container, operator, monkeypatch):
        answer = operator.open("POST", "/leads", json=LEAD, headers={"Idempotency-Key": "k"})
        other = operator.post("/leads", LEAD, idempotency_key="another")

    assert (answer.status_code, answer.headers["Retry-After"]) == (409, "1")
    assert answer.json == {
        "code": 409,
        "status": "Conflict",
        "message": "a request with this Idempotency-Key is still under way:"
        " ask again for its answer",
        "errors": {"state": "under_way"},
    }
    assert other.status == 201
    # Nothing was kept of the refusal: now it is done.
    assert operator.post("/leads", {"phone": "+60123456780"}, idempotency_key="k").status == 201


def test_a_few_wait_and_all_others_are_answered_at_once(
    container: Container, app: Flask, operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The few get the answer of the first, as soon as there is one."""
    monkeypatch.setattr(idempotency, "WAIT", timedelta(seconds=30))
    many = 20
    with ThreadPoolExecutor(many) as pool:
        with under_way(container, operator, monkeypatch):
            posts = [
                pool.submit(Client(app, operator.key).post, "/leads", LEAD, idempotency_key="k")
                for _ in range(many)
            ]
            # All but those that wait come back while the first request is still under way.
            refused = islice(as_completed(posts, timeout=25), many - idempotency.MOST_WAITING)
            assert {each.result().status for each in refused} == {409}
        answers = [each.result() for each in posts]

    assert [answer.status for answer in answers].count(201) == idempotency.MOST_WAITING
    assert then.topics(container) == ["lead.registered"]
