"""The last look before a message is handed over: is it still wanted, and may it go now?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, get_args

import pytest

from domain import send_check
from domain.enrollment import StopReason, Wish
from domain.send_check import Cancel, Release, SendContext
from tests.support.samples import NOW

FINE = SendContext(
    opted_out=False,
    device_status="online",
    owner_status="active",
    sequence_stopped=False,
    stopped_because=None,
    expires_at=None,
)
BROADCAST = FINE._replace(owner_status="triggered")

OPTED_OUT = {"opted_out": True}
REPLIED = {"stopped_because": "replied"}
BY_ITSELF: tuple[StopReason, ...] = ("undeliverable", "device_retired", "no_device", "expired")
RETIRED = {"device_status": "retired"}
OFFLINE = {"device_status": "offline"}
PAUSED = {"owner_status": "paused"}
EXPIRED = {"expires_at": NOW}


@pytest.mark.parametrize(
    "context",
    [
        FINE,
        BROADCAST,
        BROADCAST._replace(owner_status="triggering"),
        BROADCAST._replace(owner_status="finished"),
        BROADCAST._replace(expires_at=NOW + timedelta(microseconds=1)),
        FINE._replace(owner_status="inactive"),
        *(FINE._replace(stopped_because=reason) for reason in BY_ITSELF),
    ],
)
def test_a_message_that_is_still_wanted_goes(context: SendContext) -> None:
    """Also of a sequence that enrolls nobody any more, up to the last microsecond, and what is
    retried after its journey ended by itself."""
    assert send_check.check(context, NOW) is None


@pytest.mark.parametrize(
    ("context", "changed", "reason"),
    [
        (FINE, OPTED_OUT, "opted_out"),
        (BROADCAST, OPTED_OUT, "opted_out"),
        (FINE, REPLIED, "replied"),
        (BROADCAST, {"owner_status": "cancelled"}, "campaign_cancelled"),
        (FINE, {"sequence_stopped": True}, "sequence_cancelled"),
        (FINE, {"step_removed": True}, "step_removed"),
        (BROADCAST, {"lacks_consent": True}, "no_consent"),
        (FINE, {"lacks_consent": True, **OPTED_OUT}, "opted_out"),
        *((FINE, {"stopped_because": wish}, wish) for wish in get_args(Wish)),
        (FINE, RETIRED, "device_retired"),
        (BROADCAST, RETIRED, "device_retired"),
        (BROADCAST, EXPIRED, "expired"),
        (BROADCAST, {"expires_at": NOW - timedelta(days=3)}, "expired"),
    ],
)
def test_a_message_that_is_not_wanted_any_more_is_cancelled(
    context: SendContext, changed: dict[str, Any], reason: str
) -> None:
    """With the reason that the audit will show."""
    assert send_check.check(context._replace(**changed), NOW) == Cancel(reason)


LEFT = {**RETIRED, "leaves_device": True}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [(PAUSED, "paused"), (OFFLINE, "device offline"), (LEFT, "device retired")],
)
@pytest.mark.parametrize("context", [FINE, BROADCAST])
def test_a_message_that_must_wait_is_released(
    context: SendContext, changed: dict[str, Any], reason: str
) -> None:
    """It stays pending and goes later."""
    assert send_check.check(context._replace(**changed), NOW) == Release(reason)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (OPTED_OUT | REPLIED | RETIRED | EXPIRED | PAUSED, Cancel("opted_out")),
        (REPLIED | RETIRED | EXPIRED | PAUSED, Cancel("replied")),
        (RETIRED | EXPIRED | PAUSED, Cancel("device_retired")),
        (EXPIRED | PAUSED | OFFLINE, Cancel("expired")),
        (PAUSED | OFFLINE, Release("paused")),
    ],
)
def test_of_several_reasons_the_strongest_counts(
    changed: dict[str, Any], expected: Cancel | Release
) -> None:
    """The person's own wish first; what can never go does not wait."""
    assert send_check.check(FINE._replace(**changed), NOW) == expected
