"""The definition of a campaign: what it says, to whom and when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from types import MappingProxyType
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from domain import content, values
from domain.campaign import variants
from domain.campaign.variants import Groups, Variant
from domain.content import Content
from domain.errors import InvalidInputError
from domain.segments import Predicate
from domain.values import TargetFilter
from domain.windows import Window, at_wall, check_windows

# How far the first of all clocks is ahead of UTC, on Kiritimati.
_FIRST_CLOCK = timedelta(hours=14)
LONGEST_NAME = 200
LONGEST_UNDO = 86_400


class Brake(msgspec.Struct, frozen=True, kw_only=True):
    """When a campaign pauses itself: when more than the share ``opt_outs`` of those it tried opted
    out, or more than the share ``failures`` failed, of ``at_least`` so many. A share of None is not
    looked at."""

    opt_outs: float | None = 0.05
    failures: float | None = 0.2
    at_least: int = 50


BRAKE = Brake()


class Definition(Content, frozen=True, kw_only=True):
    """What a campaign says, to whom and when. ``scheduled_at`` is an instant in UTC; a draft may
    have none. An empty ``niche`` matches every lead. Delays of zero leave the pace to the device.
    Messages go only while one of the ``windows`` is open, if there are any, on the clock of the
    recipient; ``timezone`` is for people who have none. One that is to ``ignore_cap`` is no
    promotion. Leads that nothing ties to a device are shared out among ``device_ids``, or among all
    if it is empty. With a ``segment_id``, only leads that are in that segment too get it. Under
    four eyes ``segment`` is what that asked when the campaign named it: who approves sees no other.
    With ``requires_consent`` only who consents to that purpose gets it.

    With a ``local_time`` (``YYYY-MM-DDTHH:MM``) everybody gets it at that time of the own clock,
    and ``scheduled_at`` is when that is on the first of all clocks.

    With ``variants`` each lead gets one of them, and ``body`` is the first. The share ``hold_out``
    of the audience gets nothing.

    For ``undo_seconds`` after its start nothing is sent yet. Without a ``brake`` it goes on
    whatever happens.
    """

    name: str
    scheduled_at: datetime | None = None
    niche: tuple[str, ...] = ()
    target_status: TargetFilter = "all"
    min_delay_seconds: float = 0.0
    max_delay_seconds: float = 0.0
    windows: tuple[Window, ...] = ()
    timezone: str | None = None
    ignore_cap: bool = False
    local_time: str | None = None
    expires_after_hours: float | None = None
    undo_seconds: float = 0.0
    brake: Brake | None = None
    variants: tuple[Variant, ...] = ()
    hold_out: float = 0.0
    device_ids: tuple[UUID, ...] = ()
    segment_id: UUID | None = None
    requires_consent: str | None = None
    segment: Predicate | None = None


# What an approval is about, and what a field is where it says nothing: a later field that says
# nothing leaves digests as they are.
_APPROVED = (
    "body",
    "media_url",
    "template",
    "rules",
    "niche",
    "target_status",
    "variants",
    "hold_out",
    "ignore_cap",
    "segment_id",
    "segment",
    "requires_consent",
)
_PLAIN: Mapping[str, object] = MappingProxyType(
    {
        "variants": (),
        "hold_out": 0.0,
        "ignore_cap": False,
        "segment_id": None,
        "segment": None,
        "requires_consent": None,
    }
)

# What a campaign keeps from its start on.
FROZEN = (
    "niche",
    "target_status",
    "scheduled_at",
    "local_time",
    "expires_after_hours",
    "device_ids",
    "undo_seconds",
    "hold_out",
    "segment_id",
    "segment",
    "requires_consent",
)


def check(
    campaign_id: UUID, version: int, definition: Definition, present: Definition | None = None
) -> Definition:
    """The definition, tidied, with the content id of the event at ``version`` that will hold it.
    It replaces ``present`` if there is one. Raises InvalidInputError naming a field that is
    wrong."""
    found = variants.check(definition.variants, definition.hold_out)
    if found and definition.template is not None:
        raise InvalidInputError("variants", "no template beside them: they vary the text")
    if found and definition.body != found[0].body:
        raise InvalidInputError("body", "the text of the first variant, or none")
    definition = content.checked(definition, present=present)
    hours = definition.expires_after_hours
    if hours is not None and not 0 < hours <= 24 * 366:
        raise InvalidInputError("expires_after_hours", "hours above 0 and up to 8784, or null")
    low, high = values.delay_range(definition.min_delay_seconds, definition.max_delay_seconds)
    if not 0 <= definition.undo_seconds <= LONGEST_UNDO:
        raise InvalidInputError("undo_seconds", f"seconds from 0 to {LONGEST_UNDO}")
    _check_brake(definition.brake)
    if definition.timezone is not None:
        values.zone(definition.timezone)
    check_windows(definition.windows)
    values.purpose("requires_consent", definition.requires_consent)
    return msgspec.structs.replace(
        definition,
        name=values.name("name", definition.name, longest=LONGEST_NAME),
        variants=found,
        niche=values.tokens("niche", definition.niche),
        target_status=values.target_filter(definition.target_status),
        scheduled_at=_instant(definition.scheduled_at),
        content_id=f"{campaign_id}:{version}:0",
        min_delay_seconds=low,
        max_delay_seconds=high,
        device_ids=tuple(dict.fromkeys(definition.device_ids)),
        segment=None if definition.segment_id is None else definition.segment,
    )


def _check_brake(brake: Brake | None) -> None:
    if brake is None:
        return
    for name, share in (("opt_outs", brake.opt_outs), ("failures", brake.failures)):
        if share is not None and not 0 <= share <= 1:
            raise InvalidInputError(f"brake.{name}", "a share from 0 to 1, or null")
    if brake.at_least < 1:
        raise InvalidInputError("brake.at_least", "a number from 1")


def _instant(at: datetime | None) -> datetime | None:
    return None if at is None else values.instant(at, "scheduled_at")


def starts_at(definition: Definition) -> datetime:
    """When a campaign that is no draft starts."""
    assert definition.scheduled_at is not None  # noqa: S101 - only a draft may have none
    return definition.scheduled_at


def groups(campaign_id: UUID, definition: Definition) -> Groups:
    """Who gets which text of the campaign."""
    return Groups(campaign_id, definition, definition.variants, definition.hold_out)


def approved_content(definition: Definition) -> bytes:
    """SHA-256 of what somebody approves: what the campaign says, and to whom."""
    fields = msgspec.structs.asdict(definition)
    what = {name: fields[name] for name in _APPROVED if fields[name] != _PLAIN.get(name)}
    return sha256(msgspec.json.encode(what, order="sorted")).digest()


def due_at(definition: Definition, zone: ZoneInfo) -> datetime:
    """When the message to somebody in ``zone`` is due."""
    if definition.local_time is None:
        return starts_at(definition)
    return at_wall(datetime.fromisoformat(definition.local_time), zone)


def earliest(local_time: datetime) -> datetime:
    """When a local time is, in UTC, on the first of all clocks."""
    return (local_time - _FIRST_CLOCK).replace(tzinfo=UTC)


def expires_at(definition: Definition, scheduled_at: datetime) -> datetime | None:
    """The instant after which a message that was planned for ``scheduled_at`` and is not dispatched
    is cancelled as ``expired``; None is never."""
    if definition.expires_after_hours is None:
        return None
    try:
        return scheduled_at + timedelta(hours=definition.expires_after_hours)
    except OverflowError:  # beyond the calendar
        return None
