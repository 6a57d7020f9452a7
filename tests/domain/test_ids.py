"""Derived ids are version 5 UUIDs like any other's, and a provider's id is kept as a digest."""

from __future__ import annotations

from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from domain.ids import derived, digest_of


def test_the_example_of_the_standard() -> None:
    """RFC 9562, appendix A.4: www.example.com in the namespace of DNS names."""
    dns = UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")

    assert derived(dns, "www.example.com") == UUID("2ed6657d-e927-568b-95e1-2665a8aea6a2")


@given(st.uuids(), st.text())
def test_they_are_those_of_the_standard_library(namespace: UUID, name: str) -> None:
    found = derived(namespace, name)

    assert found == uuid5(namespace, name)
    assert (found.version, found.variant) == (5, "specified in RFC 4122")


def test_an_id_is_kept_as_a_digest_of_160_bits() -> None:
    """The first 40 digits of SHA-256's example in FIPS 180-2; nobody reads an id out of them."""
    assert digest_of("abc") == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a3"


def test_different_ids_stay_different() -> None:
    assert digest_of("wamid.HBgL1") != digest_of("wamid.HBgL2")
