"""Sequences that hand people over to each other: which cycles are refused, and which warned of."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from domain import cycles
from domain.cycles import Link
from domain.errors import CycleError
from domain.planning import Step
from domain.sequence import Definition
from tests.support.samples import ID

STEP = Step(content_id=f"{ID}:1:1", body="Hi", delay_hours=24.0)
NEXT = Step(content_id=f"{ID}:1:2", body="Ho", delay_hours=0.0)


def hands(name: str, over_to: str | None, *, delays: bool = False) -> Link:
    """A sequence with a trigger of its name."""
    return Link(UUID(int=sum(name.encode())), name, name.upper(), over_to, delays)


def definition(*steps: Step, **fields: Any) -> Definition:
    given = {"name": "A", "trigger": "A", "first_delay_minutes": 0.0, "next_trigger": "B"}
    return Definition(**{**given, **fields}, steps=steps)


@pytest.mark.parametrize(
    ("defined", "delays"),
    [
        (definition(STEP), False),  # the first step has no delay of its own
        (definition(STEP, NEXT), False),
        (definition(STEP, first_delay_minutes=0.5), True),
        (definition(STEP, replace(NEXT, delay_hours=0.1)), True),
        (definition(replace(STEP, send_at="09:00")), True),
        (definition(STEP, replace(NEXT, send_at="09:00")), True),
    ],
)
def test_what_is_a_delay(defined: Definition, delays: bool) -> None:
    """A first delay, a delay of a later step, or a local time."""
    assert cycles.link(ID, defined) == Link(ID, "A", "A", "B", delays)


def test_a_cycle_without_any_delay_is_refused() -> None:
    """Whoever closes it is told the way round. Triggers are compared in any case."""
    others = [hands("b", "C"), hands("c", "a"), hands("d", None)]

    with pytest.raises(CycleError) as refused:
        cycles.refuse(hands("a", "b"), others)

    assert refused.value.field == "next_trigger"
    assert refused.value.expected == (
        "another trigger, or a delay in one of the sequences: 'a' -> 'b' -> 'c' -> 'a'"
    )


def test_one_that_hands_over_to_itself_is_a_cycle_too() -> None:
    with pytest.raises(CycleError, match="'a' -> 'a'"):
        cycles.refuse(hands("a", "a"), [])


@pytest.mark.parametrize("slow", ["a", "b", "c"])
def test_one_delay_anywhere_makes_a_warning_of_it(slow: str) -> None:
    """It may be wanted: once a month, from the beginning."""
    a, b, c = (hands(n, to, delays=n == slow) for n, to in (("a", "b"), ("b", "c"), ("c", "a")))

    cycles.refuse(a, [b, c])

    (warning,) = cycles.warnings(a, [b, c])
    assert "'a' -> 'b' -> 'c' -> 'a'" in warning


def test_beside_a_cycle_with_a_delay_one_without_is_still_refused() -> None:
    """Two sequences have the same trigger: one of them is slow."""
    others = [hands("b", "a", delays=True), hands("q", "a")._replace(trigger="B")]

    with pytest.raises(CycleError, match="'a' -> 'q' -> 'a'"):
        cycles.refuse(hands("a", "b"), others)


def test_what_leads_into_a_cycle_is_in_none() -> None:
    """The others may go round as they like; a chain has an end."""
    others = [hands("b", "c"), hands("c", "b")]

    cycles.refuse(hands("a", "b"), others)

    assert cycles.warnings(hands("a", "b"), others) == []
    assert cycles.warnings(hands("a", None), others) == []
