"""The limits of connections, as the settings say them."""

from __future__ import annotations

from projections.config import settings
from runners.process.serve import limits


def test_proxies_that_are_trusted_may_have_as_many_connections_as_they_need() -> None:
    """All of a proxy's clients come from one address."""
    config = settings.read({"SENDTRAIL_TRUSTED_PROXIES": "10.0.0.0/8"})

    exempt = limits(config, workers=1).exempt

    assert [exempt(each) for each in ("10.1.2.3", "::ffff:10.1.2.3", "192.0.2.1", "")] == [
        True,
        True,
        False,
        False,
    ]


def test_an_address_may_have_an_equal_part_in_each_process() -> None:
    config = settings.read({"SENDTRAIL_CONNECTIONS_PER_ADDRESS": "256"})

    assert [limits(config, n).connections_per_address for n in (1, 2, 3)] == [256, 128, 86]
