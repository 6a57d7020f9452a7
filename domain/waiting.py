"""What a pending message waits for, and until when.

An answer with an instant is a promise: the message is not sent before it, unless somebody changes
something. Where nobody can know the instant there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple, get_args
from zoneinfo import ZoneInfo

from domain import distances, frequency, pacing, windows
from domain.distances import Other
from domain.message import Message
from domain.planning import Step
from domain.windows import Hours

# As the API promises them.
Reason = Literal[
    "scheduled",
    "window",
    "previous_step",
    "branch",
    "frequency_cap",
    "throttled",
    "unreachable",
    "pace",
    "campaign_paused",
    "sequence_paused",
    "device_offline",
    "daily_limit",
    "approval",
    "undo",
    "unrecordable",
]
REASONS: tuple[Reason, ...] = get_args(Reason)
# The end of what does not end, such as a window that lies within the quiet hours.
NEVER = datetime.max.replace(tzinfo=UTC)


class Wait(NamedTuple):
    """Why the message is pending, and the instant before which it is not sent; None where nobody
    can know."""

    reason: Reason
    until: datetime | None


class Owner(NamedTuple):
    """The message's campaign or sequence. ``stopped`` says that what is pending of the sequence
    will be cancelled. ``hours`` are when it may write to people, by the quiet hours too; ``steps``
    are its contents in their order; ``min_delay_seconds`` is the pace that it asks for. One that is
    to ``ignore_cap`` may write to a person who had as much as a day allows. Before ``undo_until``
    nothing of it is sent. One that ``awaits_approval`` is paused for as long."""

    status: str
    stopped: bool
    hours: Hours
    steps: Sequence[Step]
    min_delay_seconds: float
    ignore_cap: bool = False
    undo_until: datetime | None = None
    awaits_approval: bool = False

    @property
    def holds(self) -> bool:
        """Whether nothing of it is sent: the same as the SQL function ``message_is_held``."""
        return self.status in ("paused", "cancelled") or self.stopped


class Sender(NamedTuple):
    """The message's device: its status, its pace in seconds, what it may send on a day of its
    ``zone`` and has used of today, and the latest slot that it was given."""

    status: str
    min_delay_seconds: float
    max_delay_seconds: float
    daily_limit: int | None
    used_today: int
    zone: ZoneInfo
    last_slot_at: datetime | None


class Facts(NamedTuple):
    """What the answer depends on beside ``message``.

    ``others`` are the other steps of its enrollment that were not cancelled. ``had`` is when the
    person was sent something lately, and ``cap`` how much a day may have, None for any number.
    ``zone`` is the person's. ``look_ahead`` is how far claims look. ``in_quarantine`` says that the
    message cannot be recorded.
    """

    message: Message
    owner: Owner
    sender: Sender
    zone: ZoneInfo
    look_ahead: timedelta
    others: Sequence[Other] = ()
    had: Sequence[datetime] = ()
    cap: int | None = None
    in_quarantine: bool = False

    @property
    def steps_on_their_way(self) -> list[Other]:
        """The steps before it that may still be sent."""
        before = distances.before(self.message.step, self.others, self.owner.steps)
        return [each for each in before if each.is_on_its_way]


def waits_for(facts: Facts, now: datetime) -> Wait | None:
    """What the message waits for at ``now``; None if it is not pending.

    First comes what a person has to act on, then whatever ends last.
    """
    if facts.message.status != "pending":
        return None
    if facts.in_quarantine:
        return Wait("unrecordable", None)
    if facts.owner.awaits_approval and facts.owner.status == "paused":
        return Wait("approval", None)
    if facts.owner.holds:
        is_step = facts.message.campaign_id is None
        return Wait("sequence_paused" if is_step else "campaign_paused", None)
    if facts.message.decided_by:
        return Wait("branch", None)
    if facts.sender.status != "online":
        return Wait("device_offline", None)
    found = _known_end(facts, now)
    return _step_on_its_way(facts, now, found) or found


def due_at(message: Message) -> datetime:
    """When a pending message is due, or would be if nothing held it."""
    return message.retry_at or message.scheduled_at


def recorded(deferred: bool, reason: str | None) -> Reason:
    """Why a message is due later, from the ``reason`` that was recorded last, and whether that was
    a deferral."""
    if deferred and reason is not None and reason.startswith("throttled"):
        return "throttled"
    if deferred and reason is not None and reason.startswith("unreachable"):
        return "unreachable"
    match reason:
        case "window" | "previous_step" | "frequency_cap" | "undo" if not deferred:
            return reason
        case _:
            return "scheduled"


def next_device_day(sender: Sender, now: datetime) -> datetime | None:
    """The device's next day, if it has used up this one."""
    if sender.daily_limit is None or sender.used_today < sender.daily_limit:
        return None
    return frequency.next_midnight(now, sender.zone)


