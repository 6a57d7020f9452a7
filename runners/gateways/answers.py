"""What an answer means, for every provider alike: its own code first, then its HTTP status.

Only codes are passed on. A provider's text may repeat whom a message was for.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Literal
from urllib.parse import unquote, urlsplit

from runners.gateways.http import Answer
from runners.gateways.protocol import (
    DeviceState,
    Outcome,
    Rejected,
    Throttled,
    Unknown,
    Unreachable,
)

# Rejected: a definite no to this message. Throttled: too fast. Unreachable: surely not taken, and
# the message is not to blame. Unknown: it may have been taken.
Verdict = Literal["rejected", "throttled", "unreachable", "unknown"]

UNREADABLE = "an answer that cannot be read"
# Who asks is wrong, or its device: no message can go, and none is to blame. 408 says that the
# request did not get there as a whole (RFC 9110, 15.5.9).
DENIED = (401, 403, 404, 408)


def judged(verdict: Verdict, code: str, answer: Answer) -> Outcome:
    """The outcome of an answer whose ``code`` the provider documents."""
    match verdict:
        case "rejected":
            return Rejected(code, f"HTTP {answer.status}")
        case "throttled":
            return Throttled(answer.retry_after)
        case "unreachable":
            return Unreachable(code)
        case "unknown":
            return Unknown(code)


def by_status(answer: Answer, code: str) -> Outcome:
    """The outcome of an answer that is no acceptance, where its status is all that is certain."""
    if answer.status == 429:
        return judged("throttled", code, answer)
    if answer.status in DENIED or 300 <= answer.status < 400:
        return judged("unreachable", code, answer)
    if 400 <= answer.status < 500:
        return judged("rejected", code, answer)
    return Unknown(code if answer.status >= 500 else UNREADABLE)


def no_answer(what: Unreachable | Unknown) -> DeviceState | None:
    """The state of a device whose question got no answer at all."""
    return DeviceState(online=False, reason=what.reason) if isinstance(what, Unreachable) else None


def state_by_status(answer: Answer, code: str) -> DeviceState | None:
    """The state of a device whose question got no proper answer: offline where it was refused,
    and None where nothing is known."""
    refused = 300 <= answer.status < 500 and answer.status not in (408, 429)
    return DeviceState(online=False, reason=code) if refused else None


def http_code(answer: Answer) -> str:
    """The code of HTTP, for an answer without one of the provider's own."""
    return f"http_{answer.status}"


def suffix_of(media_url: str) -> str:
    """A file's ending in small letters, with its dot: ``.jpg``."""
    return PurePosixPath(urlsplit(media_url).path).suffix.lower()


def name_of(media_url: str) -> str:
    """A file's name as a person reads it."""
    return PurePosixPath(unquote(urlsplit(media_url).path)).name
