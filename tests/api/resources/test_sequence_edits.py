"""/sequences/{id} and its steps, changed; copies, deleted drafts, and cycles."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from domain.application import sequence_edits
from projections.container import Container
from projections.database.engine import rows, uuids
from projections.readmodels import enrollments, sequences
from projections.rebuild.rebuild import rebuild
from runners.support.clocks import SimulatedClock
from tests.support import when as runners
from tests.support.api import given, then, when
from tests.support.api.client import Client, fields
from tests.support.api.given import NOBODY

NOTHING = {"moved": 0, "added": 0, "cancelled": 0, "left": 0, "warnings": []}


def test_a_sequence_is_changed_but_for_its_trigger(container: Container, operator: Client) -> None:
    """Everything else, at once or one by one; what is not given stays."""
    id_ = given.sequence(operator, "One", "Two", timezone="UTC", niche=["B1"])
    before = operator.get(f"/sequences/{id_}").json
    changes = {
        "name": "Hello",
        "first_delay_minutes": 1.5,
        "niche": ["B2"],
        "target_status": "customer",
        "timezone": None,
        "windows": [{"weekdays": [1], "start": "09:00", "end": "17:00"}],
        "reentry": "always",
        "stop_on_reply": False,
        "stop_on_manual_message": False,
        "next_trigger": "WARM",
        "min_delay_seconds": 3.0,
        "max_delay_seconds": 4.0,
        "ignore_cap": True,
        "device_ids": [given.device(operator)],
    }

    status, all_at_once = operator.patch(f"/sequences/{id_}", changes)
    nothing = operator.patch(f"/sequences/{id_}", {})
    windows = operator.patch(f"/sequences/{id_}", {"windows": []})

    assert (status, all_at_once) == (200, {**before, **changes, **NOTHING, "version": 3})
    assert nothing == (200, all_at_once)
    assert windows.json == {**all_at_once, "windows": [], "version": 4}
    assert then.topics(container)[-2:] == ["sequence.revised"] * 2
    assert not any(rebuild(container.database).values())


BAD: list[tuple[Any, str]] = [
    ({"trigger": "HOT"}, "trigger"),
    ({"steps": []}, "steps"),
    ({"status": "active"}, "status"),
    ({"name": " "}, "name"),
    ({"name": None}, "name"),
    ({"first_delay_minutes": -1}, "first_delay_minutes"),
    ({"windows": [{"start": "10:00", "end": "10:00"}]}, "windows"),
    ({"windows": None}, "windows"),
    ({"timezone": "Mars/Olympus"}, "timezone"),
    ({"reentry": "sometimes"}, "reentry"),
    ({"stop_on_reply": "yes"}, "stop_on_reply"),
    ({"reentry": "always", "next_trigger": "cold"}, "next_trigger"),
    ({"min_delay_seconds": 20, "max_delay_seconds": 10}, "max_delay_seconds"),
    ({"device_ids": [str(given.NOBODY)]}, "device_ids"),
]


def test_a_bad_change_is_refused_and_the_field_is_named(operator: Client) -> None:
    id_ = given.sequence(operator)
    before = operator.get(f"/sequences/{id_}")

    answers = [operator.patch(f"/sequences/{id_}", change) for change, _ in BAD]

    assert [(a.status, fields(a)) for a in answers] == [(422, [field]) for _, field in BAD]
    assert operator.get(f"/sequences/{id_}") == before


def test_steps_are_added_and_removed(container: Container, administrator: Client) -> None:
    """Each keeps its number. Nobody is under way, so that nothing is moved."""
    id_ = given.sequence(administrator, "One", "Two")
    path = f"/sequences/{id_}/steps"

    status, last = administrator.post(path, {"body": "Last", "delay_hours": 1, "send_at": "09:00"})
    between = administrator.post(path, {"body": "Between", "at": 2}).json
    gone = administrator.json("DELETE", f"{path}/1")

    assert (status, {name: last[name] for name in NOTHING}) == (201, NOTHING)
    assert last["steps"][2] == {
        "number": 3,
        "content_id": f"{id_}:3:3",
        "body": "Last",
        "media_url": None,
        "template": None,
        "delay_hours": 1.0,
        "send_at": "09:00",
        "branches": [],
    }
    assert [(s["number"], s["body"]) for s in between["steps"]] == [
        (1, "One"),
        (4, "Between"),
        (2, "Two"),
        (3, "Last"),
    ]
    assert (gone.status, [s["number"] for s in gone.json["steps"]]) == (200, [4, 2, 3])
    assert (
        administrator.patch(f"{path}/4", {"body": "First now"}).json["steps"][0]["body"]
        == "First now"
    )
    assert administrator.post(path, {"body": "Fifth"}).json["steps"][3]["number"] == 5
    with container.database.transaction() as connection:
        row = sequences.by_id(connection, uuids([UUID(id_)]))[UUID(id_)]
    assert row == container.outreach.get_sequence(UUID(id_))
    assert not any(rebuild(container.database).values())


def test_a_step_is_added_once_for_the_same_idempotency_key(
    container: Container, operator: Client
) -> None:
    """One lead is under way: the first answer says so, and the second is the same."""
    given.device(operator)
    given.lead(operator, triggers=["COLD"])
    path = f"/sequences/{given.sequence(operator, 'One')}/steps"
    runners.enrolls(container)

    first, again = (
        operator.post(path, {"body": "Two"}, idempotency_key="my step") for _ in range(2)
    )

    assert (first.status, first.json["added"], first.json["left"]) == (201, 1, 0)
    assert again == first
    assert len(operator.items("/messages")) == 2


def test_whoever_is_worked_on_meanwhile_is_left_to_the_reaper(
    container: Container, operator: Client
) -> None:
    """Another process holds one of two enrollments: nobody waits for it, nobody forgets it."""
    given.device(operator)
    for number in (1, 2):
        given.lead(operator, number, triggers=["COLD"])
    path = f"/sequences/{given.sequence(operator, 'One', 'Two')}/steps/2"
    runners.enrolls(container)
    held = operator.items("/enrollments")[0]["id"]

    with container.database.transaction() as connection:
        rows(connection, f"SELECT FROM enrollments WHERE enrollment_id = '{held}' FOR UPDATE")
        answer = operator.patch(path, {"delay_hours": 6})

    assert (answer.status, answer.json["moved"], answer.json["left"]) == (200, 1, 1)
    runners.reaps(container)
    assert then.topics(container).count("message.rescheduled") == 2
    assert operator.patch(path, {"body": "Zwei"}).json["left"] == 0
    assert not any(rebuild(container.database).values())


def test_nobody_is_planned_anew_of_a_sequence_that_was_stopped(
    container: Container, operator: Client
) -> None:
    """What is pending of it is about to be cancelled."""
    given.device(operator)
    given.lead(operator, triggers=["COLD"])
    id_ = given.sequence(operator, "One", "Two")
    runners.enrolls(container)
    operator.post(f"/sequences/{id_}/stop")

    answer = operator.patch(f"/sequences/{id_}/steps/2", {"delay_hours": 6})
    runners.reaps(container)

    assert {name: answer.json[name] for name in NOTHING} == NOTHING
    assert {message["reason"] for message in operator.items("/messages")} == {"sequence_cancelled"}
    assert "enrollment.replanned" not in then.topics(container)


def test_nobody_ends_who_is_to_get_another_step(
    container: Container,
    clock: SimulatedClock,
    operator: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The only step was sent. The reaper looks who is at the end before it has planned the new one
    for her."""
    monkeypatch.setattr(sequence_edits, "AT_ONCE", 0)
    given.device(operator)
    given.lead(operator, triggers=["COLD"])
    id_ = given.sequence(operator, "One", first_delay_minutes=0)
    runners.enrolls(container)
    when.broadcasts(container, clock)
    assert [message["status"] for message in operator.items("/messages")] == ["sent"]

    answer = operator.post(f"/sequences/{id_}/steps", {"body": "Two"})
    with container.database.transaction() as connection:
        at_the_end = enrollments.finished(connection, 10)
    runners.reaps(container)

    assert (answer.json["added"], answer.json["left"], at_the_end) == (0, 1, [])
    (enrollment,) = operator.items("/enrollments")
    assert (enrollment["status"], enrollment["steps"]) == ("active", 2)


