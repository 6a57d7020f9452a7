"""Who knows the secret of one device says things of people of another: nothing follows for them."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

import pytest

from domain.addresses import Address
from domain.inbound import ByHand, Inbound, Preference, Receipt, Renamed, Reply
from projections.container import Container
from runners.gateways.protocol import Accepted
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.heard import LID, USER, digits, is_out, outcomes, proves_itself, puts, says
from tests.support.when import Phones

HER_LID = Address("lid", "251556360000077@lid")


class Office(NamedTuple):
    """Two devices with secrets of their own; the lead with phone 1 is that of the second, and on
    its way through a sequence."""

    container: Container
    forged: UUID
    own: UUID
    lead: UUID

    def hears(self, *items: Inbound, device: UUID | None = None) -> None:
        puts(self.container, *items, device=device or self.forged)
        when.receives(self.container)


@pytest.fixture
def office(container: Container) -> Office:
    forged = given.device(container, "Agency", gateway="gowa")
    own = given.device(container, "Sales", gateway="gowa")
    given.journey(container, "One", "Two", device_id=own)
    lead = container.outreach.find_lead(given.phone(1))
    assert lead is not None
    return Office(container, forged, own, lead)


def sends(container: Container, clock: SimulatedClock, *ids: str) -> Any:
    """A campaign goes to all; the gateway calls the messages so."""
    campaign = given.campaign(container)
    when.triggers(container)
    answers = [Accepted(id_) for id_ in ids]
    when.looks(when.broadcaster(container, Phones(clock, *answers), name="gowa"))
    return then.messages(container, campaign_id=campaign)


SAID: dict[str, tuple[Inbound, str]] = {
    "a reply": (says(1, "Who is this?", "in.1"), "unattributed"),
    "a no": (says(1, "STOP", "in.1"), "unattributed"),
    "a no by another name": (says(1, "STOP", "in.1", LID), "unattributed"),
    "an edit": (says(1, "STOP", "edit.1", edits="in.0"), "unattributed"),
    "the platform's no": (Preference((digits(1),), True, "stop"), "unattributed"),
    "by hand": (ByHand((digits(1),), "3EB0HAND"), "ignored_not_met"),
    "another number": (Renamed((digits(1),), (digits(8),)), "ignored_not_met"),
    "another name": (Renamed((digits(1),), (USER,)), "ignored_not_met"),
}


@pytest.mark.parametrize("what", SAID)
def test_nothing_follows_for_people_of_another_device(office: Office, what: str) -> None:
    container, (item, outcome) = office.container, SAID[what]
    before = then.topics(container, office.lead)
    addresses = then.table(container, "lead_addresses")

    office.hears(item)

    assert then.topics(container, office.lead) == before
    assert then.table(container, "lead_addresses") == addresses
    assert then.statuses(container) == {"pending": 2}
    assert outcomes(container) == {outcome: 1}
    proves_itself(container)
    office.hears(item, device=office.own)
    assert then.topics(container, office.lead) != before


@pytest.mark.parametrize("item", [says(1, "START", "in.9"), Preference((digits(1),), False, "go")])
def test_no_opt_in_through_another_device(office: Office, item: Inbound) -> None:
    office.hears(Preference((digits(1),), True, "stop"), device=office.own)
    assert is_out(office.container, office.lead)

    office.hears(item)

    assert is_out(office.container, office.lead)
    office.hears(item, device=office.own)
    assert not is_out(office.container, office.lead)


def test_what_she_said_to_another_device_is_listed_and_holds_for_that_one(office: Office) -> None:
    """It names the device and whom it may be; the device will never write to her."""
    container = office.container
    other = given.lead(container, 2)
    office.hears(says(1, "STOP", "in.1"))

    (kept,) = then.table(container, "unattributed_replies")
    assert (kept.text, kept.device_id) == ("STOP", office.forged)
    (suppressed,) = then.table(container, "suppressions")
    assert (suppressed.value, suppressed.device_id) == (given.phone(1), office.forged)
    assert suppressed.scope == str(office.forged)
    (event,) = then.events(container, "suppression.address_suppressed")
    assert event.device_id == office.forged
    # Others with her name do not become deaf by it.
    office.hears(says(2, "Hi", "in.2", LID))
    assert not is_out(container, other)

    profile = container.outreach.get_lead(office.lead).profile
    mine = given.changed(profile, device_id=office.forged)
    container.outreach.update_lead(office.lead, mine, actor="api:boss")

    assert is_out(container, office.lead)
    (out,) = then.events(container, "lead.opted_out", office.lead)
    assert (out.via, out.evidence, out.device_id) == ("suppression", "STOP", office.forged)
    assert then.statuses(container) == {"cancelled": 2}
    proves_itself(container)


@pytest.mark.parametrize("by", ["start", "opt-in"])
def test_a_no_to_one_device_can_be_taken_back(office: Office, by: str) -> None:
    container = office.container
    office.hears(says(1, "STOP", "in.1"))
    if by == "start":
        office.hears(says(1, "START", "in.2"))
    else:
        container.outreach.opt_in(office.lead, "a form", actor="api:boss")

    (row,) = then.table(container, "suppressions")
    assert row.released_at is not None
    profile = container.outreach.get_lead(office.lead).profile
    mine = given.changed(profile, device_id=office.forged)
    container.outreach.update_lead(office.lead, mine, actor="api:boss")
    assert not is_out(container, office.lead)
    proves_itself(container)


def test_who_quotes_the_devices_message_is_met(office: Office, clock: SimulatedClock) -> None:
    """Whatever the person's own device is now."""
    container = office.container
    given.lead(container, 2, device_id=office.forged)
    messages = sends(container, clock, "3EB0A", "3EB0B")
    forged = next(m for m in messages if m.device_id == office.forged)

    office.hears(says(1, "STOP", "in.1", quoted=forged.provider_id))

    assert is_out(container, forged.lead_id)
    assert not is_out(container, office.lead)
    assert {row.value for row in then.table(container, "lead_addresses")} == {
        given.phone(1),
        given.phone(2),
    }


