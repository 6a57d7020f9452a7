"""What can no longer, or not yet, be done with a message."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from domain import message
from domain.errors import WrongStateError
from domain.message import Message
from tests.domain.message.samples import CONTENT, LEASE, SHA256, SLOT, STREAMS, given_a
from tests.support.samples import BY, utc

RETRY = utc(2026, 3, 1, 9, 5)

REFUSED: dict[str, tuple[Callable[[Message], object], str]] = {
    "claim": (
        lambda state: message.claim(state, "w", SLOT, SLOT.date(), LEASE, **BY),
        "processing queued sent failed unknown cancelled",
    ),
    "release": (
        lambda state: message.release(state, "shutdown", **BY),
        "pending queued sent failed unknown cancelled",
    ),
    "dispatch": (
        lambda state: message.dispatch(state, CONTENT, 8, SHA256, **BY),
        "pending queued sent failed unknown cancelled",
    ),
    "confirm": (
        lambda state: message.confirm_sent(state, "wamid.1", **BY),
        "pending processing sent failed cancelled",
    ),
    "fail": (
        lambda state: message.fail(state, "131026", "not on WhatsApp", **BY),
        "pending sent failed cancelled",
    ),
    "defer": (
        lambda state: message.defer(state, RETRY, "throttled", 5, **BY),
        "pending processing sent failed unknown cancelled",
    ),
    "give up": (
        lambda state: message.lose_track(state, "timeout", **BY),
        "pending processing sent failed unknown cancelled",
    ),
    "resolve": (
        lambda state: message.resolve(state, "retried", "operator", **BY),
        "pending processing queued sent failed cancelled",
    ),
    "cancel": (
        lambda state: message.cancel(state, "operator", **BY),
        "queued sent failed unknown cancelled",
    ),
    "retry": (
        lambda state: message.retry(state, **BY),
        "pending processing queued sent unknown cancelled",
    ),
}


@pytest.mark.parametrize(
    ("wanted", "status"),
    [(wanted, status) for wanted, (_, among) in REFUSED.items() for status in among.split()],
)
def test_a_decision_that_comes_at_the_wrong_time_is_refused(wanted: str, status: str) -> None:
    """The error says what was wanted and what the message is."""
    with pytest.raises(WrongStateError) as error:
        REFUSED[wanted][0](given_a(status))
    assert str(error.value) == f"cannot {wanted} this message: it is {status}"
    assert error.value.state == status


def test_the_statuses_are_the_seven_words() -> None:
    """Reports count by them."""
    assert set(message.STATUSES) == set(STREAMS)
    assert {given_a(status).status for status in STREAMS} == set(STREAMS)
