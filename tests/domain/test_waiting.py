"""What a pending message waits for, and until when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.distances import Other
from domain.message import STATUSES, Message
from domain.planning import Step
from domain.waiting import REASONS, Facts, Owner, Reason, Sender, Wait, recorded, waits_for
from domain.windows import ALWAYS, Hours, Window
from tests.support.samples import CAMPAIGN, DEVICE, ENROLLMENT, ID, LEAD, SEQUENCE, utc

UTC_ZONE = ZoneInfo("UTC")
KUALA_LUMPUR = ZoneInfo("Asia/Kuala_Lumpur")
# A Monday.
NOW = utc(2026, 3, 2, 8, 0)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
OFFICE = Hours(windows=(Window(start="09:00", end="17:00"),))
NEVER_OPEN = Hours(
    windows=(Window(start="22:00", end="23:00"),), quiet=Window(start="21:00", end="08:00")
)

OWNER = Owner("triggered", stopped=False, hours=ALWAYS, steps=(), min_delay_seconds=0)
SENDER = Sender("online", 0, 0, None, 0, UTC_ZONE, None)
STEPS = tuple(
    Step(body=f"Step {number}", delay_hours=4, content_id=f"{SEQUENCE}:1:{number}")
    for number in (1, 2, 3)
)


def message(**fields: Any) -> Message:
    """A campaign's, due a minute ago."""
    given = {
        "id": ID,
        "version": 1,
        "status": "pending",
        "lead_id": LEAD,
        "device_id": DEVICE,
        "campaign_id": CAMPAIGN,
        "scheduled_at": NOW - MINUTE,
        "planned_at": NOW - MINUTE,
    }
    return Message(**{**given, **fields})


def step(number: int, **fields: Any) -> Message:
    own = {"campaign_id": None, "sequence_id": SEQUENCE, "enrollment_id": ENROLLMENT}
    return message(**own, step=number, **fields)


def facts(found: Message | None = None, **fields: Any) -> Facts:
    """Of a message that nothing keeps from being sent."""
    given = {"owner": OWNER, "sender": SENDER, "zone": UTC_ZONE}
    return Facts(
        **{"message": found or message(), "look_ahead": timedelta(seconds=5), **given, **fields}
    )


def owner(**fields: Any) -> Owner:
    return OWNER._replace(**fields)


def sender(**fields: Any) -> Sender:
    return SENDER._replace(**fields)


def before(status: str = "sent", at: datetime = NOW - HOUR) -> Other:
    """Step 1, due and sent ``at``."""
    return Other(1, status, at, at, at, at)  # type: ignore[arg-type]


SEQUENCE_OF_3 = owner(status="active", steps=STEPS)

# By its reason, a message that waits for that, and until when.
WAITS: dict[Reason, tuple[Facts, datetime | None]] = {
    "scheduled": (facts(message(scheduled_at=NOW + HOUR)), NOW + HOUR),
    "window": (facts(owner=owner(hours=OFFICE)), utc(2026, 3, 2, 9, 0)),
    "previous_step": (
        facts(step(2), owner=SEQUENCE_OF_3, others=[before(at=NOW - HOUR)]),
        NOW + 3 * HOUR,
    ),
    "branch": (facts(step(2, decided_by=1), owner=SEQUENCE_OF_3, others=[before()]), None),
    "approval": (facts(owner=owner(status="paused", awaits_approval=True)), None),
    "undo": (facts(owner=owner(undo_until=NOW + MINUTE)), NOW + MINUTE),
    "frequency_cap": (
        facts(cap=1, had=[NOW - HOUR], zone=KUALA_LUMPUR),
        utc(2026, 3, 2, 16, 0),
    ),
    "throttled": (facts(message(retry_at=NOW + MINUTE, reason="throttled")), NOW + MINUTE),
    "unreachable": (
        facts(message(retry_at=NOW + MINUTE, reason="unreachable: connection refused")),
        NOW + MINUTE,
    ),
    "pace": (
        facts(sender=sender(min_delay_seconds=20, max_delay_seconds=30, last_slot_at=NOW)),
        NOW + timedelta(seconds=20),
    ),
    "campaign_paused": (facts(owner=owner(status="paused")), None),
    "sequence_paused": (facts(step(1), owner=owner(status="paused")), None),
    "device_offline": (facts(sender=sender(status="offline")), None),
    "daily_limit": (
        facts(sender=sender(daily_limit=50, used_today=50, zone=KUALA_LUMPUR)),
        utc(2026, 3, 2, 16, 0),
    ),
    "unrecordable": (facts(in_quarantine=True), None),
}


