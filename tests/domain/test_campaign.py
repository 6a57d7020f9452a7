"""A campaign: scheduled, revised, triggered, its audience added, finished; paused and cancelled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from domain import campaign
from domain.campaign import Campaign
from domain.campaign.definition import Definition
from domain.campaign.events import (
    CampaignAudienceCompleted,
    CampaignAudienceExtended,
    CampaignCancelled,
    CampaignFinished,
    CampaignPaused,
    CampaignResumed,
    CampaignScheduled,
    CampaignTriggered,
)
from domain.device import DeviceConnected
from domain.errors import InvalidInputError, WrongStateError
from domain.event import Event, ForeignEventError
from tests.support.samples import BY, ID, NOW, event, utc

SALE = Definition(
    name="Sale",
    body="Hi {name|there}",
    rules=1,
    scheduled_at=utc(2026, 3, 1, 9, 0),
    content_id=f"{ID}:1:0",
    niche=("B1",),
    target_status="customer",
)
CHUNK_1 = UUID("10000000-0000-4000-8000-000000000000")
CHUNK_2 = UUID("20000000-0000-4000-8000-000000000000")

SCHEDULED = event(CampaignScheduled, 1, definition=SALE)
TRIGGERED = event(CampaignTriggered, 2, niche=("B1",), target_status="customer")
EXTENDED = event(
    CampaignAudienceExtended, 3, cursor=CHUNK_1, scheduled=2, excluded={"opted_out": 1}
)
COMPLETED = event(CampaignAudienceCompleted, 4, scheduled=2, excluded={"opted_out": 1})
FINISHED = event(CampaignFinished, 5)
CANCELLED = event(CampaignCancelled, 2)

STREAMS: dict[str, tuple[Event, ...]] = {
    "pending": (SCHEDULED,),
    "triggering": (SCHEDULED, TRIGGERED, EXTENDED),
    "triggered": (SCHEDULED, TRIGGERED, EXTENDED, COMPLETED),
    "finished": (SCHEDULED, TRIGGERED, EXTENDED, COMPLETED, FINISHED),
    "paused": (SCHEDULED, event(CampaignPaused, 2)),
    "cancelled": (SCHEDULED, CANCELLED),
}


def given(*events: Event) -> Campaign:
    state = campaign.fold(None, events)
    assert state is not None
    return state


def test_a_campaign_is_scheduled() -> None:
    """Tidied, and its text is known by the event that holds it."""
    untidy = msgspec.structs.replace(
        SALE, name=" Sale ", niche=(" B1", "b1"), target_status="CUSTOMER", content_id=""
    )
    assert campaign.schedule(ID, untidy, **BY) == SCHEDULED
    assert given(SCHEDULED) == Campaign(
        id=ID,
        version=1,
        status="pending",
        definition=SALE,
        made_by=SCHEDULED.actor,
        changed_by=SCHEDULED.actor,
        paused_from=None,
        triggered_at=None,
        cursor=None,
        scheduled=0,
        excluded={},
        audience_completed=False,
    )


def test_a_campaign_is_triggered_when_its_instant_has_come() -> None:
    """To the microsecond, or days late; the criteria are frozen."""
    assert campaign.start(given(SCHEDULED), **BY) == (TRIGGERED,)
    late = campaign.start(given(SCHEDULED), now=utc(2026, 3, 4), actor=TRIGGERED.actor)
    assert late == (
        event(CampaignTriggered, 2, at=utc(2026, 3, 4), niche=("B1",), target_status="customer"),
    )
    state = given(SCHEDULED, TRIGGERED)
    assert (state.status, state.triggered_at) == ("triggering", NOW)


def test_a_campaign_is_not_triggered_early() -> None:
    """Not by a microsecond."""
    early = NOW - timedelta(microseconds=1)
    with pytest.raises(WrongStateError) as error:
        campaign.start(given(SCHEDULED), now=early, actor="api:sales")
    assert str(error.value) == "cannot start (before its time) this campaign: it is pending"


def test_an_audience_is_added_in_chunks() -> None:
    """Each chunk's counts add up, reason by reason; the cursor is the last lead looked at."""
    second = event(
        CampaignAudienceExtended,
        4,
        cursor=CHUNK_2,
        scheduled=3,
        excluded={"opted_out": 2, "no_device": 4},
    )
    assert campaign.extend_audience(
        given(SCHEDULED, TRIGGERED), CHUNK_1, 2, {"opted_out": 1}, **BY
    ) == (EXTENDED,)
    assert campaign.extend_audience(
        given(SCHEDULED, TRIGGERED, EXTENDED), CHUNK_2, 3, {"opted_out": 2, "no_device": 4}, **BY
    ) == (second,)
    state = given(SCHEDULED, TRIGGERED, EXTENDED, second)
    assert (state.status, state.cursor, state.scheduled) == ("triggering", CHUNK_2, 5)
    assert state.excluded == {"opted_out": 3, "no_device": 4}


