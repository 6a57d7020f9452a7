"""What was dispatched and lost by the log is recorded again, and never sent again."""

from __future__ import annotations

from datetime import date
from typing import TypeVar
from uuid import UUID

import msgspec

from domain.errors import WrongStateError
from domain.event import Event
from domain.message import decisions
from domain.message.events import (
    MessageDeferred,
    MessageFailed,
    MessageOutcomeUnknown,
    MessageQueued,
    MessageResolved,
    MessageSent,
)
from domain.message.state import InHand, Known

# What may come of a dispatch.
DispatchOutcome = (
    MessageSent | MessageFailed | MessageDeferred | MessageOutcomeUnknown | MessageResolved
)

LOST = "the database went back"

E = TypeVar("E", bound=Event)


def record_again(
    message: Known, queued: MessageQueued, outcome: DispatchOutcome | None, slot_day: date
) -> list[Event]:
    """The events of a dispatch that are missing after ``message``.

    ``queued`` and ``outcome`` are as they were recorded first; their instants and actors stay.
    Without an outcome it is unknown. ``slot_day`` is the day of the dispatch in the device's time
    zone. After a dispatch that the gateway surely did not accept the message is pending. Raises
    WrongStateError if the message is neither before that dispatch nor as the dispatch left it.
    """
    if message.status in ("pending", "processing"):
        events = _dispatch(message, queued, slot_day)
        version = events[-1].originator_version
        state = InHand(message.id, version, "queued", message.attempt + 1)
        return [*events, *_outcome(state, queued, outcome)]
    behind = message.version - queued.originator_version
    if (message.status, behind) in (("queued", 0), ("unknown", 1)):
        return [] if outcome is None else _outcome(message, queued, outcome)
    raise WrongStateError("message", message.status, "record the dispatch of")


def _dispatch(message: Known, queued: MessageQueued, slot_day: date) -> list[Event]:
    """The claim, if there is none, and the dispatch."""
    events: list[Event] = []
    version = message.version
    if message.status == "pending":
        at, actor = queued.timestamp, queued.actor
        events.append(decisions.claim(message, actor, at, slot_day, at, now=at, actor=actor))
        version += 1
    return [*events, _anew(queued, message.id, version + 1)]


def _outcome(state: Known, queued: MessageQueued, outcome: DispatchOutcome | None) -> list[Event]:
    """The outcome of a queued or unknown message; nothing if that is what it is."""
    if outcome is None or isinstance(outcome, MessageOutcomeUnknown | MessageDeferred):
        if state.status == "unknown":
            return []
        if outcome is None:
            return [decisions.lose_track(state, LOST, now=queued.timestamp, actor=queued.actor)]
        return [_anew(outcome, state.id, state.version + 1)]
    now, actor = outcome.timestamp, outcome.actor
    if _is_retried(outcome):
        unknown = (
            []
            if state.status == "unknown"
            else [decisions.lose_track(state, LOST, now=queued.timestamp, actor=queued.actor)]
        )
        version = state.version + len(unknown) + 1
        return [*unknown, _anew(outcome, state.id, version)]
    match outcome:
        case MessageSent():
            return [decisions.confirm_sent(state, outcome.provider_id, now=now, actor=actor)]
        case MessageFailed():
            return [decisions.fail(state, outcome.code, outcome.reason, now=now, actor=actor)]
        case MessageResolved(resolution="sent"):
            provider_id = outcome.provider_id or ""
            return [decisions.confirm_sent(state, provider_id, now=now, actor=actor)]
        case _:
            return [decisions.fail(state, outcome.reason, LOST, now=now, actor=actor)]


def _anew(event: E, id_: UUID, version: int) -> E:
    """The event, of the message as it is called now: what was planned anew has another id."""
    return msgspec.structs.replace(event, originator_id=id_, originator_version=version)


def _is_retried(outcome: DispatchOutcome | None) -> bool:
    """Whether a late answer said that the gateway surely did not accept the message."""
    return isinstance(outcome, MessageResolved) and outcome.resolution == "retried"
