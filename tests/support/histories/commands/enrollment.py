"""What can be tried on an enrollment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from hypothesis import strategies as st

from domain import enrollment
from domain.branches.table import Taken
from domain.enrollment import Enrollment, StopReason, Unsent, UnsentStatus
from domain.event import Event
from domain.message.events import CancelReason
from tests.support.histories.stories import By, Command, Kind, always, only
from tests.support.histories.values import TOKENS, VERSIONS


def _begin(draw: st.DrawFn, by: By) -> Event:
    return enrollment.enroll(
        lead_id=draw(st.uuids()),
        lead_version=draw(VERSIONS),
        sequence_id=draw(st.uuids()),
        sequence_version=draw(VERSIONS),
        entry=draw(st.integers(1, 3)),
        trigger=draw(TOKENS).strip(),
        steps=draw(st.integers(1, 5)),
        **by,
    )


def _unsent(draw: st.DrawFn, step: int) -> Unsent:
    status = draw(st.sampled_from(get_args(UnsentStatus)))
    reasons = st.sampled_from(get_args(CancelReason)) if status == "cancelled" else st.none()
    return Unsent(step, status, draw(reasons))


def _end(draw: st.DrawFn, state: Enrollment, by: By) -> Iterable[Event]:
    steps = draw(st.sets(st.integers(1, state.steps)))
    return enrollment.end(state, [_unsent(draw, step) for step in steps], **by)


def _replan(draw: st.DrawFn, state: Enrollment, by: By) -> Iterable[Event]:
    version = state.sequence_version + draw(st.integers(0, 2))
    added = draw(st.integers(0, 2))
    removed = draw(st.integers(0, state.steps + added - 1))
    return enrollment.replan(state, version, added=added, removed=removed, **by)


def _branch(draw: st.DrawFn, state: Enrollment, by: By) -> Iterable[Event]:
    step = 1 + max((each.step for each in state.branches), default=0)
    then = draw(st.none() | st.integers(step + 1, step + 5))
    taken = Taken(step=step, branch=draw(st.integers(0, 3)), then=then, at=by["now"])
    return [enrollment.branch(state, taken, **by)]


def _stop(draw: st.DrawFn, state: Enrollment, by: By) -> Iterable[Event]:
    return enrollment.stop(state, draw(st.sampled_from(get_args(StopReason))), **by)


ENROLLMENT = Kind(
    "enrollment",
    _begin,
    (
        Command("end", _end, only("active")),
        Command(
            "call off", lambda draw, state, by: enrollment.call_off(state, **by), only("active")
        ),
        *[Command("replan", _replan, always)] * 2,
        Command("branch", _branch, only("active")),
        Command("stop", _stop, always),
    ),
    enrollment.evolve,
    enrollment.fold,
)
