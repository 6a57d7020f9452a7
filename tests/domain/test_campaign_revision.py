"""What of a campaign may still be changed, and until when."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
import pytest

from domain import campaign
from domain.campaign.definition import Definition
from domain.campaign.events import (
    CampaignPaused,
    CampaignRevised,
    CampaignScheduled,
    CampaignTriggered,
)
from domain.errors import WrongStateError
from domain.event import Event
from tests.support.samples import BY, ID, NOW, event, utc

SALE = Definition(
    name="Sale",
    body="Hi",
    rules=1,
    scheduled_at=NOW,
    content_id=f"{ID}:1:0",
    expires_after_hours=24.0,
)
SCHEDULED = event(CampaignScheduled, 1, definition=SALE)
TRIGGERED = event(CampaignTriggered, 2, niche=(), target_status="all")
PAUSED = event(CampaignPaused, 3)


def sale(**fields: Any) -> Definition:
    return msgspec.structs.replace(SALE, **fields)


def unapproved(new: dict[str, Any]) -> str:
    """Who approves, approves what is said, and to whom."""
    return "none" if new.keys() & {"body", "media_url", "niche", "target_status"} else "kept"


def given(*events: Event) -> campaign.Campaign:
    state = campaign.fold(None, events)
    assert state is not None
    return state


@pytest.mark.parametrize(
    "new",
    [
        {"body": "Hello"},
        {"name": "Big sale"},
        {"media_url": "https://example.com/a.png"},
        {"min_delay_seconds": 30.0, "max_delay_seconds": 60.0},
        {"niche": ("B1",)},
        {"target_status": "customer"},
        {"scheduled_at": utc(2026, 3, 2, 9, 0)},
        {"expires_after_hours": 48.0},
        {"expires_after_hours": None},
    ],
)
def test_a_pending_campaign_may_change_in_everything(new: dict[str, Any]) -> None:
    """The new text is held by the new event."""
    definition = sale(**new, content_id=f"{ID}:2:0")
    revised = event(CampaignRevised, 2, definition=definition, approval=unapproved(new))
    assert campaign.revise(given(SCHEDULED), sale(**new), **BY) == (revised,)
    after = given(SCHEDULED, revised)
    assert (after.definition, after.status, after.version) == (revised.definition, "pending", 2)


@pytest.mark.parametrize("before", [(SCHEDULED, TRIGGERED), (SCHEDULED, TRIGGERED, PAUSED)])
@pytest.mark.parametrize(
    "new",
    [{"body": "Hello"}, {"name": "Big sale"}, {"min_delay_seconds": 9.0, "max_delay_seconds": 9.0}],
)
def test_text_and_pace_may_change_after_the_trigger(
    new: dict[str, Any], before: tuple[Event, ...]
) -> None:
    """For all that is not handed over yet."""
    state = given(*before)
    version = state.version + 1
    expected = sale(**new, content_id=f"{ID}:{version}:0")
    assert campaign.revise(state, sale(**new), **BY) == (
        event(CampaignRevised, version, definition=expected, approval=unapproved(new)),
    )


@pytest.mark.parametrize("before", [(SCHEDULED, TRIGGERED), (SCHEDULED, TRIGGERED, PAUSED)])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("niche", ("B1",)),
        ("target_status", "customer"),
        ("scheduled_at", utc(2026, 3, 2, 9, 0)),
        ("expires_after_hours", 48.0),
        ("device_ids", (UUID(int=1),)),
    ],
)
def test_the_audience_and_the_instant_are_frozen_by_the_trigger(
    field: str, value: object, before: tuple[Event, ...]
) -> None:
    """The error says which of them; pausing does not thaw it."""
    state = given(*before)
    with pytest.raises(WrongStateError) as error:
        campaign.revise(state, sale(body="Hello", **{field: value}), **BY)
    assert error.value.state == state.status
    assert str(error.value) == f"cannot change the {field} of this campaign: it is {state.status}"


@pytest.mark.parametrize("before", [(SCHEDULED,), (SCHEDULED, TRIGGERED)])
def test_revising_without_a_change_is_no_event(before: tuple[Event, ...]) -> None:
    """Whatever content id the caller made up, and white space around the name is no change."""
    same = sale(name="Sale ", content_id="mine")
    assert campaign.revise(given(*before), same, **BY) == ()
