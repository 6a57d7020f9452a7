"""Derived ids are version 5 UUIDs like any other's, keyed ones version 8, and a provider's id is
kept as a digest."""

from __future__ import annotations

import hmac
from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from domain.ids import derived, digest_of, hmac_sha256, keyed

# 32 bytes of values 0 to 31.
KEY = bytes(range(32))


def test_the_example_of_the_standard() -> None:
    """RFC 9562, appendix A.4: www.example.com in the namespace of DNS names."""
    dns = UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")

    assert derived(dns, "www.example.com") == UUID("2ed6657d-e927-568b-95e1-2665a8aea6a2")


@given(st.uuids(), st.text())
def test_they_are_those_of_the_standard_library(namespace: UUID, name: str) -> None:
    found = derived(namespace, name)

    assert found == uuid5(namespace, name)
    assert (found.version, found.variant) == (5, "specified in RFC 4122")


def test_a_keyed_id_is_the_beginning_of_an_hmac() -> None:
    """printf 'lead +60123456789' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0001…1f; four bits
    say version 8, two the variant."""
    assert keyed(KEY, "lead +60123456789") == UUID("e24cb536-1291-8aa2-bd7e-0613507474d7")


@given(st.binary(min_size=32, max_size=32), st.text())
def test_keyed_ids_are_of_version_8(key: bytes, name: str) -> None:
    found = keyed(key, name)

    assert (found.version, found.variant) == (8, "specified in RFC 4122")
    assert found != keyed(key[1:] + bytes([key[0] ^ 1]), name)


@given(st.binary(min_size=1, max_size=64), st.binary())
def test_an_hmac_is_that_of_the_standard_library(key: bytes, message: bytes) -> None:
    assert hmac_sha256(key, message) == hmac.digest(key, message, "sha256")


def test_an_id_is_kept_as_a_digest_of_160_bits() -> None:
    """The first 40 digits of SHA-256's example in FIPS 180-2; nobody reads an id out of them."""
    assert digest_of("abc") == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a3"


def test_different_ids_stay_different() -> None:
    assert digest_of("wamid.HBgL1") != digest_of("wamid.HBgL2")