def test_a_bad_step_is_refused_and_the_field_is_named(administrator: Client) -> None:
    id_ = given.sequence(administrator, "One", "Two")
    path = f"/sequences/{id_}/steps"
    administrator.json("DELETE", f"{path}/1")
    bad: list[tuple[Any, str]] = [
        ({}, "body"),
        ({"body": "Hi", "at": 3}, "at"),
        ({"body": "Hi", "at": 1}, "at"),  # it is gone
        ({"body": "Hi", "at": 0}, "at"),
        ({"body": "Hi", "at": "2"}, "at"),
        ({"body": "Hi", "number": 2}, "number"),
        ({"body": "Hi", "delay_hours": 8785}, "delay_hours"),
        ({"body": "Hi", "send_at": "9"}, "send_at"),
    ]

    answers = [administrator.post(path, body) for body, _ in bad]

    assert [(a.status, fields(a)) for a in answers] == [(422, [field]) for _, field in bad]
    assert "one of 2" in str(answers[1].json)
    assert administrator.json("DELETE", f"{path}/1").status == 404
    only = administrator.json("DELETE", f"{path}/2")
    assert (only.status, only.json["errors"]) == (409, {"state": "one of a single step"})


def test_only_an_administrator_takes_something_away(operator: Client) -> None:
    id_ = given.sequence(operator, "One", "Two", active=False)

    assert operator.json("DELETE", f"/sequences/{id_}/steps/2").status == 403
    assert operator.json("DELETE", f"/sequences/{id_}").status == 403


