"""Random command histories of every aggregate: nothing illegal, nothing lost, nothing doubled."""

from __future__ import annotations

from datetime import UTC, timedelta
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from domain import topics
from domain.errors import InvalidInputError, NotAllowedError, NotFoundError, WrongStateError
from domain.event import Event
from tests.support.histories import strategies
from tests.support.histories.stories import Kind, Story, stories
from tests.support.histories.strategies import KINDS
from tests.support.samples import utc

SETTINGS = settings(max_examples=30, deadline=None)

each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


REFUSALS = (WrongStateError, InvalidInputError, NotFoundError, NotAllowedError)


@each_kind
def test_whatever_is_tried_ends_as_it_should(kind: Kind) -> None:
    """Commands that the state forbids are refused with the right error and change nothing; all
    others give events, or none where nothing changes."""

    @SETTINGS
    @given(stories(kind))
    def check(story: Story) -> None:
        for attempt in story.attempts:
            if attempt.expected is None:
                assert attempt.error is None, attempt
            else:
                assert attempt.expected in REFUSALS
                assert type(attempt.error) is attempt.expected, attempt
                assert attempt.events == ()
            assert attempt.untouched, attempt

    check()


@each_kind
def test_events_follow_one_another_without_a_gap(kind: Kind) -> None:
    """Versions count from 1, of one aggregate, stamped with the time and the actor given."""

    @SETTINGS
    @given(stories(kind))
    def check(story: Story) -> None:
        versions = [event.originator_version for event in story.events]
        assert versions == list(range(1, len(versions) + 1))
        assert len({event.originator_id for event in story.events}) == 1
        for attempt in story.attempts:
            for event in attempt.events:
                assert (event.timestamp, event.actor) == (attempt.now, attempt.actor)
        for event, state in zip(story.events, story.states, strict=True):
            assert (state.id, state.version) == (event.originator_id, event.originator_version)

    check()


@each_kind
def test_folding_the_stored_events_gives_the_same_state(kind: Kind) -> None:
    """All at once, from any state in between, and after a journey through JSON."""

    @SETTINGS
    @given(stories(kind), st.data())
    def check(story: Story, data: st.DataObject) -> None:
        final = story.states[-1]
        assert kind.fold(None, story.events) == final
        middle = data.draw(st.integers(0, len(story.events) - 1))
        assert kind.fold(story.states[middle], story.events[middle + 1 :]) == final
        stored = [(event.TOPIC, msgspec.json.encode(event)) for event in story.events]
        loaded: list[Event] = [
            msgspec.json.decode(state, type=topics.BY_TOPIC[topic]) for topic, state in stored
        ]
        assert loaded == story.events
        assert kind.fold(None, loaded) == final

    check()


@each_kind
def test_the_histories_reach_every_event_there_is(kind: Kind) -> None:
    """Otherwise they would prove less than they seem to. The rounds are the same in every run."""
    wanted = {topic for topic in topics.BY_TOPIC if topic.startswith(f"{kind.name}.")}
    reached: set[str] = set()

    @settings(max_examples=60, deadline=None, database=None)
    @given(stories(kind))
    def collect(story: Story) -> None:
        reached.update(event.TOPIC for event in story.events)

    for number in range(20):
        if reached != wanted:
            seed(number)(collect)()
    assert reached == wanted


@pytest.mark.parametrize(
    "strategy",
    [
        strategies.lead_histories,
        strategies.sequence_histories,
        strategies.enrollment_histories,
        strategies.campaign_histories,
        strategies.message_histories,
        strategies.device_histories,
    ],
)
def test_a_history_can_be_stored_anywhere(strategy: Any) -> None:
    """Never empty, in 2026, in UTC, never going back, and no NUL in any text: what other tests
    count on when they push histories through a database."""

    @SETTINGS
    @given(strategy())
    def check(events: list[Event]) -> None:
        assert events
        for event in events:
            assert event.timestamp.tzinfo is UTC
            assert event.timestamp.utcoffset() == timedelta(0)
            assert utc(2026, 1, 1) <= event.timestamp < utc(2027, 1, 1)
            assert b"\\u0000" not in msgspec.json.encode(event)
        for earlier, later in pairwise(events):
            assert earlier.timestamp <= later.timestamp

    check()
