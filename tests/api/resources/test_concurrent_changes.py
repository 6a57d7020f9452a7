"""Two people at once: a PATCH keeps what is not given, also what somebody else gives meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest

from projections.container import Container
from tests.support.api import given, when
from tests.support.api.client import Client


def _lead(client: Client) -> str:
    return f"/leads/{given.lead(client)}"


def _campaign(client: Client) -> str:
    return f"/campaigns/{given.campaign(client)}"


def _device(client: Client) -> str:
    return f"/devices/{given.device(client)}"


class Race:
    """From ``begin`` on, the first two that read an aggregate to change it wait for each other:
    nobody writes before both have read. ``reads`` are the ids that were read since then."""

    def __init__(self, container: Container, monkeypatch: pytest.MonkeyPatch) -> None:
        self.container = container
        self.monkeypatch = monkeypatch
        self.reads: list[UUID] = []

    def begin(self) -> None:
        load, both = self.container.outreach._load, Barrier(2)

        def meet(kind: Any, aggregate_id: UUID) -> Any:
            state = load(kind, aggregate_id)
            self.reads.append(aggregate_id)
            if len(self.reads) <= 2:
                both.wait(10)
            return state

        self.monkeypatch.setattr(self.container.outreach, "_load", meet)


@pytest.fixture
def race(container: Container, monkeypatch: pytest.MonkeyPatch) -> Race:
    return Race(container, monkeypatch)


@pytest.mark.parametrize(
    ("make", "one", "other"),
    [
        (_lead, "name", "timezone"),
        (_campaign, "name", "body"),
        (_device, "name", "timezone"),
    ],
)
def test_two_people_who_change_different_fields_both_get_their_way(
    operator: Client, race: Race, make: Any, one: str, other: str
) -> None:
    """One corrects the name while the other corrects something else; the second to write reads
    again."""
    path = make(operator)
    changes = ({one: "New name"}, {other: "Europe/Berlin"})

    race.begin()
    when.at_once(*(lambda change=change: operator.patch(path, change) for change in changes))

    assert len(race.reads) == 3
    after = operator.get(path).json
    assert {name: after[name] for name in (one, other)} == changes[0] | changes[1]


def test_two_people_who_revise_a_step_both_get_their_way(operator: Client, race: Race) -> None:
    """One corrects the text while the other moves the delay."""
    path = f"/sequences/{given.sequence(operator)}"
    changes: list[dict[str, Any]] = [{"body": "New text"}, {"delay_hours": 7.0}]

    race.begin()
    when.at_once(
        *(lambda change=change: operator.patch(f"{path}/steps/2", change) for change in changes)
    )

    assert len(race.reads) == 3
    step = operator.get(path).json["steps"][1]
    assert {name: step[name] for name in ("body", "delay_hours")} == changes[0] | changes[1]


def _sequence(client: Client) -> str:
    return f"/sequences/{given.sequence(client)}"


@pytest.mark.parametrize(
    ("make", "below", "field"),
    [
        (_campaign, "", "body"),
        (_device, "", "name"),
        (_sequence, "", "name"),
        (_sequence, "/steps/1", "body"),
    ],
)
def test_who_looked_before_another_changed_it_is_told(
    operator: Client, make: Any, below: str, field: str
) -> None:
    """The version that was looked at is said; the answer has the present one."""
    path = make(operator)
    seen = operator.get(path).json["version"]
    assert operator.patch(path + below, {field: "Theirs", "version": seen}).status == 200
    theirs = operator.get(path).json

    refused = operator.patch(path + below, {field: "Mine", "version": seen})

    assert (refused.status, operator.get(path).json) == (409, theirs)
    assert refused.json["errors"] == {"state": f"at version {theirs['version']}"}


def test_who_comes_and_goes_changes_nothing_that_was_looked_at(operator: Client) -> None:
    """A device that was away meanwhile; a version that is still to come was seen by nobody."""
    path = _device(operator)
    seen = operator.get(path).json["version"]
    for action in ("disconnect", "connect"):
        assert operator.post(f"{path}/{action}").status == 200
    assert operator.patch(path, {"name": "New", "version": seen}).status == 200
    assert operator.patch(path, {"name": "Newer", "version": 99}).status == 409


def test_two_people_who_press_the_same_button_are_both_heard(operator: Client, race: Race) -> None:
    """One pauses the campaign, and the other is told that it is paused."""
    path = f"/campaigns/{given.campaign(operator)}/pause"

    race.begin()
    answers = when.at_once(*[lambda: operator.post(path)] * 2)

    assert len(race.reads) == 3
    assert sorted(answer.status for answer in answers) == [200, 409]


@pytest.mark.parametrize("keys", [(None, None), ("1", "2")])
def test_two_people_who_register_a_phone_make_one_lead(
    container: Container,
    operator: Client,
    monkeypatch: pytest.MonkeyPatch,
    keys: tuple[str | None, str | None],
) -> None:
    """Both look before either writes. One makes the lead, and the other is told which it is; with
    an idempotency key too, whose transaction goes on."""
    look, both, looks = container.outreach.queries.leads_of_keys, Barrier(2), []

    def meet(connection: Any, keys: Iterable[str]) -> dict[str, list[UUID]]:
        owners = look(connection, keys)
        looks.append(bool(owners))
        if len(looks) <= 2:
            both.wait(10)
        return owners

    monkeypatch.setattr(container.outreach.queries, "leads_of_keys", meet)
    asked = [
        lambda key=key: operator.post("/leads", {"phone": given.phone(1)}, idempotency_key=key)
        for key in keys
    ]

    made, known = sorted(when.at_once(*asked), key=lambda answer: answer.status)

    assert looks == [False, False, True]
    assert (made.status, known.status) == (201, 409)
    assert known.json["errors"] == {"id": made.json["id"]}
    assert operator.items("/leads") == [made.json]


@pytest.mark.parametrize("imported", [False, True], ids=["post", "import"])
def test_two_who_register_one_phone_at_once_register_one_person(
    container: Container, operator: Client, monkeypatch: pytest.MonkeyPatch, imported: bool
) -> None:
    """The second begins and ends after the first has looked, and before the first has written."""
    look_up, others = container.outreach.look_up, []

    def overtaken(*args: Any) -> Any:
        found = look_up(*args)
        if not others:
            others.append(None)
            others[0] = operator.post("/leads", {"phone": given.phone(1)}).status
        return found

    monkeypatch.setattr(container.outreach, "look_up", overtaken)

    if imported:
        answer = operator.csv(f"phone\n{given.phone(1)}\n").json
        assert (answer["registered"], answer["known"]) == (0, 1)
    else:
        assert operator.post("/leads", {"phone": given.phone(1)}).status == 409

    assert others == [201]
    assert len(operator.items("/leads")) == 1
