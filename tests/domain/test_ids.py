"""Derived ids are version 5 UUIDs like any other's."""

from __future__ import annotations

from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from domain.ids import derived


def test_the_example_of_the_standard() -> None:
    """RFC 9562, appendix A.4: www.example.com in the namespace of DNS names."""
    dns = UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")

    assert derived(dns, "www.example.com") == UUID("2ed6657d-e927-568b-95e1-2665a8aea6a2")


@given(st.uuids(), st.text())
def test_they_are_those_of_the_standard_library(namespace: UUID, name: str) -> None:
    found = derived(namespace, name)

    assert found == uuid5(namespace, name)
    assert (found.version, found.variant) == (5, "specified in RFC 4122")
