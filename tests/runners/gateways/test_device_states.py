"""What every gateway says of the state of its devices."""

from __future__ import annotations

import pytest

from runners.gateways.protocol import (
    DeviceState,
)
from tests.runners.gateways.providers import (
    Behind,
    status,
)
from tests.support.gateways.fakes import Behaviour, Kind


def test_a_device_is_online_or_not(behind: Behind) -> None:
    provider, fake = behind
    assert status(provider, fake.url) == DeviceState(True, provider.on, provider.own)
    provider.turn_off(fake)
    assert status(provider, fake.url) == DeviceState(False, provider.off, provider.own)
    assert status(provider, fake.url, **provider.wrong) == DeviceState(False, provider.denied)


@pytest.mark.parametrize(
    "kind", ["drop", "garbage", "deep", "truncated", "empty", "throttle", "error"]
)
def test_where_the_provider_does_not_say_a_devices_state_is_not_known(
    behind: Behind, kind: Kind
) -> None:
    provider, fake = behind
    fake.inquiry = Behaviour(kind)
    assert status(provider, fake.url) is None
    assert fake.paths