def test_an_inactive_sequence_is_copied_and_not_revived(
    container: Container, administrator: Client
) -> None:
    """The copy is a draft whose steps are numbered anew."""
    id_ = given.sequence(administrator, "One", "Two", "Three", niche=["B1"], stop_on_reply=False)
    administrator.json("DELETE", f"/sequences/{id_}/steps/2")
    administrator.post(f"/sequences/{id_}/deactivate")
    before = administrator.get(f"/sequences/{id_}")

    status, copy = administrator.post(f"/sequences/{id_}/copy")
    named = administrator.post(f"/sequences/{id_}/copy", {"name": "Again", "trigger": "HOT"})

    assert (status, copy["status"], copy["version"]) == (201, "draft", 1)
    assert [(s["number"], s["content_id"], s["body"]) for s in copy["steps"]] == [
        (1, f"{copy['id']}:1:1", "One"),
        (2, f"{copy['id']}:1:2", "Three"),
    ]
    same = ("trigger", "niche", "stop_on_reply", "first_delay_minutes", "windows")
    assert {name: copy[name] for name in same} == {name: before.json[name] for name in same}
    assert copy["name"] == "On COLD (copy)"
    assert (named.json["name"], named.json["trigger"]) == ("Again", "HOT")
    assert administrator.get(f"/sequences/{id_}") == before
    assert administrator.post(f"/sequences/{copy['id']}/activate").status == 200
    assert fields(administrator.post(f"/sequences/{id_}/copy", {"name": ""})) == ["name"]
    assert not any(rebuild(container.database).values())


def test_a_draft_is_deleted(container: Container, administrator: Client) -> None:
    """From then on there is no such sequence; the log keeps that there was."""
    draft = given.sequence(administrator, active=False)
    active = given.sequence(administrator)

    gone = administrator.open("DELETE", f"/sequences/{draft}")
    refused = administrator.json("DELETE", f"/sequences/{active}")

    assert (gone.status_code, gone.data) == (204, b"")
    assert (refused.status, refused.json["errors"]) == (409, {"state": "active"})
    asked = [
        administrator.get(f"/sequences/{draft}"),
        administrator.get(f"/reports/sequences/{draft}"),
        administrator.patch(f"/sequences/{draft}", {"name": "Back"}),
        administrator.post(f"/sequences/{draft}/activate"),
        administrator.post(f"/sequences/{draft}/copy"),
        administrator.post(f"/sequences/{draft}/steps", {"body": "Hi"}),
        administrator.json("DELETE", f"/sequences/{draft}"),
        administrator.json("DELETE", f"/sequences/{NOBODY}"),
    ]
    assert [answer.status for answer in asked] == [404] * len(asked)
    assert [each["id"] for each in administrator.items("/sequences")] == [active]
    assert then.topics(container).count("sequence.deleted") == 1
    assert not any(rebuild(container.database).values())


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_an_unknown_sequence_has_no_steps(administrator: Client, method: str) -> None:
    options = {"json": {"body": "Hi"}} if method == "PATCH" else {}
    assert administrator.json(method, f"/sequences/{NOBODY}/steps/1", **options).status == 404
    assert administrator.post(f"/sequences/{NOBODY}/steps", {"body": "Hi"}).status == 404
