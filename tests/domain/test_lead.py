"""A lead: registered once, updated, triggered, opted out and in, and heard."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from domain import lead
from domain.device import DeviceConnected
from domain.errors import InvalidInputError
from domain.event import Event, ForeignEventError
from domain.lead import Lead, Profile
from domain.lead.events import (
    LeadOptedIn,
    LeadOptedOut,
    LeadRegistered,
    LeadReplied,
    LeadTriggerConsumed,
    LeadTriggered,
    LeadUpdated,
)
from tests.support.samples import BY, DEVICE, ENROLLMENT, ID, NOW, event, utc

PHONE = "+60123456789"
ANNA = Profile(name="Anna", niche=("VITAC",))
REGISTERED = event(LeadRegistered, 1, phone=PHONE, triggers=("COLD", "VIP"), profile=ANNA)
OPTED_OUT = event(LeadOptedOut, 2, evidence="STOP")


def given(*events: Event) -> Lead:
    state = lead.fold(None, events)
    assert state is not None
    return state


def test_a_new_lead_is_registered() -> None:
    """Given nothing, when registered, then all of it is in one event; triggers are tidied."""
    assert lead.register(ID, PHONE, [" COLD ", "VIP", "cold"], ANNA, **BY) == REGISTERED
    assert given(REGISTERED) == Lead(
        id=ID,
        version=1,
        phone=PHONE,
        triggers=("COLD", "VIP"),
        profile=ANNA,
        opted_out_at=None,
        replied_at=None,
        registered_at=NOW,
    )


def test_a_lead_is_not_registered_with_a_trigger_that_could_be_two() -> None:
    """A comma separates triggers in files, so none may have one."""
    with pytest.raises(InvalidInputError, match=r"^triggers: "):
        lead.register(ID, PHONE, ["COLD,WARM"], ANNA, **BY)


def test_one_phone_is_one_lead() -> None:
    """The id follows from the installation's identity key and the phone; openssl says the same."""
    key, other = bytes(range(32)), bytes(range(1, 33))
    assert lead.lead_id(key, PHONE) == UUID("e24cb536-1291-8aa2-bd7e-0613507474d7")
    assert lead.lead_id(key, PHONE, 2) == UUID("3d888294-9987-8f23-9fe3-fe529c90ff87")
    assert lead.lead_id(key, "+60123456780") != lead.lead_id(key, PHONE)
    assert lead.lead_id(other, PHONE) != lead.lead_id(key, PHONE)


def test_a_profile_is_tidied() -> None:
    """White space goes, words take their known form, niches come once."""
    assert lead.profile(
        name="  Anna ",
        niche=["B1", " b1", "B12"],
        target_status="Customer",
        device_id=DEVICE,
        timezone="Asia/Kuala_Lumpur",
        attributes={"order_number": "17", "note": ""},
    ) == Profile(
        name="Anna",
        niche=("B1", "B12"),
        target_status="customer",
        device_id=DEVICE,
        timezone="Asia/Kuala_Lumpur",
        attributes={"order_number": "17", "note": ""},
    )


def test_a_profile_may_say_nothing() -> None:
    """A prospect without a name, a niche or a device of its own."""
    assert lead.profile() == Profile(
        name="", niche=(), target_status="prospect", device_id=None, timezone=None, attributes={}
    )


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"name": "x" * 501}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"niche": ["B1,B2"]}, "niche"),
        ({"target_status": "all"}, "target_status"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"attributes": {"order number": "17"}}, "attributes"),
        ({"attributes": {"": "17"}}, "attributes"),
        ({"attributes": {"x" * 101: "17"}}, "attributes"),
        ({"attributes": {"order": "a\0b"}}, "attributes.order"),
        ({"attributes": {"order": "x" * 10_001}}, "attributes.order"),
    ],
)
def test_a_profile_with_a_wrong_value_is_refused(said: dict[str, Any], field: str) -> None:
    """The error names the value."""
    with pytest.raises(InvalidInputError) as error:
        lead.profile(**said)
    assert error.value.field == field


def test_an_update_replaces_the_profile() -> None:
    """Phone and triggers stay."""
    customer = Profile(name="Anna", target_status="customer")
    updated = event(LeadUpdated, 2, profile=customer)
    assert lead.update(given(REGISTERED), customer, **BY) == (updated,)
    state = given(REGISTERED, updated)
    assert state.profile == customer
    assert (state.phone, state.triggers, state.version) == (PHONE, ("COLD", "VIP"), 2)


def test_an_update_without_a_change_is_no_event() -> None:
    """Importing the same file twice changes nothing."""
    assert lead.update(given(REGISTERED), Profile(name="Anna", niche=("VITAC",)), **BY) == ()


def test_a_trigger_is_added_to_the_others() -> None:
    """Trimmed, at the end."""
    triggered = event(LeadTriggered, 2, trigger="COLDVITAC")
    assert lead.add_trigger(given(REGISTERED), " COLDVITAC ", **BY) == (triggered,)
    assert given(REGISTERED, triggered).triggers == ("COLD", "VIP", "COLDVITAC")


