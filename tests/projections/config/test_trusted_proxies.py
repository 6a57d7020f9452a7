"""SENDTRAIL_TRUSTED_PROXIES: addresses and networks, checked when they are read."""

from __future__ import annotations

import pytest

from domain.errors import SettingsError
from projections.config import settings

EXPECTED = (
    "SENDTRAIL_TRUSTED_PROXIES: expected addresses, networks or loopback, with commas between,"
    " e.g. loopback,10.0.0.7,10.1.0.0/16,2001:db8::/48"
)


@pytest.mark.parametrize(
    ("text", "networks"),
    [
        ("", []),
        ("10.0.0.7", ["10.0.0.7/32"]),
        ("10.1.0.0/16 , 2001:db8::/48", ["10.1.0.0/16", "2001:db8::/48"]),
        ("loopback,10.0.0.7", ["127.0.0.0/8", "::1/128", "10.0.0.7/32"]),
    ],
)
def test_they_are_networks(text: str, networks: list[str]) -> None:
    found = settings.read({"SENDTRAIL_TRUSTED_PROXIES": text}).trusted_proxies
    assert [str(network) for network in found] == networks


@pytest.mark.parametrize(
    "text",
    ["proxy.example.com", "10.0.0.7,", "10.0.0.7 10.0.0.8", "10.0.0.7/16", "10.0.0.0/33", "*"],
)
def test_what_is_none_is_refused(text: str) -> None:
    """A name would have to be asked for; bits behind a network's length are a slip."""
    with pytest.raises(SettingsError) as caught:
        settings.read({"SENDTRAIL_TRUSTED_PROXIES": text})

    assert str(caught.value) == EXPECTED
