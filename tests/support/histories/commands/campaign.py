"""What can be tried on a campaign."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from hypothesis import strategies as st

from domain import campaign
from domain.campaign import Campaign
from domain.campaign.definition import BRAKE, Definition
from domain.errors import InvalidInputError, NotAllowedError, WrongStateError
from domain.event import Event
from domain.segments import Predicate
from domain.trial_events import DeviceTestBegun
from domain.trials import TrialResult
from domain.values import TARGET_FILTERS
from tests.support.histories.stories import By, Command, Kind, Refusal, always, only
from tests.support.histories.values import (
    BODIES,
    EXCLUDED,
    MEDIA,
    PACES,
    POOLS,
    REQUIRED_CONSENTS,
    SEGMENT_IDS,
    SEGMENTS,
    SOME_TOKENS,
    SOON,
    TEMPLATES,
    WORDS,
)

COUNTED = st.builds(
    campaign.Counted,
    tried=st.integers(0, 99),
    failed=st.integers(0, 60),
    opted_out=st.integers(0, 9),
)
_UNPAUSED = ("pending", "triggering", "triggered")
_RUNNING = (*_UNPAUSED, "paused")
_OPEN = ("draft", *_RUNNING)


def _text_and_pace(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "name": draw(WORDS),
        "body": draw(BODIES),
        "media_url": draw(MEDIA),
        "template": draw(TEMPLATES),
        **draw(PACES),
    }


def _definition(draw: st.DrawFn, by: By) -> Definition:
    return Definition(
        scheduled_at=by["now"] + draw(st.sampled_from([-1, 0, 1])) * draw(SOON),
        niche=draw(SOME_TOKENS),
        target_status=draw(st.sampled_from(TARGET_FILTERS)),
        device_ids=draw(POOLS),
        brake=draw(st.sampled_from([None, BRAKE])),
        segment_id=draw(SEGMENT_IDS),
        requires_consent=draw(REQUIRED_CONSENTS),
        undo_seconds=draw(st.sampled_from([0.0, 60.0])),
        expires_after_hours=draw(st.sampled_from([None, 0.5, 24.0])),
        **_text_and_pace(draw),
    )


def _begin(draw: st.DrawFn, by: By) -> Event:
    if draw(st.booleans()):
        return campaign.draft(draw(st.uuids()), _definition(draw, by), **by)
    four_eyes = draw(st.booleans())
    return campaign.schedule(draw(st.uuids()), _definition(draw, by), four_eyes=four_eyes, **by)


def _schedule(draw: st.DrawFn, state: Campaign, by: By) -> Iterable[Event]:
    four_eyes = draw(st.booleans())
    return campaign.schedule_draft(state, state.definition, four_eyes=four_eyes, **by)


def _segment(draw: st.DrawFn, state: Campaign) -> Predicate | None:
    """What the campaign's segment is now; after the start it is what it was then."""
    if state.definition.segment_id is None or state.triggered_at is not None:
        return state.segment
    return draw(SEGMENTS)


def _approve(draw: st.DrawFn, state: Campaign, by: By) -> Iterable[Event]:
    others = msgspec.structs.replace(state, made_by="api:other", changed_by="api:another")
    return campaign.approve(others, _segment(draw, state), **by)


def _approve_own(draw: st.DrawFn, state: Campaign, by: By) -> Iterable[Event]:
    field = draw(st.sampled_from(["made_by", "changed_by"]))
    return campaign.approve(msgspec.structs.replace(state, **{field: by["actor"]}), **by)


def _revise(draw: st.DrawFn, state: Campaign, by: By) -> Iterable[Event]:
    definition = msgspec.structs.replace(state.definition, **_text_and_pace(draw))
    if state.triggered_at is None and draw(st.booleans()):
        definition = _definition(draw, by)
    return campaign.revise(state, definition, four_eyes=draw(st.booleans()), **by)


def _revise_nothing(draw: st.DrawFn, state: Campaign, by: By) -> Iterable[Event]:
    return campaign.revise(state, state.definition, **by)


def _revise_audience(draw: st.DrawFn, state: Campaign, by: By) -> Iterable[Event]:
    other = "customer" if state.definition.target_status == "all" else "all"
    definition = msgspec.structs.replace(state.definition, target_status=other)
    return campaign.revise(state, definition, four_eyes=draw(st.booleans()), **by)