@pytest.mark.parametrize("how", ["wrote", "heard", "retired", "one secret", "nobody's"])
def test_a_no_is_heard_of_whoever_could_have_been_met(
    container: Container, clock: SimulatedClock, how: str
) -> None:
    one = given.device(container, "One", gateway="gowa")
    two = given.device(container, "Two", gateway="gowa")
    lead = given.lead(container, 1, device_id=one if how == "wrote" else None)
    outreach = container.outreach
    match how:
        case "wrote":
            sends(container, clock, "3EB0A")
        case "heard":
            puts(container, says(1, "Hi", "in.1"), device=one)
            when.receives(container)
    if how != "nobody's":
        profile = outreach.get_lead(lead).profile
        outreach.update_lead(lead, given.changed(profile, device_id=two), actor="api:boss")
    if how == "heard":
        # It is not only the number that she wrote to last.
        puts(container, says(1, "Hello", "in.2"), device=two)
        when.receives(container)
    if how == "retired":
        outreach.retire_device(two, actor="api:boss")

    puts(container, says(1, "STOP", "in.9"), device=one)
    if how == "one secret":
        with container.database.transaction() as connection:
            connection.exec_driver_sql(
                "UPDATE inbound SET devices = ARRAY[%(a)s, %(b)s]::uuid[]",
                {"a": str(one), "b": str(two)},
            )
    when.receives(container)

    assert is_out(container, lead)
    (out,) = then.events(container, "lead.opted_out", lead)
    assert (out.device_id, out.via) == (one, "reply")
    proves_itself(container)


STOLEN: dict[str, list[Inbound]] = {
    "a reply with two names": [says(2, "Hi", "in.1", digits(1), HER_LID)],
    "a new number": [Renamed((digits(2),), (digits(1),))],
    "a receipt": [Receipt("delivered", provider_id="3EB0A", recipient=(digits(1),))],
    "a quote": [Reply((digits(1), HER_LID), "Hi", "in.1", quoted="3EB0A")],
}


@pytest.mark.parametrize("how", STOLEN)
def test_nobody_takes_the_address_of_another_devices_person(
    office: Office, clock: SimulatedClock, how: str
) -> None:
    """Not for a lead of its own either; and what that lead says is not hers."""
    container = office.container
    office.hears(says(1, "Hello", "in.0", HER_LID), device=office.own)
    mine = given.lead(container, 2, device_id=office.forged)
    campaign = given.campaign(container, name="Mine")
    when.triggers(container)
    gone = Phones(clock, Accepted("3EB0X"), Accepted("3EB0Y"))
    when.looks(when.broadcaster(container, gone, name="gowa"))
    (sent,) = then.messages(container, campaign_id=campaign, lead_id=mine)
    items = [
        given.changed(item, **{name: sent.provider_id})
        for item in STOLEN[how]
        for name in ("provider_id" if isinstance(item, Receipt) else "quoted",)
        if getattr(item, name, "") == "3EB0A"
    ] or STOLEN[how]

    office.hears(*items)
    office.hears(says(2, "STOP", "in.8", digits(1), HER_LID))

    assert is_out(container, mine)
    assert not is_out(container, office.lead)
    names = {(row.lead_id, row.key) for row in then.table(container, "lead_addresses")}
    assert names == {
        (office.lead, given.phone(1)),
        (office.lead, HER_LID.value),
        (mine, given.phone(2)),
    }
    proves_itself(container)


def test_a_reply_that_was_told_by_another_device_first_is_heard(office: Office) -> None:
    """Who guesses what the provider will call her no does not keep it from her device."""
    office.hears(says(1, "STOP", "in.1"))

    office.hears(says(1, "STOP", "in.1"), device=office.own)

    assert is_out(office.container, office.lead)


def test_a_name_that_said_no_to_another_device_takes_nobody_out(office: Office) -> None:
    """A stranger's name; later it turns out to be the lead's."""
    container = office.container
    office.hears(Reply((HER_LID,), "STOP", "in.1"))
    office.hears(says(1, "Hi", "in.2", HER_LID), device=office.own)
    assert not is_out(container, office.lead)

    mine = given.lead(container, 2, device_id=office.forged)
    office.hears(Reply((LID,), "STOP", "in.3"))
    office.hears(says(2, "Hi", "in.4", LID))
    assert is_out(container, mine)
    proves_itself(container)


def test_a_start_to_one_device_takes_back_no_no_to_another(office: Office) -> None:
    container = office.container
    office.hears(says(5, "STOP", "in.1"), device=office.own)

    office.hears(says(5, "START", "in.2"))
    assert then.table(container, "suppressions")[0].released_at is None

    office.hears(says(5, "START", "in.3"), device=office.own)
    assert then.table(container, "suppressions")[0].released_at is not None


def test_who_said_no_does_not_take_it_to_a_number_of_another_devices_person(
    office: Office,
) -> None:
    office.hears(says(5, "STOP", "in.1"), Renamed((digits(5),), (digits(1),)))

    (row,) = then.table(office.container, "suppressions")
    assert row.value == given.phone(5)
