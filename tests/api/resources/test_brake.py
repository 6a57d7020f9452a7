"""A campaign that goes wrong holds itself, and says by what."""

from __future__ import annotations

from typing import Any

import pytest

from projections.container import Container
from runners.gateways.protocol import Accepted, Rejected
from runners.support.clocks import SimulatedClock
from tests.support import given as on_the_house
from tests.support import then
from tests.support import when as runners
from tests.support.api import given, when
from tests.support.api.client import Client
from tests.support.when import Phones

# So few, so that few tell.
BRAKE: dict[str, Any] = {"opt_outs": 0.25, "failures": 0.5, "at_least": 4}
SENT, FAILED = Accepted("p"), Rejected("131026", "no such number")


@pytest.fixture
def campaign(container: Container, operator: Client) -> str:
    on_the_house.device(container, pace=(10, 10))
    on_the_house.many_leads(container, 8)
    made = given.campaign(operator, brake=BRAKE)
    when.triggers(container)
    return made


def sends(container: Container, clock: SimulatedClock, *answers: object) -> None:
    """One after the other, ten seconds apart."""
    one = runners.broadcaster(container, Phones(clock, *answers))
    runners.plays(clock, 10 * len(answers) - 1, one)


def test_too_many_failures_pause_it(
    container: Container, clock: SimulatedClock, operator: Client, campaign: str
) -> None:
    """With the fifth of five that were tried: three failed, which is more than half."""
    sends(container, clock, SENT, FAILED, SENT, FAILED, FAILED)

    shown = operator.get(f"/campaigns/{campaign}").json
    assert shown["status"] == "paused"
    assert shown["braked"] == {
        "tried": 5,
        "failed": 3,
        "opted_out": 0,
        "share": 0.6,
        "at": "2026-03-02T08:00:40+00:00",
    }
    (event,) = then.events(container, "campaign.paused")
    assert (event.reason, event.tried, event.failed, event.share) == ("brake", 5, 3, 0.6)
    assert event.actor.startswith("runner:")
    assert then.statuses(container) == {"sent": 2, "failed": 3, "pending": 3}


def test_half_is_not_more_than_half(
    container: Container, clock: SimulatedClock, operator: Client, campaign: str
) -> None:
    sends(container, clock, SENT, FAILED, SENT, FAILED)
    assert operator.get(f"/campaigns/{campaign}").json["status"] == "triggered"


def test_opt_outs_pause_it(
    container: Container, clock: SimulatedClock, operator: Client, campaign: str
) -> None:
    """Two of four who got it said STOP."""
    sends(container, clock, SENT, SENT, SENT, SENT)
    sent = then.messages(container, status="sent")
    for number, message in enumerate(sent[:2]):
        runners.replies(container, message.lead_id, "STOP", f"said {number}")
    when.reaps(container)

    shown = operator.get(f"/campaigns/{campaign}").json
    report = operator.get(f"/reports/campaigns/{campaign}").json
    assert (shown["status"], shown["braked"]["opted_out"]) == ("paused", 2)
    assert (report["opted_out"], report["replied"]) == (2, 2)


def test_after_a_resume_it_counts_anew(
    container: Container, clock: SimulatedClock, operator: Client, campaign: str
) -> None:
    """Only a person lets it go on."""
    sends(container, clock, FAILED, FAILED, FAILED, FAILED)
    when.reaps(container)
    assert operator.get(f"/campaigns/{campaign}").json["status"] == "paused"

    resumed = operator.post(f"/campaigns/{campaign}/resume").json
    clock.advance(seconds=10)
    sends(container, clock, FAILED, FAILED, FAILED)

    assert (resumed["status"], resumed["braked"]) == ("triggered", None)
    assert operator.get(f"/campaigns/{campaign}").json["status"] == "triggered"
    assert then.statuses(container)["failed"] == 7


def test_without_a_brake_it_goes_on(
    container: Container, clock: SimulatedClock, operator: Client, campaign: str
) -> None:
    assert operator.patch(f"/campaigns/{campaign}", {"brake": None}).json["brake"] is None
    sends(container, clock, *[FAILED] * 8)
    when.reaps(container)
    assert operator.get(f"/campaigns/{campaign}").json["status"] == "finished"


@pytest.mark.parametrize(
    ("brake", "field"),
    [
        ({"opt_outs": 1.5}, "opt_outs"),
        ({"failures": -0.1}, "failures"),
        ({"at_least": 0}, "at_least"),
        ({"unknown": 0.1}, "unknown"),
    ],
)
def test_a_brake_that_is_none_is_refused(
    operator: Client, brake: dict[str, Any], field: str
) -> None:
    good = {"name": "N", "body": "B", "scheduled_at": "2026-03-03T09:00Z"}
    status, answer = operator.post("/campaigns", {**good, "brake": brake})
    assert (status, list(answer["errors"]["json"]["brake"])) == (422, [field])
