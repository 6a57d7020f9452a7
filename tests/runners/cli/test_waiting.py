"""What pending messages wait for, for those who have only a shell."""

from __future__ import annotations

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.processes import each
from tests.support.waits import campaign_paused


def test_every_command_that_shows_a_message_says_what_it_waits_for(
    container: Container, clock: SimulatedClock, database_url: str
) -> None:
    expected = campaign_paused(container, clock)
    message = then.message(container)
    asked: list[list[object]] = [
        ["audit", "message", message.message_id],
        ["audit", "lead", message.lead_id],
        ["audit", "lead", message.lead_id, "--as-of", "2026-03-02T08:00Z"],
        ["audit", "why-not", message.lead_id, "--campaign", message.campaign_id],
        ["status"],
    ]

    results = each(*((one, {"database_url": database_url}) for one in asked))

    assert [(one.returncode, one.stderr) for one in results] == [(0, "")] * len(asked)
    of_message, of_lead, of_lead_then, why_not, status = (one.stdout for one in results)
    waits = f"waits for {expected.story}"
    assert of_message.splitlines()[-1] == f"the message is pending: it {waits}"
    assert f"message {message.message_id}: pending: it {waits}\n" in of_lead
    assert f"message {message.message_id}: pending\n" in of_lead_then
    assert why_not == f"the message is pending: it {waits}\n"
    assert f"1 waits for {expected.line}\n" in status


def test_status_says_how_many_more_there_are(
    container: Container, clock: SimulatedClock, database_url: str
) -> None:
    """It has twenty lines for what waits, those with most messages."""
    for number in range(22):
        device = given.device(container, f"Off {number}", online=False)
        given.many_leads(container, 1 + (number < 20), first=100 * number, device_id=device)
    given.campaign(container)
    when.triggers(container)

    (result,) = each((["status"], {"database_url": database_url}))

    lines = [line for line in result.stdout.splitlines() if " wait for device Off " in line]
    assert len(lines) == 20
    assert "2 more messages wait: GET /api/v1/messages?status=pending" in result.stdout