def _no_audience_after_the_trigger(state: Campaign, now: datetime) -> Refusal:
    running = state.status in _OPEN
    return None if running and state.triggered_at is None else WrongStateError


def _start(draw: st.DrawFn, state: Campaign, by: By) -> Iterable[Event]:
    return campaign.start(state, _segment(draw, state), **by)


def _not_before_its_instant(state: Campaign, now: datetime) -> Refusal:
    at = state.definition.scheduled_at
    due = state.status == "pending" and at is not None and at <= now and not state.awaits_approval
    return None if due else WrongStateError


def _extend(draw: st.DrawFn, state: Campaign, by: By) -> Iterable[Event]:
    looked_at = 0 if state.cursor is None else state.cursor.int
    cursor = UUID(int=looked_at + draw(st.integers(1, 2**120)))
    return campaign.extend_audience(state, cursor, draw(st.integers(0, 9)), draw(EXCLUDED), **by)


def _extend_again(draw: st.DrawFn, state: Campaign, by: By) -> Iterable[Event]:
    cursor = state.cursor or UUID(int=1)
    if state.cursor is None:
        state = campaign.evolve(state, *campaign.extend_audience(state, cursor, 1, {}, **by))
    return campaign.extend_audience(state, cursor, 1, {}, **by)


def _complete(draw: st.DrawFn, state: Campaign, by: By) -> Iterable[Event]:
    return campaign.complete_audience(state, **by)


def _pause(draw: st.DrawFn, state: Campaign, by: By) -> Iterable[Event]:
    return campaign.pause(state, **by)


def _resume(draw: st.DrawFn, state: Campaign, by: By) -> Iterable[Event]:
    return campaign.resume(state, draw(COUNTED), **by)


def _brake(draw: st.DrawFn, state: Campaign, by: By) -> Iterable[Event]:
    return campaign.brake(state, draw(COUNTED), **by)


def _cancel(draw: st.DrawFn, state: Campaign, by: By) -> Iterable[Event]:
    return campaign.cancel(state, **by)


def _reopen(draw: st.DrawFn, state: Campaign, by: By) -> Iterable[Event]:
    return campaign.reopen(state, **by)


def _test(draw: st.DrawFn, state: Campaign, by: By) -> Event:
    begun = DeviceTestBegun(
        originator_id=draw(st.uuids()),
        originator_version=2,
        timestamp=by["now"],
        actor=by["actor"],
        test_id=draw(st.uuids()),
        slot_day=by["now"].date(),
        recipient="…01",
        campaign_id=state.id,
    )
    result = TrialResult("rejected", code=draw(WORDS))
    return campaign.note_test(state, begun, state.definition.content_id, result, **by)


def _finish(draw: st.DrawFn, state: Campaign, by: By) -> Iterable[Event]:
    return campaign.finish(state, **by)


# What leads on is tried more often than what ends the story.
CAMPAIGN = Kind(
    "campaign",
    _begin,
    (
        Command("revise", _revise, only(*_OPEN)),
        Command("revise nothing", _revise_nothing, only(*_OPEN)),
        Command("revise the audience", _revise_audience, _no_audience_after_the_trigger),
        *[Command("start", _start, _not_before_its_instant)] * 4,
        *[Command("extend", _extend, only("triggering"))] * 6,
        Command("extend again", _extend_again, only("triggering", but=InvalidInputError)),
        *[Command("complete", _complete, only("triggering"))] * 2,
        Command("pause", _pause, only(*_UNPAUSED)),
        *[Command("brake", _brake, always)] * 2,
        *[Command("resume", _resume, only("paused"))] * 6,
        *[Command("schedule", _schedule, only("draft"))] * 3,
        *[Command("approve", _approve, only(*_OPEN))] * 2,
        Command("approve one's own", _approve_own, only(*_OPEN, but=NotAllowedError)),
        Command("cancel", _cancel, only(*_OPEN)),
        *[Command("finish", _finish, only("triggered"))] * 2,
        Command("reopen", _reopen, always),
        Command("test", _test, always),
    ),
    campaign.evolve,
    campaign.fold,
)
