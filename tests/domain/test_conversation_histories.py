"""Conversations with two leads that are one person, and whatever is said in whatever order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import lead
from domain.conversation import Conversation
from domain.event import Event
from domain.inbound import Reply
from domain.lead.events import (
    LeadOptedIn,
)
from domain.surroundings import Surroundings
from tests.support.talks import (
    DAY,
    DEVICE,
    HEARD,
    LID,
    NOW,
    SITI,
    THROUGH,
    of_kind,
    on_the_way,
    pending,
    person,
    running,
    says,
    suppressed,
)


def merged(
    mine: lead.Lead | None = None, other: lead.Lead | None = None, **around: Any
) -> Conversation:
    """Siti turned out to be Aisyah."""
    talk = on_the_way(mine, **around)
    siti = other or person(SITI, "+60120000002")
    of_siti = running(3, SITI)
    past = Conversation(
        siti,
        Surroundings(running=(of_siti,), unsent=(pending(4, of_siti),), suppressed={}),
        now=NOW,
        actor="api:boss",
    )
    talk.absorb(past, set(), set())
    return talk


@pytest.mark.parametrize("mine", [None, "reply", "platform"])
@pytest.mark.parametrize("others", [None, "reply", "platform"])
def test_the_stricter_wish_of_two_wins(mine: str | None, others: str | None) -> None:
    def out(via: str | None) -> dict[str, Any]:
        return {} if via is None else {"opted_out_at": NOW - DAY, "opt_out_via": via}

    talk = merged(person(**out(mine)), person(SITI, "+60120000002", **out(others)))

    is_out = {each.opted_out_at is not None for each in (talk.lead, *talk.merged)}
    assert is_out == {mine is not None or others is not None}
    assert (talk.unsent == {}) is is_out.pop()
    # The platform takes back a stop that only it has reported.
    talk.opt_in("resume", "platform")
    still_out = {each.opted_out_at is not None for each in (talk.lead, *talk.merged)}
    assert still_out == {"reply" in (mine, others)}


def test_one_campaign_and_one_sequence_write_once() -> None:
    """What this lead has, the other loses; what the other got already, this one does not get."""
    campaign, got = UUID(int=9), UUID(int=11)
    talk = on_the_way(unsent=(pending(3, campaign=9), pending(5, campaign=11)))
    same = running(1, SITI)
    past = Conversation(
        person(SITI, "+60120000002"),
        Surroundings(
            running=(same,),
            unsent=(pending(6, same), pending(7, campaign=9), pending(8, campaign=12)),
        ),
        now=NOW,
        actor="api:boss",
    )

    talk.absorb(past, {campaign, UUID(int=1)}, {got})

    assert {m.campaign_id for m in talk.unsent.values()} == {campaign, UUID(int=12)}
    assert [m.id.int for m in talk.unsent.values()] == [1003, 1008]
    assert same not in talk.running
    reasons = {e.reason for e in talk.events if hasattr(e, "reason")}
    assert reasons == {"merged"}


# Any history

ACTS: dict[str, Callable[[Conversation, datetime], None]] = {
    "stop": lambda talk, at: says(talk, "STOP", at),
    "start": lambda talk, at: says(talk, "START", at),
    "hello": lambda talk, at: says(talk, "Hello", at),
    "platform stops": lambda talk, at: talk.opt_out("stop", "platform", said_at=at),
    "platform resumes": lambda talk, at: talk.opt_in("resume", "platform", said_at=at),
    "operator opts out": lambda talk, at: talk.opt_out("by phone"),
    "operator opts in": lambda talk, at: talk.opt_in("by phone"),
    "edit": lambda talk, at: talk.edit(Reply((), "stop", "e", edits="i", at=at), THROUGH, HEARD),
    "by hand": lambda talk, at: talk.by_hand(DEVICE, "3EB0", at),
    "gone": lambda talk, at: talk.unreachable("131026", None),
    "reached": lambda talk, at: talk.reached(None),
    "learns": lambda talk, at: talk.learn([LID]),
    "moves": lambda talk, at: talk.move("+60120000009", "told"),
    "erased": lambda talk, at: None if talk.lead.erased_at else talk.erase((), {}),
}
STORIES = st.lists(st.tuples(st.sampled_from(sorted(ACTS)), st.integers(-7200, 5)), max_size=12)


def replayed(events: Sequence[Event], *states: lead.Lead) -> list[lead.Lead]:
    """The leads after these events, each of which follows the one before it."""
    by_id = {state.id: state for state in states}
    for event in events:
        if event.originator_id in by_id:
            state = by_id[event.originator_id]
            assert event.originator_version == state.version + 1
            by_id[state.id] = lead.evolve(state, event)
    return list(by_id.values())


@settings(max_examples=300, deadline=None)
@given(STORIES, st.booleans())
def test_whatever_is_said_in_whatever_order(story: list[tuple[str, int]], family: bool) -> None:
    """An opted-out person has nothing unsent; a family is of one mind; nothing is decided twice;
    the events alone say it all; the same story again ends no enrollment and cancels nothing."""
    said_no = {LID.key: suppressed(LID, NOW - DAY)}
    mine, siti = person(), person(SITI, "+60120000002")
    talk = merged(mine, siti, suppressed=said_no) if family else on_the_way(suppressed=said_no)

    for act, seconds in story:
        if talk.lead.erased_at is not None and act not in ("hello", "gone", "reached", "learns"):
            continue
        ACTS[act](talk, NOW + timedelta(seconds=seconds))
        if talk.lead.opted_out_at is not None or talk.lead.erased_at is not None:
            assert (talk.unsent, talk.running) == ({}, [])
        minds = {each.opted_out_at is not None for each in (talk.lead, *talk.merged)}
        assert len(minds) == 1

    ended = [(e.TOPIC, e.originator_id) for e in talk.events if hasattr(e, "reason")]
    assert len(ended) == len(set(ended))
    again = replayed(talk.events, mine, *([siti] if family else []))
    assert again == [talk.lead, *talk.merged]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["STOP", "START"]), st.integers(2, 7200)), min_size=1))
def test_in_the_order_in_which_it_was_said_the_last_word_counts(
    wishes: list[tuple[str, int]],
) -> None:
    """However late all of it came."""
    in_order = sorted(wishes, key=lambda wish: -wish[1])
    talk = on_the_way(person(opted_in_at=NOW - DAY))

    for text, seconds in in_order:
        says(talk, text, NOW - timedelta(seconds=seconds))

    assert (talk.lead.opted_out_at is not None) is (in_order[-1][0] == "STOP")
    yes = of_kind(talk, LeadOptedIn)
    assert all(event.said_at is not None for event in yes)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["STOP", "START"]), st.integers(1, 3600)), min_size=1),
    st.randoms(use_true_random=False),
)
def test_in_whatever_order_it_comes_a_no_that_was_said_last_counts(
    wishes: list[tuple[str, int]], chance: Random
) -> None:
    """Providers tell again what they could not tell when it was said."""
    by_second = {seconds: text for text, seconds in wishes}
    told = [(text, 2 * seconds) for seconds, text in by_second.items()]
    chance.shuffle(told)
    talk = on_the_way(person(opted_in_at=NOW - DAY))

    for text, seconds in told:
        says(talk, text, NOW - timedelta(seconds=seconds))

    if by_second[min(by_second)] == "STOP":
        assert talk.lead.opted_out_at is not None
