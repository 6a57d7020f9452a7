"""Two people at once: a PATCH keeps what is not given, also what somebody else gives meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.api import given, when
from tests.support.api.client import Client


def _lead(client: Client) -> str:
    return f"/leads/{given.lead(client)}"


def _campaign(client: Client) -> str:
    return f"/campaigns/{given.campaign(client)}"


def _device(client: Client) -> str:
    return f"/devices/{given.device(client)}"


@pytest.mark.parametrize(
    ("make", "one", "other"),
    [
        (_lead, "name", "timezone"),
        (_campaign, "name", "body"),
        (_device, "name", "timezone"),
    ],
)
def test_two_people_who_change_different_fields_both_get_their_way(
    operator: Client, make: Any, one: str, other: str
) -> None:
    """One corrects the name while the other corrects something else, again and again."""
    path = make(operator)
    zones = ["Asia/Kuala_Lumpur", "Europe/Berlin"]
    wanted, found = [], []

    for number in range(10):
        changes = ({one: f"Name {number}"}, {other: zones[number % 2]})
        when.at_once(*(lambda change=change: operator.patch(path, change) for change in changes))
        after = operator.get(path).json
        wanted.append({**changes[0], **changes[1]})
        found.append({name: after[name] for name in (one, other)})

    assert found == wanted


def test_two_people_who_revise_a_step_both_get_their_way(operator: Client) -> None:
    """One corrects the text while the other moves the delay."""
    path = f"/sequences/{given.sequence(operator)}"
    wanted, found = [], []

    for number in range(10):
        changes: list[dict[str, Any]] = [{"body": f"Text {number}"}, {"delay_hours": float(number)}]
        when.at_once(
            *(lambda change=change: operator.patch(f"{path}/steps/2", change) for change in changes)
        )
        step = operator.get(path).json["steps"][1]
        wanted.append({**changes[0], **changes[1]})
        found.append({name: step[name] for name in ("body", "delay_hours")})

    assert found == wanted


def test_two_people_who_press_the_same_button_are_both_heard(operator: Client) -> None:
    """One pauses the campaign, and the other is told that it is paused."""
    answered = []
    for _ in range(10):
        path = f"/campaigns/{given.campaign(operator)}/pause"
        answers = when.at_once(*(lambda path=path: operator.post(path) for _ in range(2)))
        answered.append(sorted(answer.status for answer in answers))

    assert answered == [[200, 409]] * 10
