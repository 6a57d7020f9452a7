"""What a request names must be there: its parameters, and what their ids and those of its path are
of. Asked of every path of the description, so that a new one cannot forget it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Flask

from projections.container import Container
from tests.support.api.doors import Door, ask, everything, expected
from tests.support.api.given import NOBODY

# Neither lists nor reports: whose answer is about two things of these ids.
ABOUT = {("GET", "/api/v1/audit/why-not")}


def _described(app: Flask) -> dict[Door, dict[str, Any]]:
    """Each way to ask of the description, with its operation; without those of providers, whose
    addresses have what they like."""
    paths = app.test_client().get("/openapi.json").get_json()["paths"]
    described = {door: paths.get(door.path, {}).get(door.method.lower(), {}) for door in expected()}
    return {door: operation for door, operation in described.items() if "x-role" in operation}


def _ids_asked(doors: dict[Door, dict[str, Any]]) -> Iterator[tuple[Door, str]]:
    """Each parameter of a query that is an id."""
    for door, operation in doors.items():
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "query" and parameter["schema"].get("format") == "uuid":
                yield door, parameter["name"]


def test_no_path_takes_a_parameter_that_it_does_not_know(
    container: Container, app: Flask, ids: dict[str, str], keys: dict[str, Any]
) -> None:
    """A misspelt filter does not list everything, and ``?dry_run=true`` where there is no such
    thing does nothing."""
    doors = _described(app)
    before = everything(container)

    answers = {door: ask(app, door, ids, keys["admin"], query={"colour": "red"}) for door in doors}

    wrong = {
        door: answer.get_json()
        for door, answer in answers.items()
        if answer.status_code != 422
        or {"field": "colour", "message": "expected no such name"}
        not in answer.get_json()["fields"]
    }
    assert len(doors) > 90
    assert wrong == {}
    assert everything(container) == before


def test_no_parameter_comes_twice_that_is_no_list(
    container: Container, app: Flask, ids: dict[str, str], keys: dict[str, Any]
) -> None:
    """The first one alone would be read, and the other would pass for what was asked."""
    before = everything(container)
    asked, wrong = 0, {}
    for door, operation in _described(app).items():
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "query" and parameter["schema"].get("type") != "array":
                name, asked = parameter["name"], asked + 1
                answer = ask(app, door, ids, keys["admin"], query={name: ["1", "1"]}).get_json()
                if {"field": name, "message": "expected once, not several times"} not in (
                    answer.get("fields", ())
                ):
                    wrong[door, name] = answer

    assert asked > 50
    assert wrong == {}
    assert everything(container) == before


def test_no_path_answers_of_what_is_not_there(
    app: Flask, ids: dict[str, str], keys: dict[str, Any]
) -> None:
    nothing = dict.fromkeys(ids, str(NOBODY)) | {"number": "99", "gateway": "gowa"}
    doors = [door for door in _described(app) if "_id}" in door.path]

    statuses = {door: ask(app, door, nothing, keys["admin"]).status_code for door in doors}

    assert len(doors) > 50
    assert {door: status for door, status in statuses.items() if status != 404} == {}


def test_no_list_and_no_report_is_filtered_by_what_is_not_there(
    app: Flask, ids: dict[str, str], keys: dict[str, Any]
) -> None:
    """It would be one of zeros, or of nothing."""
    asked = [*_ids_asked(_described(app))]
    wrong = {}

    for door, name in asked:
        answer = ask(app, door, ids, keys["admin"], query={name: str(NOBODY)})
        named = [each["field"] for each in answer.get_json().get("fields", ())]
        right = (404, []) if door in ABOUT else (422, [name])
        if (answer.status_code, named) != right and (door, name) != _BESIDE:
            wrong[door, name] = (answer.status_code, named)

    assert len(asked) > 15
    assert wrong == {}


# It is asked for beside a campaign, which is refused before anything else.
_BESIDE = (Door("GET", "/api/v1/audit/why-not"), "sequence_id")
