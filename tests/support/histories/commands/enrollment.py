"""What can be tried on an enrollment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from hypothesis import strategies as st

from domain import enrollment
from domain.enrollment import Enrollment, StopReason
from domain.event import Event
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


def _complete(draw: st.DrawFn, state: Enrollment, by: By) -> Iterable[Event]:
    return enrollment.complete(state, **by)


def _stop(draw: st.DrawFn, state: Enrollment, by: By) -> Iterable[Event]:
    return enrollment.stop(state, draw(st.sampled_from(get_args(StopReason))), **by)


ENROLLMENT = Kind(
    "enrollment",
    _begin,
    (
        Command("complete", _complete, only("active")),
        Command("stop", _stop, always),
    ),
    enrollment.evolve,
    enrollment.fold,
)
