"""Which steps a person gets: one way through the branches, and never two at once."""

from __future__ import annotations

from datetime import timedelta
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.branches import fates
from domain.branches.table import Branch, Taken, When
from domain.errors import InvalidInputError
from domain.planning import Step, plan
from domain.values import zone
from domain.windows import ALWAYS
from tests.support.samples import ID, NOW


def steps(*tables: tuple[tuple[When, int | None], ...]) -> list[Step]:
    """Steps from 1 on, each with its branches: what they ask for, and where they lead."""
    return [
        Step(
            content_id=f"{ID}:1:{number}",
            body="Hello",
            branches=tuple(Branch(when=when, within_hours=24, then=then) for when, then in table),
        )
        for number, table in enumerate(tables, start=1)
    ]


def after(step: int, branch: int, then: int | None) -> Taken:
    return Taken(step=step, branch=branch, then=then, at=NOW)


FORK = steps((("replied", 2), ("not_replied", 3)), (), (), ())


@pytest.mark.parametrize(
    ("decided", "expected"),
    [
        ([], ["goes", "open", "open", "open"]),
        ([after(1, 1, 2)], ["goes", "goes", "not_taken", "goes"]),
        ([after(1, 2, 3)], ["goes", "not_taken", "goes", "goes"]),
        ([after(1, 0, None)], ["goes", "not_taken", "not_taken", "goes"]),
    ],
)
def test_a_step_that_a_branch_names_goes_only_by_it(
    decided: list[Taken], expected: list[str]
) -> None:
    assert list(fates.fates(FORK, decided).values()) == expected


def test_the_end_ends_and_a_jump_jumps() -> None:
    ending = steps((("read", None),), (), ())
    jumping = steps((("read", 3),), (("replied", 4),), (), ())

    assert list(fates.fates(ending, [after(1, 1, None)]).values()) == [
        "goes",
        "not_taken",
        "not_taken",
    ]
    # The branches of a step that is jumped over are never asked, and lead nowhere.
    assert list(fates.fates(jumping, [after(1, 1, 3)]).values()) == [
        "goes",
        "not_taken",
        "goes",
        "not_taken",
    ]


@st.composite
def branching(draw: st.DrawFn) -> list[Step]:
    count = draw(st.integers(2, 6))
    return steps(
        *[
            tuple(
                draw(
                    st.lists(
                        st.tuples(
                            st.sampled_from(get_args(When)),
                            st.sampled_from([None, *range(number + 1, count + 1)]),
                        ),
                        max_size=3 if number < count else 0,
                    )
                )
            )
            for number in range(1, count + 1)
        ]
    )


@settings(max_examples=300, deadline=None)
@given(branching(), st.data())
def test_every_way_ends_and_no_two_branches_of_one_step_are_taken(
    journey: list[Step], data: st.DataObject
) -> None:
    """What is decided stays so. In the end every step goes or does not, the first always goes, and
    of the steps that the branches of one step name at most one goes by it."""
    fates.check(journey, stop_on_reply=False)
    decided: list[Taken] = []
    known = fates.fates(journey, decided)
    while (step := fates.undecided(journey, decided)) is not None:
        number = data.draw(st.integers(0, len(step.branches)))
        then = step.branches[number - 1].then if number else None
        decided.append(after(step.number, number, then))
        now_known = fates.fates(journey, decided)
        assert all(now_known[n] == fate for n, fate in known.items() if fate != "open")
        known = now_known

    assert set(known.values()) <= {"goes", "not_taken"}
    assert known[1] == "goes"
    named = {branch.then for step in journey for branch in step.branches}
    led_to = {taken.then for taken in decided}
    for number, fate in known.items():
        assert fate == "not_taken" or number not in named or number in led_to
    by = fates.decided_by(journey)
    assert all(by[step.number] == 0 for step in journey[:1])


@settings(max_examples=100, deadline=None)
@given(branching())
def test_what_comes_after_branches_is_planned_as_late_as_they_may_be_decided(
    journey: list[Step],
) -> None:
    due = plan(NOW, 5, journey, ALWAYS, zone("UTC"))

    for place, step in enumerate(journey[:-1]):
        waits = timedelta(hours=24 if step.branches else 0)
        assert due[place + 1] - due[place] == timedelta(hours=24) + waits


def test_a_reply_that_stops_the_sequence_is_no_branch() -> None:
    with pytest.raises(InvalidInputError) as refused:
        fates.check(FORK, stop_on_reply=True)

    assert refused.value.field == "steps[1].branches[1].when"


def test_who_never_answers_gets_the_steps_for_that() -> None:
    assert [step.number for step in fates.without_answers(FORK)] == [1, 3, 4]
