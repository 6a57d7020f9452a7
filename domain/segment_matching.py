"""Whether one lead is in a segment, and if not, what stands against it.

``readmodels.segment_conditions`` asks the same in SQL for many leads at once; a test holds the two
together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain import values
from domain.event import Event
from domain.lead import Lead
from domain.lead.events import LeadReplied
from domain.marks import composed
from domain.message import Message
from domain.segments import ATTRIBUTE, Clause, Condition, Predicate, day, instant, words

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class History(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a lead so far: the ``campaigns`` of which a message was sent to it, when the
    latest of all its messages was sent, when the latest reply came that was no automatic one, and
    the ``sequences`` that it is under way in."""

    campaigns: frozenset[UUID] = frozenset()
    last_sent_at: datetime | None = None
    replied_at: datetime | None = None
    sequences: frozenset[UUID] = frozenset()


NOTHING = History()


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """What keeps a lead out of a segment: the ``clause``, such as ``all[2]``, or ``any`` where none
    of these holds, in ``words``; and what was ``seen`` of the lead, as JSON has it, for ``any`` of
    each condition."""

    clause: str
    words: str
    seen: Any


def history(
    lead_events: Iterable[Event], messages: Iterable[Message], sequences: Iterable[UUID]
) -> History:
    """The history of a lead with these events and ``messages``, which is under way in these
    ``sequences``."""
    replies = [
        event.timestamp
        for event in lead_events
        if isinstance(event, LeadReplied) and not event.automatic
    ]
    sent = [each for each in messages if each.status == "sent" and each.sent_at is not None]
    return History(
        campaigns=frozenset(each.campaign_id for each in sent if each.campaign_id is not None),
        last_sent_at=max((each.sent_at for each in sent if each.sent_at), default=None),
        replied_at=max(replies, default=None),
        sequences=frozenset(sequences),
    )


def failing(predicate: Predicate, lead: Lead, past: History, now: datetime) -> Failure | None:
    """The first thing that keeps the lead out at ``now``; None if it is in the segment. Whether it
    was erased or merged into another is not asked here."""
    for clause, conditions in predicate.clauses():
        held = [holds(condition, lead, past, now) for condition in conditions]
        if clause == "any":
            if conditions and not any(held):
                return Failure(
                    clause=clause,
                    words=" or ".join(map(words, conditions)),
                    seen=[seen(each, lead, past) for each in conditions],
                )
            continue
        for number, (condition, held_) in enumerate(zip(conditions, held, strict=True), start=1):
            if held_ != (clause == "all"):
                return _failure(clause, number, condition, seen(condition, lead, past))
    return None


def _failure(clause: Clause, number: int, condition: Condition, found: Any) -> Failure:
    said = words(condition) if clause == "all" else f"not: {words(condition)}"
    return Failure(clause=f"{clause}[{number}]", words=said, seen=found)


def seen(condition: Condition, lead: Lead, past: History) -> Any:
    """What the lead has of the condition's field, as JSON has it."""
    profile = lead.profile
    match condition.field:
        case "niche":
            return list(profile.niche)
        case "trigger":
            return list(lead.triggers)
        case "target_status":
            return profile.target_status
        case "opted_out":
            return lead.opted_out_at is not None
        case "unreachable":
            return lead.unreachable_at is not None
        case "device_id":
            return None if profile.device_id is None else str(profile.device_id)
        case "phone":
            return lead.phone or None
        case "created_at" | "created_after" | "created_before":
            return lead.registered_at.isoformat()
        case "sent_campaign":
            return sorted(map(str, past.campaigns))
        case "in_sequence":
            return sorted(map(str, past.sequences))
        case "replied_since":
            return None if past.replied_at is None else past.replied_at.isoformat()
        case "last_sent_before":
            return None if past.last_sent_at is None else past.last_sent_at.isoformat()
        case "never_sent":
            return past.last_sent_at is None
        case field:
            return profile.attributes.get(field.removeprefix(ATTRIBUTE))


def holds(condition: Condition, lead: Lead, past: History, now: datetime) -> bool:
    """Whether the condition is true of the lead at ``now``."""
    match condition.field:
        case "created_at" | "created_after" | "created_before":
            return _beside(condition, lead.registered_at, now)
        case "replied_since":
            return _beside(condition, past.replied_at, now)
        case "last_sent_before":
            return _beside(condition, past.last_sent_at, now)
    had, value = seen(condition, lead, past), condition.value
    attribute = condition.field.startswith(ATTRIBUTE)
    match condition.op:
        case "exists":
            return (had is True if isinstance(had, bool) else bool(had)) == value
        case "eq":
            return _has(had, value)
        case "ne":
            return not _has(had, value)
        case "in":
            assert isinstance(value, tuple)  # noqa: S101 - ``check`` made it
            return any(_has(had, each) for each in value)
        case "contains":
            if isinstance(had, list):
                return _has(had, value)
            return isinstance(had, str) and _folded(str(value)) in _folded(had)
        case "before" | "after":
            found = str(had or "")[:10]
            if not attribute or _DAY.fullmatch(found) is None:
                return False
            than = day(str(value), now)
            return found < than if condition.op == "before" else found >= than


def _has(had: Any, value: Any) -> bool:
    if isinstance(had, list):
        return values.matching(str(value), had) is not None
    if isinstance(had, str):
        return _folded(had) == _folded(str(value))
    return had is not None and bool(had == value)


def _folded(text: str) -> str:
    return composed(text).lower()


def _beside(condition: Condition, at: datetime | None, now: datetime) -> bool:
    """Whether ``at`` is before the condition's instant, or not before it, as the condition asks;
    no instant is neither."""
    if condition.op == "exists":
        return (at is not None) == condition.value
    if at is None:
        return False
    than = instant(str(condition.value), now)
    is_before = condition.op == "before" or condition.field.endswith("_before")
    return at < than if is_before else at >= than
