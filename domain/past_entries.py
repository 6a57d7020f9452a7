"""When a lead would have entered a sequence in a span that is over, and what would have ended
that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from domain import audience, values
from domain.audience import Asked
from domain.enrollment import StopReason
from domain.event import Event
from domain.lead import Lead, evolve
from domain.lead.events import (
    LeadContactedByHand,
    LeadErased,
    LeadMerged,
    LeadOptedOut,
    LeadRegistered,
    LeadReplied,
    LeadTriggered,
    LeadUnreachable,
)
from domain.segment_matching import History
from domain.sequence_definition import Definition


class Stop(NamedTuple):
    """What ends an enrollment, and when."""

    at: datetime
    reason: StopReason


class Entered(NamedTuple):
    """A lead, as it was, entered ``at`` that instant; what ended it, if anything did."""

    at: datetime
    lead: Lead
    stop: Stop | None


def entries(
    events: Sequence[Event],
    definition: Definition,
    since: datetime,
    until: datetime,
    past: Callable[[datetime], History],
    keeps_out: Callable[[datetime, Sequence[Entered]], bool],
) -> Iterator[Entered]:
    """Each time that the lead of these ``events`` enters the sequence from ``since`` until before
    ``until``: whenever it has the trigger, matches, and nothing keeps it out.

    ``past`` gives its history at an instant, for a segment. ``keeps_out`` says whether what it
    entered before does, which knows of ``Entered`` ones too. A trigger lets a lead in once, until
    it is given again.
    """
    state: Lead | None = None
    found: list[Entered] = []
    given = False
    for place, event in enumerate(events):
        if event.timestamp >= until:
            return
        state = evolve(state, event)
        given |= _gives(event, definition.trigger)
        following = events[place + 1].timestamp if place + 1 < len(events) else until
        at = max(event.timestamp, since)
        if event.timestamp < since and following <= since:  # it was so before the span alone
            continue
        if not given:
            continue
        if not _admits(state, definition, past, at) or keeps_out(at, found):
            continue
        given = False
        entered = Entered(at, state, _stop(events[place + 1 :], definition, at))
        found.append(entered)
        yield entered


def _gives(event: Event, trigger: str) -> bool:
    match event:
        case LeadRegistered():
            return values.matching(trigger, event.triggers) is not None
        case LeadTriggered():
            return values.matching(trigger, [event.trigger]) is not None
    return False


def _admits(
    state: Lead, definition: Definition, past: Callable[[datetime], History], at: datetime
) -> bool:
    if values.matching(definition.trigger, state.triggers) is None:
        return False
    if state.opted_out_at is not None or state.unreachable_at is not None:
        return False
    asked = None
    if definition.segment is not None:
        asked = Asked(definition.segment, past(at), at)
    found = audience.mismatch(state, definition.niche, definition.target_status, asked)
    return found is None


def _stop(events: Iterable[Event], definition: Definition, began: datetime) -> Stop | None:
    """The first of the later ``events`` that ends an enrollment that ``began`` then."""
    for event in events:
        reason: StopReason | None = None
        match event:
            case LeadOptedOut():
                reason = "opted_out"
            case LeadReplied(automatic=False) if definition.stop_on_reply:
                reason = None if _is_older(event, began) else "replied"
            case LeadContactedByHand() if definition.stop_on_manual_message:
                reason = None if _is_older(event, began) else "by_hand"
            case LeadUnreachable():
                reason = "undeliverable"
            case LeadErased():
                reason = "erased"
            case LeadMerged():
                reason = "merged"
        if reason is not None:
            return Stop(event.timestamp, reason)
    return None


def _is_older(event: LeadReplied | LeadContactedByHand, began: datetime) -> bool:
    """Whether somebody wrote that before the enrollment ``began``."""
    return event.sent_at is not None and values.surely_before(event.sent_at, began)
