"""Poison stops nobody: what cannot be recorded is put aside with its reason, the others go on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain import rendering
from domain.enrollment import enrollment_id
from domain.errors import StorageError
from domain.inbound import Receipt
from domain.message import campaign_message_id
from projections.audit import hash_chain
from projections.container import Container
from projections.database.quarantined import FaultyError
from projections.records import quarantine
from runners.gateways.protocol import Accepted
from runners.gateways.registry import make_gateways
from runners.jobs.monitor import Monitor
from runners.support.clocks import SimulatedClock
from tests.support import given, poison, then, when
from tests.support.when import Phones


def ids(container: Container) -> list:
    return [row.message_id for row in then.messages(container)]


def test_a_claim_goes_on_without_what_cannot_be_claimed(
    container: Container, clock: SimulatedClock
) -> None:
    given.due_messages(container, 20)
    poisoned = set(ids(container)[::5])
    poison.next_event(container, "broadcast_messages", poisoned)
    phones = Phones(clock)

    when.looks(when.broadcaster(container, phones))

    assert then.statuses(container) == {"sent": 16, "pending": 4}
    assert poison.quarantined(container, "message") == poisoned
    assert {row.runner for row in then.table(container, "quarantine")} == {"broadcaster"}
    assert len(phones.sent) == 16


def test_a_dispatch_goes_on(container: Container, clock: SimulatedClock) -> None:
    """The event came between claim and dispatch."""
    given.due_messages(container, 5)
    worker = when.broadcaster(container, Phones(clock))
    when.claims(worker)
    (poisoned,) = ids(container)[2:3]
    poison.next_event(container, "broadcast_messages", [poisoned])

    when.hands_over(worker)

    assert then.statuses(container) == {"sent": 4, "processing": 1}
    assert poison.quarantined(container, "message") == {poisoned}


def test_outcomes_go_on(container: Container, clock: SimulatedClock) -> None:
    given.due_messages(container, 5)
    worker = when.broadcaster(container, Phones(clock))
    result = worker.claim(worker.claim_request())
    (poisoned,) = ids(container)[2:3]
    poison.next_event(container, "broadcast_messages", [poisoned])

    when.sends_claimed(worker, result)

    assert then.statuses(container) == {"sent": 4, "queued": 1}
    assert poison.quarantined(container, "message") == {poisoned}
    clock.advance(hours=1)
    when.reaps(container)
    assert then.statuses(container) == {"sent": 4, "queued": 1}


def test_the_reaper_goes_on(container: Container, clock: SimulatedClock) -> None:
    given.due_messages(container, 5)
    when.claims(when.broadcaster(container, Phones(clock)))
    (poisoned,) = ids(container)[2:3]
    poison.next_event(container, "broadcast_messages", [poisoned])
    clock.advance(hours=1)

    when.reaps(container)

    assert then.statuses(container) == {"pending": 4, "processing": 1}
    assert poison.quarantined(container, "message") == {poisoned}


def test_the_campaigner_goes_on(container: Container) -> None:
    """Who gets no message because of it is counted."""
    given.device(container)
    given.many_leads(container, 10)
    campaign = given.campaign(container)
    leads = [row.lead_id for row in then.table(container, "leads")]
    at = container.outreach.get_campaign(campaign).definition.scheduled_at
    poisoned = {campaign_message_id(campaign, at, lead) for lead in leads[:3]}
    poison.first_event(container, poisoned, "message.scheduled")

    when.triggers(container)

    assert then.statuses(container) == {"pending": 7}
    assert poison.quarantined(container, "message") == poisoned
    (row,) = then.table(container, "campaigns")
    assert (row.status, row.excluded) == ("triggered", {"unrecordable": 3})


def test_other_campaigns_start(container: Container) -> None:
    given.device(container)
    given.lead(container)
    poisoned = given.campaign(container, name="Poisoned")
    given.campaign(container, name="Healthy")
    poison.next_event(container, "campaigns", [poisoned], "campaign.triggered")

    when.triggers(container)

    assert then.statuses(container) == {"pending": 1}
    assert poison.quarantined(container, "campaign") == {poisoned}


def test_a_campaign_that_cannot_be_read_stops_no_other(
    container: Container, clock: SimulatedClock
) -> None:
    given.device(container)
    given.lead(container)
    broken = given.campaign(container, name="Broken", at=clock() - timedelta(hours=1))
    given.campaign(container, name="Healthy")
    with container.database.transaction() as connection:
        connection.exec_driver_sql(
            "UPDATE campaigns SET definition = '{}' WHERE campaign_id = %(id)s", {"id": broken}
        )

    when.triggers(container)

    assert then.statuses(container) == {"pending": 1}
    assert poison.quarantined(container, "campaign") == {broken}


def test_the_enroller_goes_on(container: Container) -> None:
    """A lead whose enrollment has an event already is left out."""
    given.device(container)
    given.many_leads(container, 6, ["COLD"])
    sequence = given.sequence(container)
    leads = [row.lead_id for row in then.table(container, "leads")]
    streams = [enrollment_id(sequence, lead, 1) for lead in leads[:2]]
    poison.first_event(container, streams, "enrollment.lead_enrolled")

    assert when.enrolls(container) == 4
    assert when.enrolls(container) == 0

    assert then.count(container.database, "enrollments") == 4
    assert poison.quarantined(container, "lead") == set(leads[:2])


def test_a_sequence_that_cannot_be_read_stops_no_other(container: Container) -> None:
    given.device(container)
    given.many_leads(container, 2, ["COLD"])
    broken = given.sequence(container)
    given.many_leads(container, 3, ["WARM"], first=11)
    given.sequence(container, "WARM")
    with container.database.transaction() as connection:
        connection.exec_driver_sql(
            'UPDATE sequences SET definition = \'{"reentry": "once"}\' WHERE sequence_id = %(i)s',
            {"i": broken},
        )

    assert when.enrolls(container) == 3
    assert poison.quarantined(container, "sequence") == {broken}


def test_one_device_of_which_nothing_can_be_recorded_hides_no_other(
    container: Container,
) -> None:
    poisoned = given.device(container, "A", online=False)
    healthy = given.device(container, "B", online=False)
    poison.next_event(container, "devices", [poisoned], "device.connected")
    monitor = Monitor(container, make_gateways(container.settings), "runner:monitor:test")

    with pytest.raises(StorageError, match="this device cannot be read"):
        monitor.run_once()

    assert then.row(container, "devices", device_id=healthy).status == "online"


def test_a_stop_is_heard_though_a_message_of_the_lead_is_poisoned(
    container: Container, clock: SimulatedClock
) -> None:
    """The others of its messages are cancelled."""
    given.device(container)
    given.journey(container, "One", "Two")
    lead = then.table(container, "leads")[0].lead_id
    first, _ = ids(container)
    poison.next_event(container, "broadcast_messages", [first])

    container.outreach.opt_out(lead, "STOP", actor="test")

    assert container.outreach.get_lead(lead).opted_out_at == clock()
    assert then.statuses(container) == {"pending": 1, "cancelled": 1}
    assert poison.quarantined(container, "message") == {first}


def test_receipts_of_others_are_recorded(container: Container, clock: SimulatedClock) -> None:
    given.due_messages(container, 3)
    when.looks(when.broadcaster(container, Phones(clock)))
    poisoned, *others = ids(container)
    poison.next_event(container, "broadcast_messages", [poisoned])
    receipts = [Receipt("delivered", message_id, "") for message_id in (poisoned, *others)]

    when.told(container, *receipts)

    delivered = [row for row in then.messages(container) if row.delivered_at is not None]
    assert {row.message_id for row in delivered} == set(others)
    assert poison.quarantined(container, "message") == {poisoned}


def test_the_notary_lists_events_that_cannot_be_read(container: Container) -> None:
    given.due_messages(container, 3)
    events = poison.next_event(container, "broadcast_messages", ids(container))

    hash_chain.extend(container.database, container.outreach.clock)

    listed = {row.notification_id for row in then.table(container, "quarantine")}
    assert listed == set(events)
    fault = hash_chain.verify(container.database).fault
    assert fault is not None
    assert fault.startswith(f"event {min(events)} ")
    assert fault.endswith("cannot be read")


def test_every_event_that_was_written_can_be_read(container: Container) -> None:
    """With personal data too."""
    given.device(container)
    given.journey(container, "One")
    hash_chain.extend(container.database, container.outreach.clock)

    assert then.table(container, "quarantine") == []


def test_a_text_that_cannot_be_made_stops_no_other(
    container: Container, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is put aside with the place of the fault."""
    given.due_messages(container, 4)
    names_of, (faulty, *_) = rendering.names_of, then.table(container, "leads")

    def fails_once(name: str, phone: str, attributes: dict[str, str]) -> dict[str, str]:
        if phone == faulty.phone:
            raise ValueError(phone)
        return dict(names_of(name, phone, attributes))

    monkeypatch.setattr(rendering, "names_of", fails_once)
    when.looks(when.broadcaster(container, Phones(clock, Accepted("1"))))

    assert then.statuses(container) == {"sent": 3, "pending": 1}
    (aside,) = then.table(container, "quarantine")
    assert aside.reason.startswith("ValueError at ")
    assert faulty.phone not in aside.reason


