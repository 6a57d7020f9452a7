"""Who gets which text follows from the ids, so that anybody can check it."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.campaign import variants
from domain.campaign.variants import Groups, Variant, wilson
from domain.content import Content
from domain.errors import InvalidInputError

CAMPAIGN = UUID("00000000-0000-4000-8000-00000000000c")
A, B = Variant(name="A", body="Hi", share=0.5), Variant(name="B", body="Hello", share=0.3)
WRITTEN = Content(content_id=f"{CAMPAIGN}:2:0", body="Hi", rules=1)


def number(campaign_id: UUID, lead_id: UUID) -> float:
    """As the contract says it: the first eight bytes of the digest, over 2^64."""
    digest = sha256(campaign_id.bytes + lead_id.bytes).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def expected(lead_id: UUID) -> str | None:
    found = number(CAMPAIGN, lead_id)
    return "Hi" if found < 0.5 else "Hello" if found < 0.5 + 0.3 else None


@given(st.uuids())
def test_the_number_falls_into_the_shares_in_their_order(lead_id: UUID) -> None:
    """Those who are held out come last."""
    groups = Groups(CAMPAIGN, WRITTEN, (A, B), 0.2)
    content = groups.content(lead_id)
    assert (content and content.body) == expected(lead_id)
    assert groups.is_held_out(lead_id) == (expected(lead_id) is None)


def test_the_groups_have_about_their_shares() -> None:
    groups = Groups(CAMPAIGN, WRITTEN, (A, B), 0.2)
    found = Counter(
        content.body if (content := groups.content(UUID(int=n))) else None for n in range(10_000)
    )
    assert [round(found[body] / 10_000, 1) for body in ("Hi", "Hello", None)] == [0.5, 0.3, 0.2]


def test_each_text_is_known_by_its_number() -> None:
    groups = Groups(CAMPAIGN, WRITTEN, (A, B), 0.2)
    found = {
        content.content_id: content.body
        for n in range(50)
        if (content := groups.content(UUID(int=n)))
    }
    assert found == {f"{CAMPAIGN}:2:1": "Hi", f"{CAMPAIGN}:2:2": "Hello"}


def test_without_a_hold_out_the_last_takes_the_rest() -> None:
    """Whatever thirds add up to."""
    thirds = [Variant(name=name, body=name, share=1 / 3) for name in "ABC"]
    assert len(variants.cutoffs(variants.check(thirds, 0.0), 0.0)) == 2


def test_one_text_may_have_a_hold_out_too() -> None:
    groups = Groups(CAMPAIGN, WRITTEN, (), 0.2)
    held_out = [n for n in range(1000) if groups.is_held_out(UUID(int=n))]
    assert held_out == [n for n in range(1000) if number(CAMPAIGN, UUID(int=n)) >= 0.8]
    assert groups.content(UUID(int=min(set(range(1000)) - set(held_out)))) is WRITTEN


@pytest.mark.parametrize(
    ("wrong", "hold_out", "field"),
    [
        ([A], 0.5, "variants"),
        ([A, B], 0.0, "variants"),
        ([A, B], 1.0, "hold_out"),
        ([A, Variant(name="A", body="x", share=0.5)], 0.0, "variants[2].name"),
        ([A, Variant(name="B", body="{{x}}", share=0.5)], 0.0, "variants[2].body"),
        ([A, Variant(name="B", body="x", share=-0.5)], 0.0, "variants[2].share"),
    ],
)
def test_what_is_wrong_is_named(wrong: list[Variant], hold_out: float, field: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        variants.check(wrong, hold_out)
    assert error.value.field == field


def test_an_interval_holds_the_share() -> None:
    """Values by Wilson's formula, worked out elsewhere: 10 of 100, none of 20, and none of none."""
    assert wilson(10, 100) == (0.0552, 0.1744)
    assert wilson(0, 20) == (0.0, 0.1611)
    assert wilson(0, 0) is None
