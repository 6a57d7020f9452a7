"""What can be tried on a sequence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from hypothesis import strategies as st

from domain import sequence, values
from domain.event import Event
from domain.sequence import REENTRIES, Definition, Sequence
from domain.values import TARGET_FILTERS
from tests.support.histories.stories import By, Command, Kind, always, never, only
from tests.support.histories.values import (
    BODIES,
    MEDIA,
    PACES,
    SOME_TOKENS,
    TEMPLATES,
    TIMES_OF_DAY,
    TOKENS,
    WINDOWS,
    WORDS,
    ZONES,
)


def _content(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "body": draw(BODIES),
        "media_url": draw(MEDIA),
        "template": draw(TEMPLATES),
        "delay_hours": draw(st.integers(0, 200)) / 4,
        "send_at": draw(TIMES_OF_DAY),
    }


def _begin(draw: st.DrawFn, by: By) -> Event:
    id_, count = draw(st.uuids()), draw(st.integers(1, 3))
    trigger = draw(TOKENS)
    definition = Definition(
        name=draw(WORDS),
        trigger=trigger,
        steps=tuple(sequence.step(id_, 1, n, **_content(draw)) for n in range(1, count + 1)),
        first_delay_minutes=draw(st.integers(0, 600)) / 4,
        niche=draw(SOME_TOKENS),
        target_status=draw(st.sampled_from(TARGET_FILTERS)),
        timezone=draw(st.none() | ZONES),
        windows=draw(WINDOWS),
        reentry=draw(st.sampled_from(REENTRIES)),
        stop_on_reply=draw(st.booleans()),
        # A sequence that leads back into itself again and again is refused.
        next_trigger=draw(
            st.none() | TOKENS.filter(lambda token: values.matching(token, [trigger]) is None)
        ),
        **draw(PACES),
    )
    return sequence.define(id_, definition, **by)


def _activate(draw: st.DrawFn, state: Sequence, by: By) -> Iterable[Event]:
    return sequence.activate(state, **by)


def _pause(draw: st.DrawFn, state: Sequence, by: By) -> Iterable[Event]:
    return sequence.pause(state, **by)


def _resume(draw: st.DrawFn, state: Sequence, by: By) -> Iterable[Event]:
    return sequence.resume(state, **by)


def _deactivate(draw: st.DrawFn, state: Sequence, by: By) -> Iterable[Event]:
    return sequence.deactivate(state, cancel_pending=False, **by)


def _stop(draw: st.DrawFn, state: Sequence, by: By) -> Iterable[Event]:
    return sequence.deactivate(state, cancel_pending=True, **by)


def _revise(draw: st.DrawFn, state: Sequence, by: By) -> Iterable[Event]:
    number = draw(st.integers(1, len(state.definition.steps)))
    present = msgspec.structs.asdict(state.definition.steps[number - 1])
    del present["content_id"]
    content = present if draw(st.booleans()) else _content(draw)
    return sequence.revise_step(state, number, **content, **by)


def _revise_no_step(draw: st.DrawFn, state: Sequence, by: By) -> Iterable[Event]:
    number = draw(st.sampled_from([0, len(state.definition.steps) + 1]))
    return sequence.revise_step(state, number, **_content(draw), **by)


SEQUENCE = Kind(
    "sequence",
    _begin,
    (
        *[Command("activate", _activate, only("draft"))] * 2,
        Command("pause", _pause, only("active")),
        *[Command("resume", _resume, only("paused"))] * 2,
        Command("deactivate", _deactivate, only("active", "paused")),
        Command("stop", _stop, only("active", "paused", "inactive")),
        Command("revise a step", _revise, always),
        Command("revise a step that is not there", _revise_no_step, never),
    ),
    sequence.evolve,
    sequence.fold,
)