def next_slot(
    sender: Sender, asked: float, look_ahead: timedelta, now: datetime
) -> datetime | None:
    """The earliest instant of the device's next slot for a message that asks for a pause of
    ``asked`` seconds; None if it may be any. A slot that is too far ahead counts for nothing, as in
    a claim, which looks ``look_ahead`` far."""
    longest = timedelta(seconds=sender.max_delay_seconds)
    last = pacing.slot_that_counts(
        sender.last_slot_at, pacing.farthest_slot(now, look_ahead, longest)
    )
    if last is None:
        return None
    return last + timedelta(seconds=max(sender.min_delay_seconds, asked))


def _known_end(facts: Facts, now: datetime) -> Wait:
    """The wait that ends last of those of which the end is known. Each begins where the one before
    it ends: what is due at night may not be sent when its device's day begins either."""
    due = due_at(facts.message)
    wait = Wait("pace", None)  # its turn on the device, whenever that comes
    if due > now:
        wait = Wait(recorded(facts.message.retry_at is not None, facts.message.reason), due)
    found = max(due, now)
    ends: tuple[tuple[Reason, Callable[[Facts, datetime, datetime], datetime | None]], ...] = (
        ("undo", _end_of_undo),
        ("previous_step", _after_last_step),
        ("frequency_cap", _next_day),
        ("daily_limit", _next_device_day),
        ("pace", _next_slot),
        ("window", _opening),
    )
    for reason, end_of in ends:
        end = end_of(facts, found, now)
        if end is not None and end > found:
            wait, found = Wait(reason, None if end == NEVER else end), end
    return wait


def _end_of_undo(facts: Facts, found: datetime, now: datetime) -> datetime | None:
    return facts.owner.undo_until


def _after_last_step(facts: Facts, found: datetime, now: datetime) -> datetime | None:
    """When the step may be sent by its distance to the last one that was; None while a step before
    it is on its way."""
    return None if facts.steps_on_their_way else _earliest(facts, now)


def _next_day(facts: Facts, found: datetime, now: datetime) -> datetime | None:
    """The person's next day, if the day of ``found`` has had all that it may."""
    if facts.cap is None or facts.owner.ignore_cap:
        return None
    return frequency.next_day(facts.had, facts.cap, found, facts.zone)


def _next_device_day(facts: Facts, found: datetime, now: datetime) -> datetime | None:
    return next_device_day(facts.sender, now)


def _next_slot(facts: Facts, found: datetime, now: datetime) -> datetime | None:
    return next_slot(facts.sender, facts.owner.min_delay_seconds, facts.look_ahead, now)


def _opening(facts: Facts, found: datetime, now: datetime) -> datetime | None:
    """When the person may be written to, from ``found`` on; ``NEVER`` if that is never."""
    if not facts.owner.hours:
        return None
    return windows.next_open(found, facts.owner.hours, facts.zone) or NEVER


def _step_on_its_way(facts: Facts, now: datetime, found: Wait) -> Wait | None:
    """The wait of a due step for one before it that is on its way, unless ``found`` lasts longer.
    Nobody knows when it ends: the step before may fail, and then nothing is to be waited for."""
    if due_at(facts.message) > now or not facts.steps_on_their_way:
        return None
    after = _earliest(facts, now)
    ends = NEVER if found == Wait("window", None) else found.until or now
    return Wait("previous_step", None) if after is not None and after > ends else None


def _earliest(facts: Facts, now: datetime) -> datetime | None:
    """When the step may be sent, as far as those before it say."""
    if facts.message.step == 0:
        return None
    return distances.earliest(facts.message.step, facts.others, facts.owner.steps, facts.zone, now)
