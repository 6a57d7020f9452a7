"""``sendtrail status``: what there is, what works, what waits, and what a person should look at."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from projections.container import Container
from runners.gateways.protocol import Unknown
from runners.support.clocks import SimulatedClock, SystemClock
from tests.support import given, operations, then, when
from tests.support.processes import each


def test_everything_at_a_glance_for_people_and_for_programs(
    container: Container, clock: SimulatedClock, database_url: str
) -> None:
    """A device that paces, one that is off, an outcome that nobody knows, a campaign of tomorrow,
    and a variable that is no setting."""
    clock.move_to(SystemClock()())
    device = given.device(container, "Sales 1", pace=(3600, 3600))
    given.device(container, "Off [bold]", online=False)
    given.many_leads(container, 3)
    given.campaign(container)
    when.triggers(container)
    when.looks(when.broadcaster(container, when.Phones(clock, Unknown("no answer"))))
    tomorrow = clock() + timedelta(days=1)
    given.campaign(container, at=tomorrow)
    operations.process(container, "host:1:a", "broadcaster", working=("broadcaster",))
    settings = {"database_url": database_url, "colour": "red"}

    text, document = each((["status"], settings), (["status", "--json"], settings))

    assert [(one.returncode, one.stderr) for one in (text, document)] == [(0, "")] * 2
    state = json.loads(document.stdout)
    leaves = datetime.fromisoformat(state["next"]["at"])
    assert leaves == then.message(container, status="unknown").send_at + timedelta(hours=1)
    assert state["next"]["device_id"] == str(device)
    assert datetime.fromisoformat(state["next_campaign_at"]) == tomorrow
    assert state["waiting"]["by_reason"] == {"pace": 2}
    assert [(p["process"], p["alive"]) for p in state["processes"]] == [("host:1:a", True)]
    assert state["overview"]["messages"]["unknown"] == 1
    assert [each["kind"] for each in state["attention"]] == [
        "unknown",
        "device_offline",
        "unknown_setting",
    ]
    lines = text.stdout.splitlines()
    assert (
        f"the next message leaves at {leaves:%Y-%m-%d %H:%M:%S} UTC, from device Sales 1" in lines
    )
    assert f"the next campaign starts at {tomorrow:%Y-%m-%d %H:%M:%S} UTC" in lines
    assert lines[-3] == (
        "1 message may have been sent or not: sendtrail export messages --status unknown"
    )
    assert lines[-2].startswith("device Off [bold] is offline since ")
    assert "SENDTRAIL_COLOUR" in lines[-1]