@pytest.mark.parametrize("cursor", [CHUNK_1, UUID(int=0)])
def test_no_lead_is_looked_at_twice(cursor: UUID) -> None:
    """Two campaigners at once: the second chunk that begins at the same place is refused."""
    with pytest.raises(InvalidInputError, match=r"^cursor: expected a lead id after the last one"):
        campaign.extend_audience(given(SCHEDULED, TRIGGERED, EXTENDED), cursor, 1, {}, **BY)


def test_an_audience_is_complete_with_its_totals() -> None:
    """The messages are still to be sent."""
    state = given(SCHEDULED, TRIGGERED, EXTENDED)
    assert campaign.complete_audience(state, **BY) == (COMPLETED,)
    after = campaign.evolve(state, COMPLETED)
    assert (after.status, after.audience_completed, after.scheduled) == ("triggered", True, 2)


def test_a_campaign_without_an_audience_is_finished_at_once() -> None:
    """Whether nobody matched or all of them were left out."""
    nobody = given(SCHEDULED, TRIGGERED)
    assert campaign.complete_audience(nobody, **BY) == (
        event(CampaignAudienceCompleted, 3, scheduled=0, excluded={}),
        event(CampaignFinished, 4),
    )
    all_out = given(
        SCHEDULED,
        TRIGGERED,
        event(CampaignAudienceExtended, 3, cursor=CHUNK_1, scheduled=0, excluded={"opted_out": 7}),
    )
    assert campaign.complete_audience(all_out, **BY) == (
        event(CampaignAudienceCompleted, 4, scheduled=0, excluded={"opted_out": 7}),
        event(CampaignFinished, 5),
    )


def test_a_campaign_is_finished() -> None:
    """When nothing of it is pending, processing or queued any more."""
    assert campaign.finish(given(*STREAMS["triggered"]), **BY) == (FINISHED,)
    assert given(*STREAMS["finished"]).status == "finished"


@pytest.mark.parametrize("status", ["pending", "triggering", "triggered"])
def test_a_paused_campaign_goes_on_where_it_was(status: str) -> None:
    """Before, while and after its audience is added."""
    before = given(*STREAMS[status])
    paused = event(CampaignPaused, before.version + 1)
    resumed = event(CampaignResumed, before.version + 2)
    assert campaign.pause(before, **BY) == (paused,)
    held = campaign.evolve(before, paused)
    assert (held.status, held.paused_from) == ("paused", status)
    assert campaign.resume(held, **BY) == (resumed,)
    after = campaign.evolve(held, resumed)
    assert after == msgspec.structs.replace(before, version=before.version + 2)


@pytest.mark.parametrize("status", ["pending", "triggering", "triggered", "paused"])
def test_a_campaign_is_cancelled(status: str) -> None:
    """Whenever it has not ended; what it counted stays."""
    before = given(*STREAMS[status])
    cancelled = event(CampaignCancelled, before.version + 1)
    assert campaign.cancel(before, **BY) == (cancelled,)
    after = campaign.evolve(before, cancelled)
    assert (after.status, after.paused_from) == ("cancelled", None)
    assert (after.scheduled, after.excluded) == (before.scheduled, before.excluded)


DECISIONS: dict[str, tuple[Callable[[Campaign], object], set[str]]] = {
    "revise": (
        lambda state: campaign.revise(state, SALE, **BY),
        {"pending", "triggering", "triggered", "paused"},
    ),
    "start": (lambda state: campaign.start(state, **BY), {"pending"}),
    "extend the audience of": (
        lambda state: campaign.extend_audience(state, CHUNK_2, 1, {}, **BY),
        {"triggering"},
    ),
    "complete the audience of": (
        lambda state: campaign.complete_audience(state, **BY),
        {"triggering"},
    ),
    "pause": (lambda state: campaign.pause(state, **BY), {"pending", "triggering", "triggered"}),
    "resume": (lambda state: campaign.resume(state, **BY), {"paused"}),
    "cancel": (
        lambda state: campaign.cancel(state, **BY),
        {"pending", "triggering", "triggered", "paused"},
    ),
    "finish": (lambda state: campaign.finish(state, **BY), {"triggered"}),
}


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        (wanted, status)
        for wanted, (_, allowed) in DECISIONS.items()
        for status in STREAMS
        if status not in allowed
    ],
)
def test_a_decision_that_comes_at_the_wrong_time_is_refused(wanted: str, status: str) -> None:
    """The error says what was wanted and what the campaign is."""
    decide, _ = DECISIONS[wanted]
    with pytest.raises(WrongStateError) as error:
        decide(given(*STREAMS[status]))
    assert str(error.value) == f"cannot {wanted} this campaign: it is {status}"


@pytest.mark.parametrize(
    ("before", "wrong"),
    [((), TRIGGERED), ((SCHEDULED,), SCHEDULED), ((SCHEDULED,), event(DeviceConnected, 2))],
)
def test_a_stream_that_is_no_campaigns_is_an_error(before: tuple[Event, ...], wrong: Event) -> None:
    """It begins with the scheduling, which comes once."""
    with pytest.raises(ForeignEventError, match="a campaign cannot begin or go on with"):
        campaign.fold(None, [*before, wrong])
