"""What a pending message waits for, as people say it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple, assert_never
from zoneinfo import ZoneInfo

from domain.waiting import Wait

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class Names(NamedTuple):
    """What a sentence may speak of.

    ``owner`` is the name of the campaign or sequence, ``owner_status`` what became of it.
    ``device`` is the name of the device, empty for several, ``offline_since`` since when it is
    offline. ``step_before`` is the number and the status of the step that is waited for, None if
    the sentence is about many messages. ``decided_by`` is the step whose branches say whether the
    message goes. ``has_windows`` says that there may be others than the
    quiet hours that keep people from being written to.
    """

    owner: str = ""
    owner_status: str = ""
    device: str = ""
    device_status: str = ""
    offline_since: datetime | None = None
    daily_limit: int | None = None
    step_before: tuple[int, str] | None = None
    decided_by: int = 0
    has_windows: bool = True


def sentence(wait: Wait, names: Names, zone: ZoneInfo, now: datetime) -> str:
    """One message ``waits for …``. Instants are on the wall clock of ``zone``, which they name."""
    until = None if wait.until is None else moment(wait.until, zone, now)
    return f"waits for {_what(wait, names, zone, now, until, ', which is ')}"


def line(
    count: int, wait: Wait, names: Names, zone: ZoneInfo, now: datetime, *, earliest: bool = False
) -> str:
    """``count`` messages ``wait for …``; until different instants if theirs is the ``earliest``."""
    verb = "waits" if count == 1 else "wait"
    until = None if wait.until is None else moment(wait.until, zone, now)
    if until is not None and earliest:
        until = f"{until} at the earliest"
    return f"{count:,} {verb} for {_what(wait, names, zone, now, until, ', ')}"


def moment(at: datetime, zone: ZoneInfo, now: datetime) -> str:
    """The instant on the wall clock of ``zone``, to the minute, or to the second where it has some;
    with its weekday if it is not on the day of ``now``, with its date if that is not clear."""
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    clock = f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
    if abs(local.date() - today) >= timedelta(days=7):
        clock = f"{local:%Y-%m-%d} {clock}"
    elif local.date() != today:
        clock = f"{_WEEKDAYS[local.weekday()]} {clock}"
    return f"{clock} ({zone.key})"


def _what(
    wait: Wait, names: Names, zone: ZoneInfo, now: datetime, until: str | None, which: str
) -> str:
    """``until`` is what is said of ``wait.until``."""
    match wait.reason:
        case "scheduled":
            return f"the planned time, {until}"
        case "window":
            if until is None:
                return "a window, but none is open outside the quiet hours"
            if not names.has_windows:
                return f"the end of the quiet hours, {until}"
            return f"the window that opens {until}"
        case "previous_step":
            if until is not None:
                return f"the delay after the step before, until {until}"
            if names.step_before is None:
                return "the step before"
            number, status = names.step_before
            return f"step {number}, which is {status}"
        case "branch":
            if names.decided_by == 0:
                people = f"people of sequence {names.owner}" if names.owner else "people"
                return f"what {people} do after the step before"
            return f"what the person does after step {names.decided_by}"
        case "frequency_cap":
            return f"the person's next day, {until}: all that a person may get in a day was sent"
        case "throttled":
            return f"another try, {until}: the provider asked for a pause"
        case "unreachable":
            return f"another try, {until}: the gateway could not be reached"
        case "pace":
            turn = f"a slot of device {names.device}" if names.device else "slots of their devices"
            return turn if until is None else f"{turn}, not before {until}"
        case "campaign_paused":
            return f"campaign {names.owner}{which}{_held(names)}"
        case "sequence_paused":
            return f"sequence {names.owner}{which}{_held(names)}"
        case "device_offline":
            device = f"device {names.device}{which}{names.device_status}"
            since = names.offline_since
            if names.device_status != "offline" or since is None:
                return device
            # To the minute: nobody was looking at it when it went.
            minute = since.replace(second=0, microsecond=0)
            return f"{device} since {moment(minute, zone, now)}"
        case "daily_limit":
            limit = "" if names.daily_limit is None else f" of {names.daily_limit:,}"
            return f"the next day of device {names.device}, {until}: the limit{limit} is used up"
        case "approval":
            return f"an approval of {names.owner}"
        case "undo":
            return f"the end of the time in which it can be undone, {until}"
        case "unrecordable":
            return "a release from quarantine: sendtrail audit quarantine list --kind message"
    assert_never(wait.reason)


def _held(names: Names) -> str:
    """What is not paused is given up, and the reaper has not come to its messages yet."""
    if names.owner_status == "paused":
        return "paused"
    return f"{names.owner_status}: what is pending will be cancelled"
