"""Derived ids are version 5 UUIDs like any other's, keyed ones version 8, and a provider's id is
kept as a digest."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from domain.ids import derived, digest_of, hmac_sha256, keyed, of_moment, within

# 32 bytes of values 0 to 31.
KEY = bytes(range(32))
KEY_ID = UUID(bytes=KEY[:16])


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


INSTANTS = st.datetimes(datetime.fromtimestamp(0, UTC).replace(tzinfo=None), timezones=st.just(UTC))


@given(INSTANTS, INSTANTS, st.uuids(), st.uuids())
def test_ids_of_moments_are_in_the_order_of_instants_and_leads(
    one: datetime, other: datetime, near: UUID, far: UUID
) -> None:
    found = [of_moment(one, near, b"a"), of_moment(one, far, b"b"), of_moment(other, near, b"c")]

    assert {(id_.version, id_.variant) for id_ in found} == {(8, "specified in RFC 4122")}
    assert (found[0] < found[1]) == (near < far) or near.int >> 110 == far.int >> 110
    assert (found[0] < found[2]) == (one < other) or abs(one - other) <= timedelta(milliseconds=1)
    assert found[0] != of_moment(one, near, b"b")


def test_an_instant_before_1970_is_the_first() -> None:
    assert of_moment(datetime(1900, 1, 1, tzinfo=UTC), KEY_ID, b"").int >> 80 == 0


@given(st.uuids(), st.uuids(), st.uuids())
def test_ids_within_a_namespace_are_in_the_order_of_leads(
    namespace: UUID, near: UUID, far: UUID
) -> None:
    found = within(namespace, near, "1"), within(namespace, far, "1")

    assert {(id_.version, id_.variant) for id_ in found} == {(8, "specified in RFC 4122")}
    assert {id_.hex[:8] for id_ in found} == {namespace.hex[:8]}
    assert (found[0] < found[1]) == (near < far) or near.int >> 100 == far.int >> 100
    assert found[0] != within(namespace, near, "2")


def test_an_id_is_kept_as_a_digest_of_160_bits() -> None:
    """The first 40 digits of SHA-256's example in FIPS 180-2; nobody reads an id out of them."""
    assert digest_of("abc") == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a3"


def test_different_ids_stay_different() -> None:
    assert digest_of("wamid.HBgL1") != digest_of("wamid.HBgL2")
