"""What can be tried on a sequence."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from hypothesis import strategies as st

from domain import sequence, sequence_approval, sequence_edits, values
from domain.errors import NotFoundError, WrongStateError
from domain.event import Event
from domain.sequence import REENTRIES, Definition, Sequence
from domain.values import TARGET_FILTERS
from tests.support.histories.stories import By, Command, Kind, Refusal, always, only
from tests.support.histories.values import (
    BODIES,
    MEDIA,
    PACES,
    POOLS,
    REQUIRED_CONSENTS,
    SEGMENT_IDS,
    SEGMENTS,
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
        device_ids=draw(POOLS),
        segment_id=draw(SEGMENT_IDS),
        requires_consent=draw(REQUIRED_CONSENTS),
        segment=draw(SEGMENTS),
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
    asked = None if state.definition.segment_id is None else draw(SEGMENTS)
    return sequence.activate(state, asked, **by)


def _pause(draw: st.DrawFn, state: Sequence, by: By) -> Iterable[Event]:
    return sequence.pause(state, **by)


def _resume(draw: st.DrawFn, state: Sequence, by: By) -> Iterable[Event]:
    return sequence.resume(state, **by)


def _deactivate(draw: st.DrawFn, state: Sequence, by: By) -> Iterable[Event]:
    return sequence.deactivate(state, cancel_pending=False, **by)


def _stop(draw: st.DrawFn, state: Sequence, by: By) -> Iterable[Event]:
    return sequence.deactivate(state, cancel_pending=True, **by)


def _revise(draw: st.DrawFn, state: Sequence, by: By) -> Iterable[Event]:
    step = draw(st.sampled_from(state.definition.steps))
    present = msgspec.structs.asdict(step)
    del present["content_id"]
    content = present if draw(st.booleans()) else _content(draw)
    return sequence_edits.revise_step(state, step.number, **content, **by)


def _revise_no_step(draw: st.DrawFn, state: Sequence, by: By) -> Iterable[Event]:
    number = draw(st.sampled_from([0, state.steps_ever + 1]))
    return sequence_edits.revise_step(state, number, **_content(draw), **by)


def _add(draw: st.DrawFn, state: Sequence, by: By) -> Iterable[Event]:
    before = draw(st.none() | st.sampled_from([step.number for step in state.definition.steps]))
    return sequence_edits.add_step(state, before=before, **_content(draw), **by)


def _remove(draw: st.DrawFn, state: Sequence, by: By) -> Iterable[Event]:
    number = draw(st.sampled_from(state.definition.steps)).number
    return sequence_edits.remove_step(state, number=number, **by)


def _delete(draw: st.DrawFn, state: Sequence, by: By) -> Iterable[Event]:
    return sequence_edits.delete(state, **by)


def there(state: Sequence, now: datetime) -> Refusal:
    """Accepted unless it was deleted."""
    return None if state.status != "deleted" else WrongStateError


def _remove_if_two(state: Sequence, now: datetime) -> Refusal:
    return there(state, now) if len(state.definition.steps) > 1 else WrongStateError


def _revise_all(draw: st.DrawFn, state: Sequence, by: By) -> Iterable[Event]:
    changes: dict[str, Any] = {
        "name": draw(WORDS),
        "first_delay_minutes": draw(st.sampled_from([0.0, 5.0])),
        "niche": draw(SOME_TOKENS),
        "windows": draw(WINDOWS),
        "timezone": draw(st.none() | ZONES),
        **draw(PACES),
    }
    kept = draw(st.sets(st.sampled_from([*changes])))
    changed = {name: value for name, value in changes.items() if name not in kept}
    if kept & {"min_delay_seconds", "max_delay_seconds"}:
        changed = {name: value for name, value in changed.items() if "seconds" not in name}
    definition = msgspec.structs.replace(state.definition, **changed)
    return sequence_edits.revise(state, definition, **by)


def _propose(draw: st.DrawFn, state: Sequence, by: By) -> Iterable[Event]:
    definition = msgspec.structs.replace(state.definition, niche=draw(SOME_TOKENS))
    events = sequence_edits.revise(state, definition, **by)
    return sequence_approval.proposed(state, list(events), **by)


def _approve(draw: st.DrawFn, state: Sequence, by: By) -> Iterable[Event]:
    wanted = tuple(("api:other", change) for _, change in state.proposals)
    others = {"made_by": "api:other", "changed_by": "api:other", "proposals": wanted}
    return sequence_approval.approve(msgspec.structs.replace(state, **others), **by)


def _discard(draw: st.DrawFn, state: Sequence, by: By) -> Iterable[Event]:
    return sequence_approval.discard(state, **by)


def missing(state: Sequence, now: datetime) -> Refusal:
    """No step has that number."""
    return there(state, now) or NotFoundError


SEQUENCE = Kind(
    "sequence",
    _begin,
    (
        *[Command("activate", _activate, only("draft"))] * 2,
        Command("pause", _pause, only("active")),
        *[Command("resume", _resume, only("paused"))] * 2,
        Command("deactivate", _deactivate, only("active", "paused")),
        Command("stop", _stop, only("active", "paused", "inactive")),
        Command("delete", _delete, only("draft")),
        Command("revise a step", _revise, there),
        Command("revise a step that is not there", _revise_no_step, missing),
        Command("add a step", _add, there),
        Command("remove a step", _remove, _remove_if_two),
        Command("revise", _revise_all, there),
        *[Command("propose", _propose, there)] * 2,
        *[Command("approve", _approve, always)] * 2,
        Command("discard", _discard, always),
    ),
    sequence.evolve,
    sequence.fold,
)