def test_there_is_a_way_to_wait_for_every_reason() -> None:
    assert set(REASONS) == set(WAITS)


def test_the_reasons_are_those_that_the_api_promises() -> None:
    assert REASONS == (
        "scheduled",
        "window",
        "previous_step",
        "branch",
        "frequency_cap",
        "throttled",
        "unreachable",
        "pace",
        "campaign_paused",
        "sequence_paused",
        "device_offline",
        "daily_limit",
        "approval",
        "undo",
        "unrecordable",
    )


@pytest.mark.parametrize("reason", WAITS)
def test_it_says_what_it_waits_for_and_until_when(reason: Reason) -> None:
    found, until = WAITS[reason]
    assert waits_for(found, NOW) == Wait(reason, until)


@pytest.mark.parametrize("status", [status for status in STATUSES if status != "pending"])
def test_only_what_is_pending_waits(status: str) -> None:
    assert waits_for(facts(message(status=status), in_quarantine=True), NOW) is None


def test_what_nothing_keeps_waits_for_its_turn() -> None:
    """Nobody knows how long the queue of its device is."""
    assert waits_for(facts(), NOW) == Wait("pace", None)
    long_ago = sender(min_delay_seconds=20, max_delay_seconds=30, last_slot_at=NOW - MINUTE)
    assert waits_for(facts(sender=long_ago), NOW) == Wait("pace", None)


def test_a_slot_of_a_clock_that_was_wrong_counts_for_nothing() -> None:
    ahead = sender(min_delay_seconds=20, max_delay_seconds=30, last_slot_at=NOW + HOUR)
    assert waits_for(facts(sender=ahead), NOW) == Wait("pace", None)


def test_the_slower_pace_counts() -> None:
    """Of the device's and what the campaign asks for."""
    found = facts(owner=owner(min_delay_seconds=40), sender=WAITS["pace"][0].sender)
    assert waits_for(found, NOW) == Wait("pace", NOW + timedelta(seconds=40))


@pytest.mark.parametrize(
    "changes",
    [
        {"owner": owner(status="paused", hours=OFFICE)},
        {"sender": sender(status="offline")},
        {"in_quarantine": True, "owner": owner(status="paused")},
    ],
)
def test_what_a_person_must_act_on_comes_first(changes: dict[str, Any]) -> None:
    """Though something else would last longer than anybody needs for it."""
    found = facts(message(scheduled_at=NOW + 1000 * HOUR), **changes)
    wait = waits_for(found, NOW)
    assert wait is not None
    assert wait.reason in ("unrecordable", "campaign_paused", "device_offline")
    assert wait.until is None


def test_quarantine_then_pause_then_device() -> None:
    everything = facts(
        in_quarantine=True, owner=owner(status="paused"), sender=sender(status="offline")
    )
    assert waits_for(everything, NOW) == Wait("unrecordable", None)
    released = everything._replace(in_quarantine=False)
    assert waits_for(released, NOW) == Wait("campaign_paused", None)
    resumed = released._replace(owner=OWNER)
    assert waits_for(resumed, NOW) == Wait("device_offline", None)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (facts(owner=owner(status="cancelled")), "campaign_paused"),
        (facts(step(1), owner=owner(status="inactive", stopped=True)), "sequence_paused"),
        (facts(sender=sender(status="retired")), "device_offline"),
    ],
)
def test_what_will_be_cancelled_soon_is_held(found: Facts, reason: Reason) -> None:
    """Until the reaper comes to it, by whatever gave it up."""
    assert waits_for(found, NOW) == Wait(reason, None)


def test_a_sequence_that_enrolls_nobody_any_more_sends_what_is_planned() -> None:
    found = facts(step(1), owner=owner(status="inactive"))
    assert waits_for(found, NOW) == Wait("pace", None)


