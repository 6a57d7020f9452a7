"""Segments: what may be asked, and what a lead that is left out is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain import lead, segments
from domain.errors import InvalidInputError
from domain.segment_matching import NOTHING, Failure, History, failing
from domain.segments import Condition, Predicate

NOW = datetime(2026, 3, 31, 9, tzinfo=UTC)
CAMPAIGN = UUID("00000000-0000-4000-8000-00000000000c")


def asked(**clauses: list[tuple[str, str, Any]]) -> Predicate:
    return segments.check("Some", clauses)  # type: ignore[arg-type]


def person(**profile: Any) -> lead.Lead:
    event = lead.register(
        UUID(int=7), "+60123456789", ["Cold"], lead.profile(**profile), now=NOW, actor="api:sales"
    )
    return lead.evolve(None, event)


@pytest.mark.parametrize(
    ("field", "op", "given", "stored"),
    [
        ("niche", "eq", " B1 ", "B1"),
        ("trigger", "in", ["a", "b", "a"], ("a", "b")),
        ("target_status", "ne", "Customer", "customer"),
        ("opted_out", "eq", False, False),
        ("device_id", "exists", None, True),
        ("attribute.age", "eq", 5, "5"),
        ("attribute.due", "before", "+2w", "+2w"),
        ("phone", "contains", "+6012", "+6012"),
        ("created_at", "after", "2026-03-01T09:00 Asia/Kuala_Lumpur", "2026-03-01T01:00:00+00:00"),
        ("replied_since", "after", "30d", "30d"),
        ("sent_campaign", "eq", str(CAMPAIGN).upper(), str(CAMPAIGN)),
    ],
)
def test_a_value_is_kept_in_its_one_form(field: str, op: str, given: Any, stored: Any) -> None:
    assert asked(none=[(field, op, given)]).none == (Condition(field, op, stored),)  # type: ignore[arg-type]


GOOD = ("opted_out", "eq", True)


@pytest.mark.parametrize(
    ("clauses", "field"),
    [
        ({}, "all"),
        ({"all": [GOOD] * 26, "none": [GOOD] * 25}, "all"),
        ({"all": [GOOD, ("name", "eq", "Aisyah")]}, "all[2].field"),
        ({"any": [("attribute.", "eq", "x")]}, "any[1].field"),
        ({"none": [("niche", "before", "30d")]}, "none[1].op"),
        ({"all": [("niche", "in", [])]}, "all[1].value"),
        ({"all": [("niche", "eq", None)]}, "all[1].value"),
        ({"all": [("never_sent", "eq", "yes")]}, "all[1].value"),
        ({"all": [("created_at", "after", "2026-03-01")]}, "all[1].value"),
        ({"all": [("attribute.due", "after", "01.03.2026")]}, "all[1].value"),
        ({"all": [("in_sequence", "eq", "COLD")]}, "all[1].value"),
    ],
)
def test_what_cannot_be_asked_is_named(clauses: Any, field: str) -> None:
    """By its place, counted from 1."""
    with pytest.raises(InvalidInputError) as refused:
        asked(**clauses)
    assert refused.value.field == field


def test_a_phone_as_a_whole_is_no_group() -> None:
    """It is a person's, and what is asked is in events that erasure does not reach."""
    with pytest.raises(InvalidInputError, match="one person") as refused:
        asked(all=[("phone", "contains", "+60123456789")])
    assert refused.value.field == "all[1].value"


def test_the_first_clause_that_fails_is_told_with_what_was_seen() -> None:
    """In the order all, any, none; of any, what each condition saw."""
    ipoh = ("attribute.city", "eq", "Ipoh")
    question = asked(
        all=[("niche", "in", ["B1", "b2"]), ipoh],
        any=[("never_sent", "eq", True), ("last_sent_before", "before", "30d")],
        none=[("sent_campaign", "eq", str(CAMPAIGN))],
    )
    inside = person(niche=["B2"], attributes={"city": "IPOH"})
    lately = NOW - timedelta(days=3)

    assert failing(question, inside, NOTHING, NOW) is None
    assert failing(question, person(niche=["B12"]), NOTHING, NOW) == Failure(
        clause="all[1]", words="niche is one of B1, b2", seen=["B12"]
    )
    assert failing(question, person(niche=["B1"]), NOTHING, NOW) == Failure(
        clause="all[2]", words="city is Ipoh", seen=None
    )
    assert failing(question, inside, History(last_sent_at=lately), NOW) == Failure(
        clause="any",
        words="never sent is true or last sent before 30d",
        seen=[False, lately.isoformat()],
    )
    long_ago = History(last_sent_at=NOW - timedelta(days=31), campaigns=frozenset({CAMPAIGN}))
    assert failing(question, inside, long_ago, NOW) == Failure(
        clause="none[1]", words=f"not: sent campaign is {CAMPAIGN}", seen=[str(CAMPAIGN)]
    )
