"""What a provider's response means. Its own code comes first, then its HTTP status.

Only codes are passed on: a provider's text may repeat whom a message was for.
"""

from __future__ import annotations

from typing import Literal

from runners.gateways.http import HttpResponse
from runners.gateways.protocol import (
    DeviceState,
    Outcome,
    Rejected,
    Throttled,
    Unknown,
    Unreachable,
)

# What a code means for a message. Rejected: a definite no to this message. Throttled: too fast.
# Unreachable: surely not accepted, and the message is not to blame. Unknown: it may be accepted.
Verdict = Literal["rejected", "throttled", "unreachable", "unknown"]

UNREADABLE = "an answer that cannot be read"
# The sender or its device is wrong: no message can go, and no message is to blame. 408 says that
# the request did not arrive as a whole (RFC 9110, 15.5.9).
DENIED = (401, 403, 404, 408)


def judged(verdict: Verdict, code: str, response: HttpResponse) -> Outcome:
    """The outcome of a response whose ``code`` the provider documents."""
    match verdict:
        case "rejected":
            return Rejected(code, f"HTTP {response.status}")
        case "throttled":
            return Throttled(response.retry_after)
        case "unreachable":
            return Unreachable(code)
        case "unknown":
            return Unknown(code)


def by_status(response: HttpResponse, code: str) -> Outcome:
    """The outcome of a response that is no acceptance and of which only the status is certain."""
    if response.status == 429:
        return judged("throttled", code, response)
    if response.status in DENIED or 300 <= response.status < 400:
        return judged("unreachable", code, response)
    if 400 <= response.status < 500:
        return judged("rejected", code, response)
    return Unknown(code if response.status >= 500 else UNREADABLE)


def no_answer(failure: Unreachable | Unknown) -> DeviceState | None:
    """The state of a device where the request for it failed: offline where the provider could not
    be reached, None where nothing is known."""
    if isinstance(failure, Unknown):
        return None
    return DeviceState(online=False, reason=failure.reason)


def state_by_status(response: HttpResponse, code: str) -> DeviceState | None:
    """The state of a device where only the response's status is certain: offline where the request
    was refused, None where nothing is known."""
    refused = 300 <= response.status < 500 and response.status not in (408, 429)
    return DeviceState(online=False, reason=code) if refused else None


def http_code(response: HttpResponse) -> str:
    """A code made of the HTTP status, for a response without a code of the provider's own."""
    return f"http_{response.status}"
