"""/sequences/{id}/activate, pause, resume, deactivate, stop: what each does in each state."""

from __future__ import annotations

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support.api import given, when
from tests.support.api.client import Client
from tests.support.api.given import NOBODY

# By the status it is in: what each action makes of it, None where it is refused.
ACTIONS: dict[str, dict[str, str | None]] = {
    "draft": {
        "activate": "active",
        "pause": None,
        "resume": None,
        "deactivate": None,
        "stop": None,
    },
    "active": {
        "activate": None,
        "pause": "paused",
        "resume": None,
        "deactivate": "inactive",
        "stop": "inactive",
    },
    "paused": {
        "activate": None,
        "pause": None,
        "resume": "active",
        "deactivate": "inactive",
        "stop": "inactive",
    },
    "inactive": {
        "activate": None,
        "pause": None,
        "resume": None,
        "deactivate": None,
        "stop": "inactive",
    },
}
WAY_TO: dict[str, list[str]] = {
    "draft": [],
    "active": ["activate"],
    "paused": ["activate", "pause"],
    "inactive": ["activate", "deactivate"],
}


def test_actions_do_what_the_state_allows_and_name_it_where_not(operator: Client) -> None:
    """Somebody presses every button in every state."""
    made: dict[str, dict[str, str | None]] = {}
    for status, actions in ACTIONS.items():
        made[status] = {}
        for action in actions:
            sequence_id = given.sequence(operator, active=False)
            for earlier in WAY_TO[status]:
                operator.post(f"/sequences/{sequence_id}/{earlier}")
            answer = operator.post(f"/sequences/{sequence_id}/{action}")
            after = operator.get(f"/sequences/{sequence_id}").json
            if answer.status == 200:
                assert {**answer.json, "warnings": []} == {**after, "warnings": []}
                assert ("warnings" in answer.json) == (action == "activate")
                made[status][action] = after["status"]
            else:
                assert answer == (
                    409,
                    {
                        "code": 409,
                        "status": "Conflict",
                        "message": f"cannot {action} this sequence: it is {status}",
                        "errors": {"state": status},
                    },
                )
                assert after["status"] == status
                made[status][action] = None

    assert made == ACTIONS


def test_pausing_holds_and_stopping_cancels(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """A mistake in a running sequence: pause it, look, then stop it for good."""
    given.device(operator)
    given.lead(operator, triggers=["COLD"])
    sequence_id = given.sequence(operator, "One", "Two")
    when.enrolls(container)

    operator.post(f"/sequences/{sequence_id}/pause")
    clock.advance(days=3)
    when.broadcasts(container, clock)
    held = [(m["status"], m["due_at"]) for m in operator.items("/messages")]
    operator.post(f"/sequences/{sequence_id}/stop")
    when.reaps(container)

    assert held == [("pending", None), ("pending", None)]
    assert [(m["status"], m["reason"]) for m in operator.items("/messages")] == [
        ("cancelled", "sequence_cancelled"),
        ("cancelled", "sequence_cancelled"),
    ]


def test_deactivating_lets_what_is_pending_go(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """The offer is over for newcomers, but who is in it hears it to the end."""
    given.device(operator)
    given.lead(operator, 1, triggers=["COLD"])
    sequence_id = given.sequence(operator, "One")
    when.enrolls(container)

    operator.post(f"/sequences/{sequence_id}/deactivate")
    given.lead(operator, 2, triggers=["COLD"])
    enrolled = when.enrolls(container)
    clock.advance(minutes=6)
    when.broadcasts(container, clock)

    assert enrolled == 0
    assert [m["status"] for m in operator.items("/messages")] == ["sent"]


def test_no_action_finds_an_unknown_sequence(operator: Client) -> None:
    """Whatever is asked of it."""
    answers = [operator.post(f"/sequences/{NOBODY}/{action}") for action in ACTIONS["draft"]]

    unknown = {"code": 404, "status": "Not Found", "message": f"no sequence {NOBODY}"}
    assert answers == [(404, unknown)] * 5