@pytest.mark.parametrize(
    ("deferred", "reason", "expected"),
    [
        (False, None, "scheduled"),
        (False, "revised", "scheduled"),
        (False, "too late", "scheduled"),
        (False, "window", "window"),
        (False, "previous_step", "previous_step"),
        (False, "frequency_cap", "frequency_cap"),
        (True, "throttled", "throttled"),
        (True, "unreachable: no route", "unreachable"),
        (True, "something of an earlier version", "scheduled"),
        (True, None, "scheduled"),
    ],
)
def test_what_is_due_later_says_why_it_was_put_off(
    deferred: bool, reason: str | None, expected: Reason
) -> None:
    """By what was recorded last."""
    assert recorded(deferred, reason) == expected
    at = {"retry_at": NOW + HOUR} if deferred else {"scheduled_at": NOW + HOUR}
    assert waits_for(facts(message(reason=reason, **at)), NOW) == Wait(expected, NOW + HOUR)


def test_the_wait_that_ends_last_counts() -> None:
    """Due in an hour, by a device that has used up its day, in a window that opens tomorrow."""
    found = facts(
        message(scheduled_at=NOW + HOUR),
        owner=owner(hours=OFFICE),
        sender=sender(daily_limit=50, used_today=50),
    )
    assert waits_for(found, NOW) == Wait("window", utc(2026, 3, 3, 9, 0))
    anytime = found._replace(owner=OWNER)
    assert waits_for(anytime, NOW) == Wait("daily_limit", utc(2026, 3, 3, 0, 0))
    tomorrow = found._replace(message=message(scheduled_at=utc(2026, 3, 3, 10, 0)))
    assert waits_for(tomorrow, NOW) == Wait("scheduled", utc(2026, 3, 3, 10, 0))


def test_the_window_counts_where_the_next_slot_is_beyond_it() -> None:
    slow = sender(min_delay_seconds=120, max_delay_seconds=120, last_slot_at=NOW)
    closing = Hours(windows=(Window(start="08:00", end="08:01"),))
    assert waits_for(facts(owner=owner(hours=closing), sender=slow), NOW) == Wait(
        "window", utc(2026, 3, 3, 8, 0)
    )


def test_a_window_that_never_opens_has_no_end() -> None:
    found = facts(message(scheduled_at=NOW + HOUR, reason="window"), owner=owner(hours=NEVER_OPEN))
    assert waits_for(found, NOW) == Wait("window", None)


@pytest.mark.parametrize("status", ["pending", "processing", "queued"])
def test_nobody_knows_when_a_step_on_its_way_is_sent(status: str) -> None:
    """It may fail, and then the next has nothing to wait for."""
    found = facts(step(2), owner=SEQUENCE_OF_3, others=[before(status)])
    assert waits_for(found, NOW) == Wait("previous_step", None)


def test_a_step_whose_time_has_not_come_waits_for_that() -> None:
    """Whatever the step before it does: it is not sent before its own time."""
    found = facts(
        step(2, scheduled_at=NOW + HOUR), owner=SEQUENCE_OF_3, others=[before("pending", NOW)]
    )
    assert waits_for(found, NOW) == Wait("scheduled", NOW + HOUR)


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_step_that_came_to_nothing_is_not_waited_for(status: str) -> None:
    found = facts(step(2), owner=SEQUENCE_OF_3, others=[before(status)])
    assert waits_for(found, NOW) == Wait("pace", None)


def test_a_step_that_there_is_no_content_for_is_no_error() -> None:
    """The content could not be read."""
    found = facts(step(2), owner=owner(steps=()), others=[before()])
    assert waits_for(found, NOW) == Wait("pace", None)


def test_the_cap_is_of_the_day_on_which_it_would_be_sent() -> None:
    """What the person had today does not count tomorrow; and some campaigns do not ask."""
    capped = facts(cap=2, had=[NOW - HOUR, NOW - MINUTE])
    assert waits_for(capped, NOW) == Wait("frequency_cap", utc(2026, 3, 3, 0, 0))
    tomorrow = capped._replace(message=message(scheduled_at=utc(2026, 3, 3, 8, 0)))
    assert waits_for(tomorrow, NOW) == Wait("scheduled", utc(2026, 3, 3, 8, 0))
    assert waits_for(capped._replace(cap=3), NOW) == Wait("pace", None)
    receipt = capped._replace(owner=owner(ignore_cap=True))
    assert waits_for(receipt, NOW) == Wait("pace", None)
