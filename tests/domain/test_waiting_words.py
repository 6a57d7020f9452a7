"""What a pending message waits for, as people read it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from domain.waiting import REASONS, Wait
from domain.waiting_words import Names, line, sentence
from tests.support.samples import utc

UTC_ZONE = ZoneInfo("UTC")
KUALA_LUMPUR = ZoneInfo("Asia/Kuala_Lumpur")
# A Monday, 16:00 in Kuala Lumpur.
NOW = utc(2026, 3, 2, 8, 0)

NAMES = Names(
    owner="March offer",
    owner_status="paused",
    device="Sales 2",
    device_status="offline",
    offline_since=utc(2026, 3, 2, 6, 10, 43),
    daily_limit=1500,
    step_before=(1, "pending"),
    decided_by=1,
)
TOMORROW = utc(2026, 3, 3, 1, 0)
# By its reason and until when: what is said of one message, and of 1,200.
SAID: list[tuple[Wait, str, str]] = [
    (Wait("scheduled", TOMORROW), "waits for the planned time, Tue 09:00 (Asia/Kuala_Lumpur)", ""),
    (
        Wait("window", TOMORROW),
        "waits for the window that opens Tue 09:00 (Asia/Kuala_Lumpur)",
        "1,200 wait for the window that opens Tue 09:00 (Asia/Kuala_Lumpur)",
    ),
    (Wait("window", None), "waits for a window, but none is open outside the quiet hours", ""),
    (
        Wait("previous_step", TOMORROW),
        "waits for the delay after the step before, until Tue 09:00 (Asia/Kuala_Lumpur)",
        "",
    ),
    (Wait("previous_step", None), "waits for step 1, which is pending", ""),
    (
        Wait("frequency_cap", utc(2026, 3, 2, 16, 0)),
        "waits for the person's next day, Tue 00:00 (Asia/Kuala_Lumpur):"
        " all that a person may get in a day was sent",
        "",
    ),
    (
        Wait("throttled", utc(2026, 3, 2, 8, 1, 5)),
        "waits for another try, 16:01:05 (Asia/Kuala_Lumpur): the provider asked for a pause",
        "",
    ),
    (
        Wait("unreachable", utc(2026, 3, 12, 8, 1)),
        "waits for another try, 2026-03-12 16:01 (Asia/Kuala_Lumpur):"
        " the gateway could not be reached",
        "",
    ),
    (Wait("pace", None), "waits for a slot of device Sales 2", ""),
    (
        Wait("pace", utc(2026, 3, 2, 8, 0, 20)),
        "waits for a slot of device Sales 2, not before 16:00:20 (Asia/Kuala_Lumpur)",
        "",
    ),
    (
        Wait("campaign_paused", None),
        "waits for campaign March offer, which is paused",
        "1,200 wait for campaign March offer, paused",
    ),
    (
        Wait("sequence_paused", None),
        "waits for sequence March offer, which is paused",
        "1,200 wait for sequence March offer, paused",
    ),
    (
        Wait("device_offline", None),
        "waits for device Sales 2, which is offline since 14:10 (Asia/Kuala_Lumpur)",
        "1,200 wait for device Sales 2, offline since 14:10 (Asia/Kuala_Lumpur)",
    ),
    (
        Wait("daily_limit", utc(2026, 3, 2, 16, 0)),
        "waits for the next day of device Sales 2, Tue 00:00 (Asia/Kuala_Lumpur):"
        " the limit of 1,500 is used up",
        "",
    ),
    (
        Wait("branch", None),
        "waits for what the person does after step 1",
        "1,200 wait for what the person does after step 1",
    ),
    (Wait("approval", None), "waits for an approval of March offer", ""),
    (
        Wait("undo", utc(2026, 3, 2, 8, 0, 30)),
        "waits for the end of the time in which it can be undone, 16:00:30 (Asia/Kuala_Lumpur)",
        "",
    ),
    (
        Wait("unrecordable", None),
        "waits for a release from quarantine: sendtrail audit quarantine list --kind message",
        "",
    ),
]


def test_there_is_a_sentence_for_every_reason() -> None:
    assert {wait.reason for wait, _, _ in SAID} == set(REASONS)


@pytest.mark.parametrize(("wait", "one", "many"), SAID)
def test_people_can_read_it(wait: Wait, one: str, many: str) -> None:
    """Of one message and of many; instants by the clock where they count."""
    assert sentence(wait, NAMES, KUALA_LUMPUR, NOW) == one
    if many:
        assert line(1200, wait, NAMES, KUALA_LUMPUR, NOW) == many
    assert line(1, wait, NAMES, KUALA_LUMPUR, NOW).startswith("1 waits for ")


def test_what_was_given_up_says_so() -> None:
    names = NAMES._replace(owner_status="cancelled")
    assert (
        sentence(Wait("campaign_paused", None), names, UTC_ZONE, NOW)
        == "waits for campaign March offer, which is cancelled: what is pending will be cancelled"
    )


def test_a_device_that_is_gone_for_good_says_so() -> None:
    names = NAMES._replace(device_status="retired")
    assert (
        sentence(Wait("device_offline", None), names, UTC_ZONE, NOW)
        == "waits for device Sales 2, which is retired"
    )


def test_of_many_messages_no_step_is_named() -> None:
    names = NAMES._replace(step_before=None)
    wait = Wait("previous_step", None)
    assert line(3, wait, names, UTC_ZONE, NOW) == "3 wait for the step before"
