"""The definition of a sequence: whom it enrolls, what it says and when."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import msgspec

from domain import values
from domain.branches import fates
from domain.errors import InvalidInputError
from domain.planning import Step
from domain.segments import Predicate
from domain.values import TargetFilter
from domain.windows import Window, check_windows

Reentry = Literal["once", "after_completion", "always"]
# How many steps a sequence may have.
LONGEST = 100
REENTRIES: tuple[Reentry, ...] = ("once", "after_completion", "always")


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """Which leads a sequence enrolls, what it says to them, and when.

    A lead enters by ``trigger``, and gets ``next_trigger`` when its enrollment is completed.
    ``reentry`` says whether the same lead may enter again, and ``stop_on_reply`` whether a reply
    stops the enrollment, ``stop_on_manual_message`` whether what somebody wrote on the phone itself
    does. ``timezone`` is for leads that have none. Delays of zero leave the pace to
    the device; others ask for a slower one. Leads that nothing ties to a device are shared out
    among ``device_ids``, or among all if it is empty. With a ``segment_id`` only leads of that
    segment are enrolled, by the predicate ``segment`` that it had when the sequence last named it.
    With ``requires_consent`` only who consents to that purpose is enrolled and written to.
    """

    name: str
    trigger: str
    steps: tuple[Step, ...]
    first_delay_minutes: float = 5.0
    niche: tuple[str, ...] = ()
    target_status: TargetFilter = "all"
    timezone: str | None = None
    windows: tuple[Window, ...] = ()
    reentry: Reentry = "once"
    stop_on_reply: bool = True
    stop_on_manual_message: bool = True
    next_trigger: str | None = None
    min_delay_seconds: float = 0.0
    max_delay_seconds: float = 0.0
    ignore_cap: bool = False
    device_ids: tuple[UUID, ...] = ()
    segment_id: UUID | None = None
    segment: Predicate | None = None
    requires_consent: str | None = None


def check(definition: Definition) -> Definition:
    """The definition, tidied. Raises InvalidInputError naming a field that is wrong."""
    if not 1 <= len(definition.steps) <= LONGEST:
        raise InvalidInputError("steps", f"1 to {LONGEST} steps")
    fates.check(definition.steps, stop_on_reply=definition.stop_on_reply)
    if not 0 <= definition.first_delay_minutes <= 60 * 24 * 366:
        raise InvalidInputError("first_delay_minutes", "minutes between 0 and 527040")
    if definition.reentry not in REENTRIES:
        raise InvalidInputError("reentry", "'once', 'after_completion' or 'always'")
    if definition.timezone is not None:
        values.zone(definition.timezone)
    check_windows(definition.windows)
    values.purpose("requires_consent", definition.requires_consent)
    low, high = values.delay_range(definition.min_delay_seconds, definition.max_delay_seconds)
    (trigger,) = values.tokens("trigger", [definition.trigger])
    following_trigger = definition.next_trigger
    if definition.reentry != "once" and values.matching(trigger, [following_trigger or ""]):
        raise InvalidInputError("next_trigger", "another trigger than the sequence's own")
    return msgspec.structs.replace(
        definition,
        name=values.name("name", definition.name, longest=200),
        trigger=trigger,
        niche=values.tokens("niche", definition.niche),
        target_status=values.target_filter(definition.target_status),
        next_trigger=(
            None
            if following_trigger is None
            else values.tokens("next_trigger", [following_trigger])[0]
        ),
        min_delay_seconds=low,
        max_delay_seconds=high,
        device_ids=tuple(dict.fromkeys(definition.device_ids)),
        segment=None if definition.segment_id is None else definition.segment,
    )
