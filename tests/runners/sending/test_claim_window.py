"""How much the next claim takes, by how much was due at the last."""

from __future__ import annotations

import pytest

from runners.sending.claim_window import (
    BATCH,
    FEWEST_DEVICES,
    MOST_DEVICES,
    ClaimWindow,
    message_limit,
)


@pytest.mark.parametrize(
    ("devices", "messages"), [(1, 32), (16, 512), (31, 992), (32, 1000), (1000, 1000)]
)
def test_a_claim_takes_what_may_all_go_at_once(devices: int, messages: int) -> None:
    """32 calls a device, a thousand in all."""
    assert message_limit(devices) == messages


def test_little_on_each_device_leaves_the_window_wide() -> None:
    """Three messages a device are no backlog, however many devices there are."""
    window = ClaimWindow()
    window.update(devices=333, messages=999)
    assert (window.device_limit, window.more_is_due) == (MOST_DEVICES, True)


def test_a_backlog_halves_the_devices_and_never_below_the_fewest() -> None:
    """What is left unlocked is there for other workers."""
    window, limits = ClaimWindow(), []
    for devices in (200, 90, 40, 15):
        window.update(devices, messages=BATCH)
        limits.append(window.device_limit)
    assert limits == [100, 45, 20, FEWEST_DEVICES]


def test_as_many_devices_as_the_window_allows_keep_it() -> None:
    """Half of those that can be had is not half of half."""
    window = ClaimWindow()
    window.update(devices=200, messages=BATCH)
    window.update(devices=100, messages=BATCH)
    assert (window.device_limit, window.more_is_due) == (100, True)


def test_a_claim_that_is_not_full_opens_the_window_again() -> None:
    """Then nothing is due any more."""
    window = ClaimWindow()
    window.update(devices=200, messages=BATCH)
    window.update(devices=20, messages=BATCH // 2 - 1)
    assert (window.device_limit, window.more_is_due) == (MOST_DEVICES, False)
