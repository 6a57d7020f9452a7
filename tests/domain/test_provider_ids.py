"""What may be kept of a provider's own id."""

from __future__ import annotations

from domain.provider_ids import digest_of


def test_an_id_is_kept_as_a_digest_of_160_bits() -> None:
    """The first 40 digits of SHA-256's example in FIPS 180-2; nobody reads an id out of them."""
    assert digest_of("abc") == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a3"


def test_different_ids_stay_different() -> None:
    assert digest_of("wamid.HBgL1") != digest_of("wamid.HBgL2")
