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
    ["proxy.example.com", "10.0.0.7,", "10.0.0.7 10.0.0.8", "10.0.0.0/33", "*"],
)
def test_what_is_none_is_refused(text: str) -> None:
    """A name would have to be asked for."""
    with pytest.raises(SettingsError) as caught:
        settings.read({"SENDTRAIL_TRUSTED_PROXIES": text})

    assert str(caught.value) == EXPECTED


@pytest.mark.parametrize("variable", ["SENDTRAIL_TRUSTED_PROXIES", "SENDTRAIL_ALLOW_PRIVATE_HOSTS"])
@pytest.mark.parametrize(
    ("text", "meant", "alone"),
    [
        ("10.0.0.5/8", "10.0.0.0/8", "10.0.0.5"),
        ("10.1.0.0/16,2001:DB8::7/48", "2001:db8::/48", "2001:db8::7"),
    ],
)
def test_bits_behind_a_networks_length_are_a_slip_that_is_named(
    variable: str, text: str, meant: str, alone: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        settings.read({variable: text})

    wrong = text.rpartition(",")[2].lower()
    assert str(caught.value) == (
        f"{variable}: expected a network whose host bits are 0: {meant} in the place of {wrong},"
        f" or {alone} alone"
    )
