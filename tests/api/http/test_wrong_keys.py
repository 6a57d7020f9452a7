"""Wrong keys are counted and slowed down, and nobody's right key is slowed down for them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from functools import partial

from flask import Flask

from projections.config.settings import Settings
from projections.container import Container
from projections.records import api_keys
from runners.support.clocks import SimulatedClock
from tests.support import when
from tests.support.api import then
from tests.support.api.application import application
from tests.support.api.client import Client
from tests.support.api.given import SECRET_KEY


def test_guessing_keys_is_slowed_down(clock: SimulatedClock, app: Flask) -> None:
    """After twenty wrong keys within a minute the wrong ones of an address have to wait for the
    rest of it."""
    guesser = Client(app, "st_guess")
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}

    guesses = [guesser.get("/leads").status for _ in range(20)]
    clock.advance(seconds=30.5)
    waiting = guesser.open("GET", "/leads")
    other = guesser.open("GET", "/leads", environ_overrides=elsewhere)
    clock.advance(seconds=30.5)
    afterwards = guesser.get("/leads").status

    assert guesses == [401] * 20
    assert waiting.status_code == 429
    assert waiting.headers["Retry-After"] == "30"
    assert waiting.get_json() == {
        "code": 429,
        "status": "Too Many Requests",
        "message": "too many wrong keys; wait",
    }
    assert (other.status_code, afterwards) == (401, 401)


def test_a_right_key_is_let_in_after_a_thousand_wrong_ones(app: Flask, operator: Client) -> None:
    """A job with an old key runs behind the same address as everybody else of the office."""
    old = Client(app, "st_old")

    statuses = [old.get("/leads").status for _ in range(1000)]

    assert statuses == [401] * 20 + [429] * 980
    assert operator.get("/leads").status == 200


def test_a_right_key_waits_for_no_count(container: Container, app: Flask, operator: Client) -> None:
    """Somebody guesses at this moment, and the count is locked: a right key does not even look."""
    Client(app, "st_guess").get("/leads")

    with container.database.transaction() as connection:
        locked = connection.exec_driver_sql("UPDATE wrong_tries SET tries = 1000").rowcount
        status = operator.get("/leads").status

    assert (locked, status) == (1, 200)


def test_a_key_that_was_revoked_is_counted_like_one_that_never_was(
    container: Container, clock: SimulatedClock, app: Flask, operator: Client
) -> None:
    """Answers do not tell a thief that the key was once right."""
    with container.database.transaction() as connection:
        api_keys.revoke(connection, "crm", clock())

    clients = [operator, Client(app, "st_never")] * 11
    answers = [client.get("/leads") for client in clients]

    assert [answer.status for answer in answers] == [401] * 20 + [429] * 2
    assert answers[0] == answers[1]
    assert answers[20] == answers[21]


def test_who_has_no_key_guesses_nothing(container: Container, app: Flask) -> None:
    """A browser that came to the wrong page makes nobody wait."""
    anybody = Client(app)
    asked = [{}, {"Authorization": "Basic c2FsZXM6c2FsZXM="}, {"Authorization": "Bearer "}]

    for headers in asked * 10:
        assert anybody.json("GET", "/leads", headers=headers).status == 401

    assert then.table(container, "wrong_tries") == []


def test_addresses_of_one_household_are_one(app: Flask) -> None:
    """A provider gives each customer 2^64 addresses of IPv6, and one of IPv4, in whatever form."""

    def guess(address: str) -> int:
        peer = {"REMOTE_ADDR": address}
        return Client(app, "st_guess").open("GET", "/leads", environ_overrides=peer).status_code

    six = [guess(f"2001:db8:7:1::{number:x}") for number in range(21)]
    four = [guess(address) for address in ("192.0.2.7", "::ffff:192.0.2.7", "::FFFF:c000:207") * 7]

    assert (six, guess("2001:db8:7:2::1")) == ([401] * 20 + [429], 401)
    assert (four, guess("192.0.2.8")) == ([401] * 20 + [429], 401)


def test_all_processes_count_together(
    container: Container, database_url: str, clock: SimulatedClock, app: Flask
) -> None:
    """Eight guess at once, at two servers: no more than twenty are looked at."""
    settings = Settings(database_url=database_url, secret_key=SECRET_KEY)
    with Container(settings, clock) as second:
        apps = [app, application(second)]

        def guess(number: int) -> list[int]:
            client = Client(apps[number % 2], f"st_guess{number}")
            return [client.get("/leads").status for _ in range(10)]

        found = when.at_once(*[partial(guess, number) for number in range(8)])

    assert Counter(status for each in found for status in each) == {401: 20, 429: 60}


def test_a_guess_is_noted_with_its_address(app: Flask, logged: Callable[[], str]) -> None:
    """For whoever looks after the machine, or a program that closes addresses; nothing of the key
    is in it. Of those that have to wait there is the line of the request alone."""
    before = _wrong_keys(app)
    guesser = Client(app, "st_Secret-of-somebody")

    for _ in range(25):
        guesser.open("GET", "/leads", environ_overrides={"REMOTE_ADDR": "192.0.2.7"})

    lines = [json.loads(line) for line in logged().splitlines()]
    noted = [line for line in lines if line["event"] == "audit.wrong_key"]
    assert [(line["address"], line["level"]) for line in noted] == [("192.0.2.7", "warning")] * 20
    assert sorted(noted[0]) == ["address", "event", "level", "timestamp"]
    assert _wrong_keys(app) - before == 25
    assert "Secret" not in logged()


def _wrong_keys(app: Flask) -> float:
    """How many were counted for Prometheus."""
    text = app.test_client().get("/metrics").get_data(as_text=True)
    found = re.search(r"^sendtrail_wrong_keys_total (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0