def test_a_fault_of_the_program_is_not_taken_for_that_of_every_lead(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    given.device(container)
    given.many_leads(container, 150, ["COLD"])
    given.sequence(container)

    def fails(*_: object, **__: object) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr("domain.planning.plan", fails)
    with pytest.raises(FaultyError, match="ValueError at"):
        when.enrolls(container)

    assert len(poison.quarantined(container, "lead")) == 100


@pytest.mark.parametrize("topic", ["lead.updated", "lead.teleported"])
def test_a_command_on_what_cannot_be_read_says_so(container: Container, topic: str) -> None:
    lead = given.lead(container)
    poison.next_event(container, "leads", [lead], topic)

    with pytest.raises(StorageError, match="is not what was written"):
        container.outreach.opt_out(lead, "STOP", actor="test")


def test_what_is_released_is_tried_again(container: Container, clock: SimulatedClock) -> None:
    given.due_messages(container)
    (message,) = ids(container)
    with container.database.transaction() as connection:
        quarantine.put(
            connection,
            [quarantine.Aside(kind="message", id=message, runner="test", reason="to see")],
            clock(),
        )
    worker = when.broadcaster(container, Phones(clock))
    assert when.claims(worker) == 0

    with container.database.transaction() as connection:
        assert quarantine.release(connection, message) == 1

    assert when.claims(worker) == 1