@pytest.mark.parametrize("again", ["COLD", "cold", " Cold "])
def test_a_trigger_that_is_there_is_not_added_again(again: str) -> None:
    """In whatever capitals."""
    assert lead.add_trigger(given(REGISTERED), again, **BY) == ()


@pytest.mark.parametrize("bad", ["", "COLD;WARM", "COLD|WARM"])
def test_a_bad_trigger_is_refused(bad: str) -> None:
    """One trigger at a time."""
    with pytest.raises(InvalidInputError, match=r"^trigger: "):
        lead.add_trigger(given(REGISTERED), bad, **BY)


def test_consuming_a_trigger_leaves_the_others() -> None:
    """Enrolled by "cold", the lead loses COLD, as the lead has it, and keeps VIP and COLDVITAC."""
    state = given(REGISTERED, event(LeadTriggered, 2, trigger="COLDVITAC"))
    consumed = event(LeadTriggerConsumed, 3, trigger="COLD", enrollment_ids=(ENROLLMENT,))
    assert lead.consume_trigger(state, "cold", (ENROLLMENT,), **BY) == (consumed,)
    assert lead.evolve(state, consumed).triggers == ("VIP", "COLDVITAC")


def test_a_consumed_trigger_can_be_given_again() -> None:
    """COLD, consumed, COLD: the lead is ready for another journey."""
    consumed = event(LeadTriggerConsumed, 2, trigger="COLD", enrollment_ids=(ENROLLMENT,))
    assert lead.add_trigger(given(REGISTERED, consumed), "COLD", **BY) == (
        event(LeadTriggered, 3, trigger="COLD"),
    )


def test_consuming_an_absent_trigger_is_no_event() -> None:
    """Not even where the lead has one that begins alike."""
    assert lead.consume_trigger(given(REGISTERED), "COLDVITAC", (), **BY) == ()
    assert lead.consume_trigger(given(REGISTERED), "CO", (), **BY) == ()


def test_opting_out_is_remembered_with_its_evidence() -> None:
    """When, and by which words."""
    assert lead.opt_out(given(REGISTERED), "STOP", **BY) == (OPTED_OUT,)
    assert given(REGISTERED, OPTED_OUT).opted_out_at == NOW


def test_opting_out_twice_is_once() -> None:
    """The first instant stays."""
    assert lead.opt_out(given(REGISTERED, OPTED_OUT), "Stop!!", **BY) == ()


def test_opting_in_again() -> None:
    """The lead is as it was, but for the version."""
    opted_in = event(LeadOptedIn, 3, evidence="form 17")
    assert lead.opt_in(given(REGISTERED, OPTED_OUT), "form 17", **BY) == (opted_in,)
    state = given(REGISTERED, OPTED_OUT, opted_in)
    assert state.opted_out_at is None
    assert lead.opt_out(state, "STOP", **BY) == (event(LeadOptedOut, 4, evidence="STOP"),)


def test_opting_in_without_having_opted_out_is_no_event() -> None:
    """Everybody is in until they say otherwise."""
    assert lead.opt_in(given(REGISTERED), "form 17", **BY) == ()


@pytest.mark.parametrize("evidence", ["", "  ", "a\0b", "x" * 10_001])
def test_consent_needs_evidence(evidence: str) -> None:
    """No proof, no event."""
    with pytest.raises(InvalidInputError, match=r"^evidence: "):
        lead.opt_out(given(REGISTERED), evidence, **BY)
    with pytest.raises(InvalidInputError, match=r"^evidence: "):
        lead.opt_in(given(REGISTERED, OPTED_OUT), evidence, **BY)


def test_a_reply_is_kept_with_the_message_it_followed() -> None:
    """Every reply is an event; the state knows the latest."""
    later = utc(2026, 3, 2, 9, 0)
    first = event(LeadReplied, 2, text="Hi", provider_id="p1", message_id=None)
    second = event(LeadReplied, 3, at=later, text="Yes", provider_id="p2", message_id=ENROLLMENT)
    assert lead.reply(given(REGISTERED), "Hi", "p1", **BY) == (first,)
    heard = given(REGISTERED, first)
    assert (heard.replied_at, heard.replied_to) == (NOW, None)
    said = lead.reply(heard, "Yes", "p2", message_id=ENROLLMENT, now=later, actor=first.actor)
    assert said == (second,)
    heard = given(REGISTERED, first, second)
    assert (heard.replied_at, heard.replied_to) == (later, ENROLLMENT)


@pytest.mark.parametrize(
    ("before", "wrong"),
    [
        ((), OPTED_OUT),
        ((REGISTERED,), REGISTERED),
        ((REGISTERED,), event(DeviceConnected, 2)),
    ],
)
def test_a_stream_that_is_no_leads_is_an_error(before: tuple[Event, ...], wrong: Event) -> None:
    """It begins with the registration, which comes once, and has no other aggregate's events."""
    with pytest.raises(ForeignEventError, match="a lead cannot begin or go on with"):
        lead.fold(None, [*before, wrong])


def test_nobody_can_change_what_happened() -> None:
    """Events and states are frozen."""
    with pytest.raises(AttributeError):
        REGISTERED.phone = "+1"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        given(REGISTERED).phone = "+1"  # type: ignore[misc]
